import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ErasedCustomerView } from '../../src/privacy/privacy.dto.js';
import { refused } from '../referrals/given.js';
import { sameOnBothFaces } from '../support/both-faces.js';
import { drain, randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { checkoutSession, charge, customer, invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, Story, unix } from '../support/story.js';

const AT = unix('2026-03-01T12:00:00Z');
const WHO = {
  name: 'Grace Hopper',
  email: 'grace@navy.example',
  phone: '+15550100',
  address: { line1: '1 Harbour Road', city: 'Arlington', country: 'US' },
};
const TRACES = /Hopper|navy\.example|5550100|Harbour|Arlington|Amazing|203\.0\.113|spring-fleet|news\.example/;
const LEDGER = ['ledger_transaction', 'ledger_entry', 'commission', 'sale', 'attribution'];

interface Stripe {
  id: string;
  events: StripeEvent[];
  first: ReturnType<typeof payment>;
}

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story?.end());

const query = <T>(sql: string, parameters: unknown[] = []) => story.service.db.query<T[]>(sql, parameters);
const rules = [
  {
    key: 'gold',
    when: { metadata: { plan: 'gold' }, countries: ['US'] },
    reward: { type: 'percentage', rateBps: 2_000 },
  },
];

/** Somebody who came by a click that only their checkout names, and bought twice. */
async function buyer(clickId: string): Promise<Stripe> {
  const id = randomId('cus');
  const known = customer({ id, created: AT, ...WHO, metadata: { nickname: 'Amazing Grace' } });
  const details = { name: WHO.name, email: WHO.email, phone: WHO.phone, address: WHO.address };
  const session = checkoutSession({
    client_reference_id: clickId,
    customer: id,
    created: AT,
    customer_details: details,
  });
  const invoice = {
    ...{ customer_name: WHO.name, customer_email: WHO.email, customer_address: WHO.address },
    metadata: { plan: 'gold', nickname: 'Amazing Grace' },
  };
  const first = payment({ customer: id, paidAt: AT + 60, lines: [invoiceLine({ amount: 10_000 })], invoice });
  const events = [
    stripeEvent('customer.created', known, { created: AT }),
    stripeEvent('checkout.session.completed', session, { created: AT }),
    ...first.events,
  ];
  await story.happens(...events);
  return { id, events, first };
}

/** Every table in which the person can still be read. */
async function traces(more: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const tables = await query<{ name: string }>(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
      WHERE table_schema IN ('stripe', 'tributary') AND table_type = 'BASE TABLE'`,
  );
  for (const { name } of tables) {
    const rows = await query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
    if (rows.some(({ text }) => TRACES.test(text) || more.some((one) => text.includes(one)))) found.push(name);
  }
  return found;
}

async function money(): Promise<unknown> {
  const hashes: Record<string, unknown> = {};
  for (const table of LEDGER)
    [hashes[table]] = await query(
      `SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM tributary.${table} t`,
    );
  return hashes;
}

/** Empties the mirror and applies every stored event once more. */
async function rebuild(): Promise<void> {
  const tables = await query<{ name: string }>(
    `SELECT 'stripe.' || table_name AS name FROM information_schema.tables WHERE table_schema = 'stripe' AND table_type = 'BASE TABLE'`,
  );
  await query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}`);
  await query(`UPDATE tributary.webhook_event SET state = 'pending', attempts = 0, available_at = now()`);
  await story.settle();
}

async function click(code: string): Promise<string> {
  const { id } = await story.call<{ id: string }>('POST', '/v1/clicks', {
    ...{ code, ip: '203.0.113.7', userAgent: 'Mozilla/5.0', referrer: 'https://news.example/post' },
    url: 'https://shop.example/?utm_campaign=spring-fleet',
  });
  return id;
}

const erase = (id: string) => story.call<ErasedCustomerView>('POST', `/v1/customers/${id}/erase`);

describe('scenario 94: an erased customer', () => {
  it('is gone from rows, events and exports, and stays gone, while every sum stays as it was', async () => {
    const { code, partnerId } = await story.referrer({ rules, reward: undefined, holdDays: 0 });
    const { id, first } = await buyer(await click(code));
    const externalId = randomId('hidden');
    const person = { externalId, stripeCustomerId: id, email: WHO.email };
    await story.call('POST', '/v1/referrals', { code, customer: person });
    await story.settle();
    const [{ customer_id: customerId } = { customer_id: '' }] = await query<{ customer_id: string }>(
      `SELECT customer_id FROM tributary.customer_link WHERE stripe_customer_id = $1`,
      [id],
    );
    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 2_000, netMinor: 2_000 }]);
    const before = await money();

    const exported = await story.call<Record<string, unknown[]>>('GET', `/v1/customers/${customerId}/export`);
    expect(Object.keys(exported)).toEqual(
      expect.arrayContaining(['clicksAndSignUps', 'commissions', 'stripeObjects', 'stripeEvents']),
    );
    for (const held of ['Harbour', WHO.email, externalId, 'spring-fleet', '5550100'])
      expect(JSON.stringify(exported)).toContain(held);
    expect(exported.commissions).toMatchObject([{ amountMinor: '2000', programKey: expect.any(String) }]);
    for (const other of [partnerId, 'ada@example.com']) expect(JSON.stringify(exported)).not.toContain(other);

    const erased = await erase(customerId);

    expect(erased).toMatchObject({ customerId, stripeCustomerIds: [id] });
    expect(await traces([externalId])).toEqual([]);
    expect(await money()).toEqual(before);
    const after = await story.call('GET', `/v1/customers/${customerId}/export`);
    expect(JSON.stringify(after)).not.toMatch(TRACES);
    expect(await erase(customerId)).toMatchObject({ erasedAt: erased.erasedAt, rows: 0, events: 0 });

    // Late events of old and new objects, delivered twice.
    const late = [
      stripeEvent('customer.updated', customer({ id, created: AT, ...WHO }), { created: AT + 500 }),
      stripeEvent('charge.updated', charge({ customer: id, created: AT + 60, billing_details: WHO }), {
        created: AT + 501,
      }),
    ];
    await story.happens(...late, ...late);
    await drain(story.service, ['customer-erasure']);
    expect(await traces([externalId])).toEqual([]);

    await rebuild();
    await rebuild();
    await drain(story.service, ['customer-erasure']);
    expect(await traces([externalId])).toEqual([]);
    expect(await money()).toEqual(before);

    // What was earned by the rule for gold in the US is still judged by it.
    await story.happens(...refundOf(first.charge, 5_000, AT + 900).events);
    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 2_000, netMinor: 1_000 }]);
    expect(await traces([externalId])).toEqual([]);
  });

  it('is not taken in again when the company tells of them', async () => {
    const { code } = await story.referrer();
    const [externalId, stripeCustomerId] = [randomId('hidden'), randomId('cus')];
    const tell = (body: object) => story.service.http('POST', '/v1/referrals', { code, customer: body });
    const { customer: made } = await story.call<{ customer: { id: string } }>('POST', '/v1/referrals', {
      code,
      customer: { externalId, stripeCustomerId, email: WHO.email },
    });
    await erase(made.id);

    const answers = [
      await tell({ externalId, email: WHO.email }),
      await tell({ externalId: randomId('new'), stripeCustomerId, email: WHO.email }),
    ];

    for (const answer of answers) expect(answer).toMatchObject(refused(409, 'customer_erased', 'customer.externalId'));
    expect(await traces([externalId])).toEqual([]);
    const known = customer({ id: stripeCustomerId, created: AT, ...WHO });
    await story.happens(stripeEvent('customer.created', known, { created: AT }));
    await drain(story.service, ['customer-erasure']);
    expect(await traces([externalId])).toEqual([]);
  });

  it('may be a guest, known by a checkout session alone', async () => {
    const { code, partnerId } = await story.referrer({ holdDays: 0 });
    const paymentIntent = randomId('pi');
    const paid = charge({
      created: AT,
      amount: 4_000,
      payment_intent: paymentIntent,
      customer: null,
      billing_details: WHO,
    });
    const session = checkoutSession({
      ...{ client_reference_id: await click(code), customer: null, created: AT, mode: 'payment' },
      ...{ payment_status: 'paid', payment_intent: paymentIntent, amount_total: 4_000, amount_subtotal: 4_000 },
      ...{ currency: 'usd', customer_details: WHO, invoice: null },
    });
    const intent = {
      id: paymentIntent,
      object: 'payment_intent',
      created: AT,
      receipt_email: WHO.email,
      amount: 4_000,
    };
    await story.happens(
      stripeEvent('charge.succeeded', paid, { created: AT }),
      stripeEvent('payment_intent.succeeded', intent, { created: AT }),
      stripeEvent('checkout.session.completed', session, { created: AT }),
    );
    const [commission] = await story.commissions(partnerId);
    const [{ customer_id: customerId } = { customer_id: '' }] = await query<{ customer_id: string }>(
      `SELECT customer_id FROM tributary.commission WHERE id = $1`,
      [commission?.id],
    );
    const before = await money();

    await erase(customerId);
    await story.happens(stripeEvent('charge.updated', paid, { created: AT + 5 }));
    await drain(story.service, ['customer-erasure']);

    expect(await traces([])).toEqual([]);
    expect(await money()).toEqual(before);
  });

  it('leaves a note of who asked, which nobody can change', async () => {
    const { code } = await story.referrer();
    const { customer: made } = await story.call<{ customer: { id: string } }>('POST', '/v1/referrals', {
      code,
      customer: { externalId: randomId('user') },
    });
    await story.call('GET', `/v1/customers/${made.id}/export`);
    await erase(made.id);

    const path = `/v1/privacy-requests?customerId=${made.id}`;
    const method = ['Privacy', 'ListPrivacyRequests'] as const;
    const asked = await sameOnBothFaces<{ data: unknown[] }>(story.service, path, method, { customerId: made.id });

    expect(asked.data).toMatchObject([{ kind: 'erasure' }, { kind: 'export', customerId: made.id }]);
    await expect(query(`DELETE FROM tributary.privacy_request`)).rejects.toThrow(/append-only/);
  });

  it('is asked for with a scope of its own, and of people who exist', async () => {
    const key = async (...scopes: ['privacy:read' | 'referrals:write']) => ({
      authorization: `Bearer ${await story.service.newKey(scopes)}`,
    });
    const path = '/v1/customers/customer_nobody';
    const [reader, other] = [await key('privacy:read'), await key('referrals:write')];

    expect(await story.service.http('POST', `${path}/erase`, {}, reader)).toMatchObject(refused(403, 'missing_scope'));
    expect(await story.service.http('GET', `${path}/export`, undefined, other)).toMatchObject(
      refused(403, 'missing_scope'),
    );
    expect(await story.service.http('GET', `${path}/export`, undefined, reader)).toMatchObject(
      refused(404, 'customer_not_found', 'id'),
    );
    expect((await story.service.grpc.call('Privacy', 'EraseCustomer', { id: 'customer_nobody' })).code).toBe(5);
  });
});
