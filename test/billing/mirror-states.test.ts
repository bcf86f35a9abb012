import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MirrorWriter } from '../../src/billing/mirror/mirror-writer.js';
import { newestOfEach, type Snapshot } from '../../src/billing/mirror/snapshot.js';
import { typeOfObject } from '../../src/billing/objects/registry.js';
import type { StripeData } from '../../src/billing/objects/stripe-model.entity.js';
import { deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { customer, invoice, invoiceLine } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

/** Long past, so that an answer of Stripe's would be newer than any state here. */
const EPOCH = 1_700_000_000;
const TRIALS = 30;
let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false, env: { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' } });
});
afterAll(() => service.stop());

interface Row {
  id: string;
  data: StripeData;
  created: string | null;
  stamp: string;
  source_rank: number;
  deleted: string | null;
}

async function rowsOf(table: string, ids: readonly string[]): Promise<Row[]> {
  return service.db.query<Row[]>(
    `SELECT id, data, extract(epoch FROM created)::bigint AS created, extract(epoch FROM source_updated_at)::bigint AS stamp,
            source_rank, extract(epoch FROM deleted_at)::bigint AS deleted
       FROM stripe.${table} WHERE workspace_id = $1 AND id = ANY($2::text[]) ORDER BY id`,
    [service.workspaceId, ids],
  );
}

function stateOf(data: StripeData, more: Partial<Snapshot> = {}): Snapshot {
  const type = typeOfObject(data.object);
  return {
    ...{ workspaceId: service.workspaceId, account: '', type, id: String(data.id), data, apiVersion: 'v' },
    ...{ stampSeconds: EPOCH, rank: 1, undecided: false, deleted: data.deleted === true, eventId: 'evt', parent: null },
    ...more,
  };
}

async function apply(...states: Snapshot[]): Promise<void> {
  await service.db.transaction((tx) => service.app.get(MirrorWriter).apply(states, tx));
}

describe('objects that share an id', () => {
  it('do not take each other’s place in a batch, in one second or in another', async () => {
    const id = randomId('cus');
    const summary = {
      object: 'entitlements.active_entitlement_summary',
      customer: id,
      entitlements: { object: 'list', data: [], has_more: false },
      livemode: false,
    };

    for (const later of [0, 1])
      await deliverAll(service, [
        stripeEvent('customer.updated', customer({ id, name: `name ${later}` }), { created: EPOCH + later }),
        stripeEvent('entitlements.active_entitlement_summary.updated', summary, { created: EPOCH + 2 * later }),
      ]);
    await drain(service, ['inbox']);

    expect((await rowsOf('customers', [id])).map(({ data }) => data.name)).toEqual(['name 1']);
    expect(await rowsOf('entitlements_active_entitlement_summaries', [id])).toHaveLength(1);
  });
});

describe('an id that is given out again', () => {
  const coupon = (id: string, created: number) => ({ id, object: 'coupon', created, percent_off: created - EPOCH });

  it('has the creation of the object that has it now, whichever state came first', async () => {
    const id = randomId('SUMMER');

    await apply(stateOf(coupon(id, EPOCH + 9), { stampSeconds: EPOCH + 9 }));
    await apply(stateOf(coupon(id, EPOCH), { stampSeconds: EPOCH }));

    expect(await rowsOf('coupons', [id])).toMatchObject([{ created: String(EPOCH + 9), stamp: String(EPOCH + 9) }]);
  });

  it('is left open when it was taken away and given out in one second', async () => {
    const id = randomId('SUMMER');

    await deliverAll(service, [
      stripeEvent('coupon.deleted', coupon(id, EPOCH), { created: EPOCH + 9 }),
      stripeEvent('coupon.created', coupon(id, EPOCH + 9), { created: EPOCH + 9 }),
    ]);
    await drain(service, ['inbox']);

    const [row] = await service.db.query<unknown[]>(
      `SELECT deleted_at IS NOT NULL AS gone, undecided FROM stripe.coupons WHERE workspace_id = $1 AND id = $2`,
      [service.workspaceId, id],
    );
    expect(row).toEqual({ gone: true, undecided: true });
  });
});

describe('members of a list', () => {
  it('that are asked for by themselves stay in it, and keep their last full state when they are gone', async () => {
    const [sub, id] = [randomId('sub'), randomId('si')];
    const item = { id, object: 'subscription_item', created: EPOCH, quantity: 1, subscription: sub };

    await apply(stateOf(item, { rank: 0, eventId: null }));
    await apply(
      stateOf({ id, object: 'subscription_item', deleted: true }, { stampSeconds: EPOCH + 1, rank: 0, eventId: null }),
    );

    expect(await service.db.query(`SELECT parent FROM stripe.subscription_items WHERE id = $1`, [id])).toEqual([
      { parent: sub },
    ]);
    expect(await rowsOf('subscription_items', [id])).toMatchObject([{ data: item, deleted: String(EPOCH + 1) }]);
  });

  it('do not come to life by a list that was read before their owner was deleted, or changed', async () => {
    const bill = invoice({}, [invoiceLine()]);
    const [late, dropped] = [invoiceLine(), invoiceLine()];
    await apply(stateOf(bill, { stampSeconds: EPOCH }));
    await apply(stateOf({ ...bill, status: 'draft' }, { stampSeconds: EPOCH + 5 }));

    await apply(stateOf(dropped, { stampSeconds: EPOCH + 4, rank: 0, eventId: null, parent: bill.id }));
    await apply(stateOf({ id: bill.id, object: 'invoice', deleted: true }, { stampSeconds: EPOCH + 9, rank: 0 }));
    await apply(stateOf(late, { stampSeconds: EPOCH + 8, rank: 0, eventId: null, parent: bill.id }));

    const living = await service.db.query(
      `SELECT id FROM stripe.invoice_line_items WHERE workspace_id = $1 AND parent = $2 AND deleted_at IS NULL`,
      [service.workspaceId, bill.id],
    );
    expect(living).toEqual([]);
  });

  it('follow to the owner that lists them next, though both changed in one second', async () => {
    const line = invoiceLine();
    const [first, second] = [invoice({}, [line]), invoice({}, [line])];
    await apply(stateOf(first, { stampSeconds: EPOCH }));
    await apply(stateOf(first, { stampSeconds: EPOCH + 5, rank: 2, deleted: true }));

    await apply(stateOf(second, { stampSeconds: EPOCH + 5 }));

    expect(
      await service.db.query(`SELECT parent, deleted_at FROM stripe.invoice_line_items WHERE id = $1`, [line.id]),
    ).toEqual([{ parent: second.id, deleted_at: null }]);
  });
});

describe('the states of one object', () => {
  interface Told {
    at: number;
    kind: 'event' | 'fetched' | 'embedded' | 'gone' | 'stub';
    text: string;
  }

  const told = fc.record<Told>({
    at: fc.integer({ min: 0, max: 5 }),
    kind: fc.constantFrom('event', 'fetched', 'embedded', 'gone', 'stub'),
    text: fc.constantFrom('a', 'b', 'c'),
  });

  /** One state per second and kind, as Stripe has one: what a fetch or an event shows follows from when it was. */
  const life = fc
    .uniqueArray(told, { minLength: 2, maxLength: 6, selector: ({ at, kind }) => `${at}/${kind}` })
    .filter((states) => states.some(({ kind }) => kind !== 'stub'))
    .map((states) => states.map((state) => ({ ...state, text: `${state.kind} ${state.at}` })));

  /** What has an id for itself alone is not answered alive after it was gone. */
  function endsOnce(states: readonly Told[]): boolean {
    const ends = states.filter(({ kind }) => kind === 'gone' || kind === 'stub').map(({ at }) => at);
    return states.every(({ kind, at }) => kind !== 'fetched' || ends.every((end) => at <= end));
  }

  function snapshot({ at, kind, text }: Told, of: { object: string; id: string }): Snapshot {
    const isFetched = kind === 'fetched' || kind === 'stub';
    const data = kind === 'stub' ? { ...of, deleted: true } : { ...of, name: text, created: EPOCH + at };
    return stateOf(data, {
      stampSeconds: EPOCH + at,
      rank: isFetched ? 0 : kind === 'embedded' ? -1 : kind === 'gone' ? 2 : 1,
      eventId: isFetched ? null : `evt_${text}`,
      deleted: kind === 'gone' || kind === 'stub',
    });
  }

  it.each(['coupon', 'promotion_code'])(
    'make the same row of a %s in every order, group and number of writers',
    async (object) => {
      await fc.assert(
        fc.asyncProperty(
          life.filter(object === 'coupon' ? () => true : endsOnce),
          fc.infiniteStream(fc.nat()),
          async (states, random) => {
            const { table } = typeOfObject(object);
            const next = (): number => Number(random.next().value);
            const ids = Array.from({ length: 6 }, () => randomId('obj'));
            for (const [index, id] of ids.entries()) {
              const order = shuffled(states, next).map((state) => snapshot(state, { object, id }));
              if (index === 0) await apply(...order);
              else if (index === 1) await Promise.all(order.map((state) => apply(state)));
              else for (const group of grouped(order, next)) await apply(...group);
            }
            const rows = (await rowsOf(table, ids)).map(({ id: _, data: { id: __, ...data }, ...row }) => ({
              ...row,
              data,
            }));

            expect(rows).toEqual(ids.map(() => rows[0]));
            const [alone] = newestOfEach(states.map((state) => snapshot(state, { object, id: 'x' })));
            expect(rows[0]?.data.name).toBe(alone?.data.name);
            expect(rows[0]?.deleted !== null).toBe(alone?.deleted);
          },
        ),
        { numRuns: TRIALS },
      );
    },
  );

  function shuffled<T>(values: readonly T[], next: () => number): T[] {
    return values
      .map((value) => ({ value, key: next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ value }) => value);
  }

  function grouped<T>(values: readonly T[], next: () => number): T[][] {
    const groups: T[][] = [];
    for (let at = 0; at < values.length;) {
      const size = 1 + (next() % 3);
      groups.push(values.slice(at, at + size));
      at += size;
    }
    return groups;
  }
});
