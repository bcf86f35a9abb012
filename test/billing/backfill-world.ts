import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { isReachable } from '../../src/billing/backfill/backfill-plan.js';
import { STRIPE_OBJECT_TYPES, typeOfObject } from '../../src/billing/objects/registry.js';
import type { BackfillView, CreateBackfillDto } from '../../src/billing/backfill/dto/backfill.dto.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { mirroredObject } from '../support/mirrored-objects.js';
import type { TestService } from '../support/test-service.js';

export const FIRST_SECOND = 1_700_000_000;
const DAY = 86_400;
const FINISHES_WITHIN_MS = 60_000;
const LOOK_MS = 20;

type Fields = Record<string, unknown>;

export const sandboxOf = (service: TestService): StripeSandbox => service.sandbox as unknown as StripeSandbox;

/** Calls the sandbox as a merchant would, in an account's name where one is given. */
export async function stripe<T = { id: string } & Fields>(
  sandbox: StripeSandbox,
  method: string,
  path: string,
  params: Record<string, string> = {},
  account?: string,
): Promise<T> {
  const answer = await fetch(new URL(path, sandbox.url), {
    method,
    headers: { authorization: 'Bearer sk_test_world', ...(account !== undefined && { 'stripe-account': account }) },
    body: method === 'GET' ? undefined : new URLSearchParams(params),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** So many objects of a type, a day apart. */
export function many(object: string, count: number, fields: (n: number) => Fields = () => ({})) {
  const { idPrefix } = typeOfObject(object);
  return Array.from({ length: count }, (_, n) => ({
    ...mirroredObject(object, idPrefix, { created: FIRST_SECOND + n * DAY, ...fields(n) }),
  }));
}

/** Ids that the objects of `mirrored-objects.ts` name. */
const NAMED: Record<string, string> = {
  customer: 'cus_1',
  product: 'prod_1',
  price: 'price_1',
  setup_intent: 'seti_1',
  'treasury.financial_account': 'fa_1',
  'radar.value_list': 'rsl_1',
  'issuing.card': 'ic_1',
  payment_record: 'pr_1',
  source: 'src_1',
  'financial_connections.account': 'fca_1',
  account: 'acct_1',
  'v2.core.account': 'acct_1',
  transfer: 'tr_1',
  application_fee: 'fee_1',
};

/** What the sandbox needs of them to act on them. */
const MORE: Record<string, Fields> = {
  'v2.core.event_destination': { enabled_events: [], events_from: [] },
  'v2.core.account': {
    configuration: null,
    defaults: null,
    future_requirements: null,
    identity: null,
    requirements: null,
  },
  transfer: {
    reversals: {
      object: 'list',
      data: [{ id: 'trr_1', object: 'transfer_reversal', transfer: 'tr_1', amount: 100, currency: 'usd' }],
      has_more: false,
    },
  },
};

/** By what lists find objects that do not show it. */
const LINKS: Record<string, Record<string, string>> = {
  product_feature: { product: 'prod_1' },
  'financial_connections.transaction': { account: 'fca_1' },
  'entitlements.active_entitlement': { customer: 'cus_1' },
};

/** Types whose objects the sandbox makes by itself, or shows only inside of others. */
const NOT_PUT = new Set(
  [
    '',
    'balance',
    'balance_settings',
    'tax.settings',
    'line_item',
    'subscription_item',
    'price_tiers',
    'item',
    'credit_note_line_item',
  ].concat([
    'invoice',
    'capability',
    'discount',
    'fee_refund',
    'transfer_reversal',
    'tax.calculation_line_item',
    'tax.transaction_line_item',
    'price_tiers',
  ]),
);

/** Puts one object of every type that a backfill can reach, and the objects that they belong to. */
export function putOneOfEach(sandbox: StripeSandbox): void {
  for (const object of oneOfEach()) sandbox.putObject(object, { links: LINKS[object.object] });
}

function oneOfEach(): Array<Fields & { object: string }> {
  const types = STRIPE_OBJECT_TYPES.filter((type) => isReachable(type) && !NOT_PUT.has(type.object));
  return types.map(({ object, idPrefix }) =>
    mirroredObject(object, idPrefix, { ...(NAMED[object] !== undefined && { id: NAMED[object] }), ...MORE[object] }),
  );
}

/** A subscription with a coupon, as a merchant makes one. */
export async function discountedSubscription(sandbox: StripeSandbox): Promise<void> {
  const make = (path: string, params: Record<string, string>) => stripe(sandbox, 'POST', path, params);
  const { id: coupon } = await make('/v1/coupons', { percent_off: '50', duration: 'forever' });
  const { id: product } = await make('/v1/products', { name: 'Basic' });
  const { id: price } = await make('/v1/prices', {
    ...{ product, currency: 'usd', unit_amount: '1000', 'recurring[interval]': 'month' },
  });
  const { id: customer } = await make('/v1/customers', {
    ...{ email: 'bea@example.com', payment_method: 'pm_card_visa' },
    'invoice_settings[default_payment_method]': 'pm_card_visa',
  });
  await make('/v1/subscriptions', { customer, 'items[0][price]': price, 'discounts[0][coupon]': coupon });
}

/** Works on backfills until the job is at its end. */
export async function finish(service: TestService, id: string): Promise<BackfillView> {
  const worker = service.workers.get('backfill') as PollingWorker;
  const until = Date.now() + FINISHES_WITHIN_MS;
  for (;;) {
    await worker.runOnce();
    const { body } = await service.http<BackfillView>('GET', `/v1/billing/backfills/${id}`);
    if (body.state !== 'running') return body;
    if (Date.now() > until) throw new Error(`the backfill does not end: ${JSON.stringify(body.problems)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

export async function order(service: TestService, dto: Fields & CreateBackfillDto = {}): Promise<BackfillView> {
  const { status, body } = await service.http<BackfillView>('POST', '/v1/billing/backfills', dto);
  if (status !== 202) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

export async function backfill(service: TestService, dto: Fields & CreateBackfillDto = {}): Promise<BackfillView> {
  return finish(service, (await order(service, dto)).id);
}

/** Shown to those who ask, and not among what is true. */
const ON_REQUEST = ['amount_paid_off_stripe'];

/** Where the mirror differs from what is true at Stripe, of the types that lists bring; empty when it does not. */
export async function differences(service: TestService, of: (object: string) => boolean = () => true) {
  const byTable = new Map<string, Array<{ object: string; account: string; id: string; data: unknown }>>();
  for (const row of sandboxOf(service).truth()) {
    const type = typeOfObject(row.object);
    if (row.deleted || type.object === '' || !of(row.object) || !isReachable(type)) continue;
    const account = type.platformOnly ? '' : row.account;
    const rows = byTable.get(type.table) ?? [];
    byTable.set(type.table, rows);
    rows.push({ object: row.object, account, id: type.identify(row.data) ?? row.id, data: row.data });
  }
  const found: string[] = [];
  for (const [table, rows] of byTable) {
    const wrong = await service.db.query<Array<{ n: string; held: boolean; fields: string[] }>>(
      `SELECT n, m.id IS NOT NULL AS held, fields
         FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS told(row, n)
         LEFT JOIN stripe.${table} m ON m.workspace_id = $2 AND m.account = told.row->>'account'
               AND m.id = told.row->>'id' AND m.deleted_at IS NULL,
              LATERAL (SELECT ARRAY(
                SELECT coalesce(a.key, b.key) FROM jsonb_each(m.data) a FULL JOIN jsonb_each(told.row->'data') b USING (key)
                 WHERE a.value IS DISTINCT FROM b.value AND coalesce(a.key, b.key) <> ALL($3)) AS fields) AS compared
        WHERE m.id IS NULL OR fields <> '{}'`,
      [JSON.stringify(rows), service.workspaceId, ON_REQUEST],
    );
    for (const { n, held, fields } of wrong) {
      const { account, object, id } = rows[Number(n) - 1] ?? {};
      found.push(`${account}/${object}/${id} ${held ? `differs in ${fields.join(', ')}` : 'is missing'}`);
    }
  }
  return found;
}

/** Every version of every row of the mirror: a row that is written, or only locked, becomes another one. */
export async function rowVersions(service: TestService): Promise<string> {
  const tables = STRIPE_OBJECT_TYPES.map(
    ({ table }) =>
      `SELECT '${table}' AS t, account, id, ctid::text AS c, xmin::text AS x, xmax::text AS y FROM stripe.${table}`,
  );
  const [row] = await service.db.query<Array<{ versions: string }>>(
    `SELECT md5(coalesce(string_agg(concat_ws('/', t, account, id, c, x, y), ',' ORDER BY t, account, id), '')) AS versions
       FROM (${tables.join(' UNION ALL ')}) AS rows`,
  );
  return row?.versions ?? '';
}
