import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { deliver, deliverAll, drain, randomId, stripeEvent, type StripeObject } from '../support/stripe-events.js';
import { customer, invoice, invoiceLine } from '../support/stripe-objects.js';
import { ordersOf } from '../support/story.js';
import { startTestService, type TestService } from '../support/test-service.js';

const AT = 1_780_000_000;

let service: TestService;
let sandbox: StripeSandbox;
beforeAll(async () => {
  service = await startTestService({ sandbox: true });
  sandbox = service.sandbox as unknown as StripeSandbox;
  sandbox.deliveries.hold();
});
afterAll(() => service?.stop());

interface Row {
  name: string | null;
  deleted: boolean;
}

async function rowOf(table: string, id: string): Promise<Row | undefined> {
  const [row] = await service.db.query<Row[]>(
    `SELECT data->>'name' AS name, deleted_at IS NOT NULL AS deleted FROM stripe.${table} WHERE id = $1`,
    [id],
  );
  return row;
}

async function refetch(): Promise<void> {
  await service.db.query(`UPDATE tributary.refetch SET available_at = now()`);
  await (service.workers.get('refetch') as PollingWorker).drain();
}

async function stripe(method: string, path: string, params: Record<string, string> = {}): Promise<StripeObject> {
  const headers = { authorization: 'Bearer sk_test_faults', 'content-type': 'application/x-www-form-urlencoded' };
  const body = method === 'POST' ? new URLSearchParams(params).toString() : undefined;
  return (await (await fetch(sandbox.url + path, { method, headers, body })).json()) as StripeObject;
}

const reasons = async (id: string): Promise<string[]> => {
  const rows = await service.db.query<Array<{ reason: string }>>(
    `SELECT reason FROM tributary.refetch WHERE object_id = $1`,
    [id],
  );
  return rows.map(({ reason }) => reason);
};

describe('failure 7: a deletion', () => {
  it('is final in every order of states before and after it, in one batch and in several', async () => {
    for (const order of ordersOf([0, 1, 2])) {
      for (const together of [true, false]) {
        const base = customer();
        const events = [
          stripeEvent('customer.updated', { ...base, name: 'before' }, { created: AT }),
          stripeEvent('customer.deleted', { ...base, name: 'before' }, { created: AT + 5 }),
          stripeEvent('customer.updated', { ...base, name: 'after' }, { created: AT + 9 }),
        ];
        for (const index of order) {
          await deliverAll(service, [events[index] as (typeof events)[number]]);
          if (!together) await drain(service, ['inbox']);
        }
        await drain(service, ['inbox']);

        expect(await rowOf('customers', base.id)).toEqual({ name: 'after', deleted: true });
        expect(await reasons(base.id)).toEqual(['contested']);
      }
    }
    await refetch();
    expect(await service.db.query(`SELECT 1 FROM tributary.refetch`)).toEqual([]);
  });

  it('is undone only by what Stripe answers when it is asked', async () => {
    const truth = await stripe('POST', '/v1/customers', { name: 'alive' });
    const now = Math.floor(Date.now() / 1_000);
    await deliverAll(service, [
      stripeEvent('customer.deleted', truth, { created: now - 60 }),
      stripeEvent('customer.updated', { ...truth, name: 'told' }, { created: now - 30 }),
    ]);
    await drain(service, ['inbox']);
    expect(await rowOf('customers', truth.id)).toEqual({ name: 'told', deleted: true });

    await refetch();

    expect(await rowOf('customers', truth.id)).toEqual({ name: 'alive', deleted: false });
  });

  it('of a type whose ids the account chooses is undone by a later creation', async () => {
    const given = { id: randomId('SPRING'), object: 'coupon', created: AT, percent_off: 10 };
    const events = [
      stripeEvent('coupon.deleted', { ...given, name: 'first' }, { created: AT }),
      stripeEvent('coupon.created', { ...given, name: 'second' }, { created: AT + 60 }),
    ];
    for (const inOrder of [events, [...events].reverse()]) {
      await service.db.query(`DELETE FROM stripe.coupons WHERE id = $1`, [given.id]);
      await service.db.query(`DELETE FROM tributary.webhook_event WHERE object_id = $1`, [given.id]);
      for (const event of inOrder) {
        await deliver(service, event);
        await drain(service, ['inbox']);
      }
      expect(await rowOf('coupons', given.id)).toEqual({ name: 'second', deleted: false });
    }
  });

  it('that is known only as a stub takes the last full state as its data when that comes later', async () => {
    const gone = await stripe('POST', '/v1/customers', { name: 'in full' });
    await stripe('DELETE', `/v1/customers/${gone.id}`);
    await service.http('GET', `/v1/billing/customers/${gone.id}?fresh=true`);
    expect(await rowOf('customers', gone.id)).toEqual({ name: null, deleted: true });

    const created = Math.floor(sandbox.clock.now().getTime() / 1_000);
    for (const [name, at] of [
      ['older', created - 200] as const,
      ['in full', created - 100] as const,
      ['oldest', created - 300] as const,
    ])
      await deliverAll(service, [stripeEvent('customer.updated', { ...gone, name }, { created: at })]);
    await drain(service, ['inbox']);

    expect(await rowOf('customers', gone.id)).toEqual({ name: 'in full', deleted: true });
  });

  it('takes the lines of an invoice along, also those that a later state shows', async () => {
    const lines = [invoiceLine(), invoiceLine()];
    const draft = invoice({ status: 'draft' }, lines);
    await deliverAll(service, [
      stripeEvent('invoice.created', draft, { created: AT }),
      stripeEvent('invoice.deleted', draft, { created: AT + 5 }),
      stripeEvent('invoice.updated', draft, { created: AT + 9 }),
    ]);
    await drain(service, ['inbox']);

    const rows = await service.db.query(
      `SELECT id FROM stripe.invoice_line_items WHERE parent = $1 AND deleted_at IS NULL`,
      [draft.id],
    );
    expect(rows).toEqual([]);
  });
});
