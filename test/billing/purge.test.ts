import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ALWAYS_KEPT, KEPT_METADATA, pairOf, withoutPerson } from '../../src/billing/mirror/erasure-rules.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { CLICK_METADATA_KEY, CODE_METADATA_KEYS } from '../../src/referrals/evidence.repository.js';
import { EXEMPT_METADATA_KEY, EXEMPT_METADATA_VALUE } from '../../src/referrals/standing/exemptions.repository.js';
import { BillingCalls, type GotCustomer, type ObjectView } from '../support/billing-calls.js';
import { deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
let calls: BillingCalls;
beforeAll(async () => {
  service = await startTestService();
  calls = new BillingCalls(service);
});
afterAll(() => service.stop());

describe('a purge', () => {
  const person = {
    name: 'Grace Hopper',
    email: 'grace@navy.example',
    phone: '+15550100',
    address: { line1: '1 Harbour Road', city: 'Arlington', country: 'US' },
    metadata: { nickname: 'Amazing Grace', tributary_click: 'click_1' },
  };
  const TRACES = /Grace|navy\.example|5550100|Harbour|Arlington/;

  it('takes the person out of the copy, keeps the figures, and stays done whatever comes late', async () => {
    const id = await calls.payer(person);
    const { body: made } = await calls.post(`customers/${id}/subscribe`, {
      items: [{ price: (await calls.price()).price }],
    });
    await calls.post('tax_ids', { params: { customer: id, type: 'eu_vat', value: 'DE123456789' } });
    const before = await calls.get(`customers/${id}`);
    const old = stripeEvent('customer.updated', before.body.data, { previous: { name: 'Grace M. Hopper' } });
    await deliverAll(service, [old]);
    await drain(service, ['inbox']);

    const purged = await calls.post<{ customer: ObjectView; erased: { rows: number; events: number } }>(
      `customers/${id}/purge`,
      {},
    );

    expect(purged.status).toBe(200);
    expect(purged.body.customer).toMatchObject({
      id,
      deleted: true,
      data: { id, name: null, email: null, phone: null, metadata: { nickname: '', tributary_click: 'click_1' } },
    });
    expect(purged.body.erased.rows).toBeGreaterThan(2);
    expect(purged.body.erased.events).toBeGreaterThan(0);
    expect(await tracesOf(id)).toEqual([]);
    expect((await calls.get(`invoices/${String(made.data.latest_invoice)}`)).body.data).toMatchObject({
      amount_paid: 2_000,
    });

    // A late event of an old state, one of a payment method that deleting the customer detached, and a replay.
    const method = (await calls.get<{ data: ObjectView[] }>(`charges?customer=${id}`)).body.data[0]?.data
      .payment_method as string;
    const detached = {
      id: method,
      object: 'payment_method',
      type: 'card',
      customer: null,
      card: { last4: '4242' },
      billing_details: person,
    };
    await deliverAll(service, [
      stripeEvent(
        'customer.updated',
        { ...before.body.data, name: 'Grace again' },
        { created: Math.floor(Date.now() / 1_000) + 5 },
      ),
      stripeEvent('payment_method.detached', detached, { created: Math.floor(Date.now() / 1_000) + 5 }),
    ]);
    await service.http('POST', `/v1/webhook-events/${old.id}/replay`);
    await drain(service, ['inbox']);
    expect(await rowTraces()).toEqual([]);
    await drain(service, ['customer-erasure']);

    expect(await tracesOf(id)).toEqual([]);
    expect((await calls.post<{ erased: unknown }>(`customers/${id}/purge`, {})).body.erased).toEqual({
      rows: 0,
      events: 0,
    });
  });

  it('refuses whom nobody knows, and lets the person come back under the same ref', async () => {
    expect(await calls.post('customers/cus_nobody/purge', {})).toMatchObject({
      status: 404,
      body: { error: { code: 'object_not_found' } },
    });
    const ref = randomId('user');
    const put = () => service.http<GotCustomer>('PUT', `/v1/billing/customers/by-ref/${ref}`, {});
    const first = (await put()).body.customer.id;
    await calls.post(`customers/${first}/purge`, {});

    const second = (await put()).body;

    expect(second).toMatchObject({ created: true });
    expect(second.customer.id).not.toBe(first);
  });

  it('of one customer that fails does not hold up the others', async () => {
    await service.db.query(
      `CREATE FUNCTION refuse_broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$`,
    );
    await service.db.query(
      `CREATE TRIGGER refused BEFORE INSERT ON tributary.erased_object
         FOR EACH ROW WHEN (NEW.customer_id = 'cus_broken') EXECUTE FUNCTION refuse_broken()`,
    );
    await service.db.query(
      `INSERT INTO tributary.customer_erasure (workspace_id, account, customer_id, deleted_at, due_at)
       SELECT $1, '', id, now(), to_timestamp(0) FROM unnest(ARRAY['cus_broken', 'cus_whole']) AS id`,
      [service.workspaceId],
    );

    await (service.workers.get('customer-erasure') as PollingWorker).runOnce();

    const rows = await service.db.query<unknown[]>(
      `SELECT customer_id AS id, due_at IS NULL AS done FROM tributary.customer_erasure
        WHERE customer_id IN ('cus_broken', 'cus_whole') ORDER BY id`,
    );
    expect(rows).toEqual([
      { id: 'cus_broken', done: false },
      { id: 'cus_whole', done: true },
    ]);
  });

  it('keeps the metadata that attributes a sale, or keeps it from earning', () => {
    expect([...KEPT_METADATA].sort()).toEqual([CLICK_METADATA_KEY, ...CODE_METADATA_KEYS].sort());
    expect([...ALWAYS_KEPT]).toEqual([pairOf(EXEMPT_METADATA_KEY, EXEMPT_METADATA_VALUE)]);
  });

  it('keeps a click that a checkout names, the country, and pairs that rules ask for, and nothing beside them', () => {
    const session = {
      object: 'checkout.session',
      client_reference_id: 'click_01abc',
      customer_details: { name: 'Grace', address: { city: 'Arlington', country: 'US' } },
      customer_address: { line1: '1 Harbour Road', country: 'US' },
      metadata: { plan: 'gold', tier: 'gold', referral: 'false', nickname: 'Grace' },
    };
    const kept = withoutPerson(session, new Set([...ALWAYS_KEPT, pairOf('plan', 'gold')]));

    expect(kept).toEqual({
      object: 'checkout.session',
      client_reference_id: 'click_01abc',
      customer_details: { address: { country: 'US' } },
      customer_address: { country: 'US' },
      metadata: { plan: 'gold', tier: '', referral: 'false', nickname: '' },
    });
    expect(withoutPerson(kept, new Set([...ALWAYS_KEPT, pairOf('plan', 'gold')]))).toEqual(kept);
    expect(withoutPerson({ client_reference_id: 'grace@navy.example' })).toEqual({ client_reference_id: null });
  });

  async function rowTraces(): Promise<string[]> {
    const found: string[] = [];
    for (const { table_name: table } of await service.db.query<Array<{ table_name: string }>>(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = 'stripe' AND table_type = 'BASE TABLE'`,
    )) {
      const rows = await service.db.query<Array<{ text: string }>>(`SELECT data::text AS text FROM stripe.${table}`);
      if (rows.some(({ text }) => TRACES.test(text))) found.push(table);
    }
    return found;
  }

  async function tracesOf(id: string): Promise<string[]> {
    const found = await rowTraces();
    for (const table of ['webhook_event', 'idempotency_key', 'customer_intent', 'customer_ref']) {
      const rows = await service.db.query<Array<{ text: string }>>(`SELECT t::text AS text FROM tributary.${table} t`);
      if (rows.some(({ text }) => TRACES.test(text))) found.push(`${table} of ${id}`);
    }
    return found;
  }
});
