import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import {
  deliver,
  deliverAll,
  drain,
  drainWithRefetches,
  randomId,
  stripeEvent,
  type StripeEvent,
  type StripeObject,
} from '../support/stripe-events.js';
import { customer } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
let sandbox: StripeSandbox;
beforeAll(async () => {
  service = await startTestService({ sandbox: true });
  sandbox = service.sandbox as unknown as StripeSandbox;
});
afterAll(() => service?.stop());

async function stripe(method: string, path: string, body?: Record<string, unknown>): Promise<StripeObject> {
  const headers = { authorization: 'Bearer sk_test_drift', 'content-type': 'application/json' };
  const answer = await fetch(sandbox.url + path, { method, headers, body: body && JSON.stringify(body) });
  const object = (await answer.json()) as StripeObject;
  if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(object)}`);
  return object;
}

async function rowOf(table: string, id: string) {
  const [row] = await service.db.query<
    Array<{ data: Record<string, unknown>; api_version: string | null; account: string; gone: boolean }>
  >(`SELECT data, api_version, account, deleted_at IS NOT NULL AS gone FROM stripe.${table} WHERE id = $1`, [id]);
  return row;
}

const stateOf = async (event: string): Promise<string | undefined> => {
  const [row] = await service.db.query<Array<{ state: string }>>(
    `SELECT state FROM tributary.webhook_event WHERE id = $1`,
    [event],
  );
  return row?.state;
};

/** An event of the API's second version: it names its object and shows nothing of it. */
function thinEvent(type: string, related: { id: string; type: string; url: string }, at = new Date()): StripeEvent {
  return {
    id: randomId('evt_test'),
    object: 'v2.core.event',
    type,
    created: at.toISOString(),
    livemode: false,
    context: null,
    reason: null,
    related_object: related,
  } as unknown as StripeEvent;
}

const accountOf = (id: string) => ({ id, type: 'v2.core.account', url: `/v2/core/accounts/${id}` });

describe('failure 18: what today’s code has never heard of', () => {
  it.each(['2018-05-21', '2024-06-20', '2027-03-25.ficus', '2031-01-01.unknown', 'not a version'])(
    'is taken in the shape of API version %s, with every field and value it has',
    async (apiVersion) => {
      const object = customer({
        tier: 'platinum',
        nested: { from: ['the', { future: true }] },
        tax_exempt: 'a value that nobody knows yet',
        account_balance: -300,
      });
      const event = stripeEvent('customer.created', object, { apiVersion });

      expect((await deliver(service, event)).status).toBe(200);
      await drain(service);

      expect(await stateOf(event.id)).toBe('applied');
      expect(await rowOf('customers', object.id)).toMatchObject({ data: object, api_version: apiVersion });
    },
  );

  it('is stored and applied when its event type and object type are unknown', async () => {
    const gadget = { id: randomId('gdg'), object: 'quantum.gadget', spin: 'up' };
    const events = [
      stripeEvent('quantum.gadget.entangled', gadget),
      stripeEvent('customer.renamed_by_moonlight', customer({ name: 'moon' })),
      stripeEvent('balance.something', { object: 'nothing.with.an.id' }),
      thinEvent('v2.quantum.gadget.entangled', {
        id: 'gdg_1',
        type: 'v2.quantum.gadget',
        url: '/v2/quantum/gadgets/gdg_1',
      }),
      {
        ...thinEvent('v2.core.account_link.returned', accountOf('acct_1')),
        related_object: null,
      } as unknown as StripeEvent,
    ];

    await deliverAll(service, events);
    await drain(service);

    for (const event of events) expect(await stateOf(event.id)).toBe('applied');
    expect(await rowOf('other_objects', gadget.id)).toMatchObject({ data: gadget });
    expect(await service.db.query(`SELECT 1 FROM tributary.webhook_event WHERE state = 'parked'`)).toEqual([]);
  });
});

describe('GET /v1/billing/api-versions', () => {
  it('compares the pinned version with the endpoints’ and with what events came in', async () => {
    await deliverAll(service, [
      stripeEvent('customer.created', customer(), { apiVersion: '2020-08-27' }),
      stripeEvent('customer.created', customer()),
    ]);
    await drain(service, ['inbox']);

    const { status, body } = await service.http<{
      pinned: string;
      drift: string;
      endpoints: Array<Record<string, unknown>>;
      seen: Array<Record<string, unknown>>;
    }>('GET', '/v1/billing/api-versions');

    expect(status).toBe(200);
    expect(body).toMatchObject({ pinned: '2026-10-28.endive', drift: 'breaking', endpointsError: null });
    expect(body.endpoints[0]).toMatchObject({ apiVersion: '2026-10-28.endive', drift: 'none', status: 'enabled' });
    expect(body.seen).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ apiVersion: '2020-08-27', drift: 'breaking' }),
        expect.objectContaining({ apiVersion: '2026-10-28.endive', drift: 'none' }),
      ]),
    );
    const metrics = await service.http<string>('GET', '/metrics');
    expect(metrics.body).toContain('tributary_stripe_api_version_drift{api_version="2020-08-27",drift="breaking"} 1');
  });
});

describe('thin events', () => {
  it('have their account fetched, in both of its shapes', async () => {
    const made = await stripe('POST', '/v2/core/accounts', {
      contact_email: 'thin@example.com',
      identity: { country: 'us' },
    });
    await drain(service, ['inbox']);
    const events = [
      thinEvent('v2.core.account.updated', accountOf(made.id)),
      thinEvent('v2.core.account[requirements].updated', accountOf(made.id)),
    ];

    await deliverAll(service, events);
    await drainWithRefetches(service);

    expect(await rowOf('v2_core_accounts', made.id)).toMatchObject({
      account: '',
      gone: false,
      data: { object: 'v2.core.account', contact_email: 'thin@example.com', identity: { country: 'us' } },
    });
    expect(await rowOf('accounts', made.id)).toMatchObject({ gone: false, data: { object: 'account' } });
  });

  it('about a customer of the first version have that fetched', async () => {
    const [made] = [await await form('POST', '/v1/customers', 'name=thin')];
    await sandbox.idle();
    await service.db.query(`DELETE FROM stripe.customers WHERE id = $1`, [made.id]);

    await deliverAll(service, [
      thinEvent('v1.customer.updated', { id: made.id, type: 'customer', url: `/v1/customers/${made.id}` }),
    ]);
    await drainWithRefetches(service);

    expect(await rowOf('customers', made.id)).toMatchObject({ data: { name: 'thin' }, gone: false });
  });

  it('about an account that is gone leave a tombstone, after one question for each shape', async () => {
    const id = randomId('acct');

    await deliverAll(service, [thinEvent('v2.core.account.closed', accountOf(id))]);
    await drainWithRefetches(service);

    expect(await rowOf('v2_core_accounts', id)).toMatchObject({ gone: true });
    expect(await rowOf('accounts', id)).toMatchObject({ gone: true });
    expect(sandbox.requests.list({ method: 'GET', path: `/v2/core/accounts/${id}` })).toHaveLength(1);
  });

  it('that no delivery brought are found by the poller', async () => {
    sandbox.deliveries.misbehave({ dropRate: 1 });
    const made = await stripe('POST', '/v2/core/accounts', {
      contact_email: 'polled@example.com',
      display_name: 'Polled',
    });
    await sandbox.advance(300);
    await service.db.query(`UPDATE tributary.event_poll SET due_at = now()`);
    await (service.workers.get('events-poller') as PollingWorker).drain();
    await drainWithRefetches(service);
    sandbox.deliveries.misbehave();

    expect(await rowOf('v2_core_accounts', made.id)).toMatchObject({ data: { display_name: 'Polled' } });
  });
});

async function form(method: string, path: string, body: string): Promise<StripeObject> {
  const headers = { authorization: 'Bearer sk_test_drift', 'content-type': 'application/x-www-form-urlencoded' };
  return (await (await fetch(sandbox.url + path, { method, headers, body })).json()) as StripeObject;
}
