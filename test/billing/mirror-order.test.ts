import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deliver, deliverAll, drain, randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { customer, invoice, invoiceLine, subscription, subscriptionItem } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

const SECRET = 'whsec_0123456789abcdef';
let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    sandbox: false,
    env: { STRIPE_WEBHOOK_SECRET: SECRET, TRIBUTARY_ENCRYPTION_KEY: 'k'.repeat(32) },
  });
});
afterAll(() => service.stop());

interface Row {
  data: Record<string, unknown>;
  deleted: boolean;
  undecided: boolean;
}

async function rowOf(table: string, id: string): Promise<Row | undefined> {
  const [row] = await service.db.query<Row[]>(
    `SELECT data, deleted_at IS NOT NULL AS deleted, undecided FROM stripe.${table} WHERE workspace_id = $1 AND id = $2`,
    [service.workspaceId, id],
  );
  return row;
}

/** The same events under new ids of object and events, so that one database serves many trials. */
function renamed(events: readonly StripeEvent[], id: string): StripeEvent[] {
  const old = String(events[0]?.data.object.id);
  return events.map((event) => ({
    ...(JSON.parse(JSON.stringify(event).replaceAll(old, id)) as StripeEvent),
    id: `${event.id}_${id}`,
  }));
}

async function applyInBatches(events: readonly StripeEvent[], sizes: Iterator<number>): Promise<void> {
  for (let at = 0; at < events.length;) {
    const size = 1 + (Number(sizes.next().value) % 3);
    await deliverAll(service, events.slice(at, at + size));
    await drain(service, ['inbox']);
    at += size;
  }
}

describe('the mirror', () => {
  it('failure 3: ends in the same row after all 720 orders of six events of one life', async () => {
    const base = customer({ name: 'a' });
    const at = 1_780_000_000;
    const life = [
      stripeEvent('customer.created', base, { created: at }),
      stripeEvent('customer.updated', { ...base, name: 'b' }, { created: at, previous: { name: 'a' } }),
      stripeEvent('customer.updated', { ...base, name: 'c' }, { created: at, previous: { name: 'b' } }),
      stripeEvent('customer.updated', { ...base, name: 'd' }, { created: at + 1, previous: { name: 'c' } }),
      stripeEvent('customer.updated', { ...base, name: 'e' }, { created: at + 1, previous: { name: 'd' } }),
      stripeEvent('customer.deleted', { ...base, name: 'e' }, { created: at + 1 }),
    ];
    const orders = permutations([0, 1, 2, 3, 4, 5]);
    const ids = orders.map(() => randomId('cus'));

    // All orders run side by side, one object each: the n-th event of every order, then a look by the workers, and so on.
    for (let step = 0; step < life.length; step++) {
      const events = orders.map(
        (order, trial) => renamed(life, ids[trial] as string)[order[step] as number] as StripeEvent,
      );
      await deliverInParallel(events);
      await drain(service, ['inbox']);
    }

    const rows = await service.db.query<Row[]>(
      `SELECT DISTINCT data - 'id' AS data, deleted_at IS NOT NULL AS deleted, undecided, source_updated_at FROM stripe.customers WHERE id = ANY($1)`,
      [ids],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ data: { name: 'e' }, deleted: true, undecided: false });
  });

  it('is a function of the set of events: any order, duplicates and batches, within one second or over several', async () => {
    const lives = fc.array(
      fc.record({ seconds: fc.integer({ min: 0, max: 1 }), price: fc.constantFrom('price_a', 'price_b', 'price_c') }),
      {
        minLength: 2,
        maxLength: 6,
      },
    );
    await fc.assert(
      fc.asyncProperty(lives, fc.infiniteStream(fc.nat()), async (steps, numbers) => {
        const { events, truth } = subscriptionLife(steps);
        const shuffled = [...events, ...events.filter(() => Number(numbers.next().value) % 3 === 0)]
          .map((event) => ({ event, place: Number(numbers.next().value) }))
          .sort((a, b) => a.place - b.place)
          .map(({ event }) => event);

        await applyInBatches(shuffled, numbers);

        const row = await rowOf('subscriptions', truth.id);
        expect(row?.undecided).toBe(false);
        expect(row?.data).toEqual(truth);
        const items = await service.db.query<Array<{ id: string }>>(
          `SELECT id FROM stripe.subscription_items WHERE workspace_id = $1 AND parent = $2 AND deleted_at IS NULL ORDER BY id`,
          [service.workspaceId, truth.id],
        );
        expect(items.map(({ id }) => id)).toEqual(
          (truth.items as { data: Array<{ id: string }> }).data.map(({ id }) => id).sort(),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('failure 6: takes an invoice before its customer and subscription', async () => {
    const owner = customer();
    const bill = invoice({
      customer: owner.id,
      parent: { type: 'subscription_details', subscription_details: { subscription: 'sub_later' } },
    });

    await deliverAll(service, [stripeEvent('invoice.paid', bill), stripeEvent('customer.created', owner)]);
    await drain(service, ['inbox']);

    expect((await rowOf('invoices', bill.id))?.data).toEqual(bill);
    expect((await rowOf('customers', owner.id))?.data).toEqual(owner);
  });

  it('failure 7: keeps a deleted object deleted when an older update comes late', async () => {
    const gone = customer({ name: 'before' });
    await deliverAll(service, [stripeEvent('customer.deleted', gone, { created: 1_780_000_010 })]);
    await drain(service, ['inbox']);

    await deliverAll(service, [
      stripeEvent('customer.updated', { ...gone, name: 'late' }, { created: 1_780_000_009, previous: { name: 'x' } }),
    ]);
    await drain(service, ['inbox']);

    expect(await rowOf('customers', gone.id)).toMatchObject({ deleted: true, data: { name: 'before' } });
  });

  it('flags what the payloads leave open when there is nobody to ask, and takes the same choice in both orders', async () => {
    const outcomes = [];
    for (const reversed of [false, true]) {
      const base = subscription({ status: 'past_due' });
      const events = [
        stripeEvent(
          'customer.subscription.updated',
          { ...base, status: 'past_due' },
          { id: `evt_1_${base.id}`, created: 1_780_000_000 },
        ),
        stripeEvent(
          'customer.subscription.updated',
          { ...base, status: 'active' },
          { id: `evt_2_${base.id}`, created: 1_780_000_000 },
        ),
      ];
      for (const event of reversed ? [...events].reverse() : events) {
        await deliverAll(service, [event]);
        await drain(service, ['inbox']);
      }
      const row = await rowOf('subscriptions', base.id);
      outcomes.push({ status: row?.data.status, undecided: row?.undecided });
    }

    expect(outcomes).toEqual([
      { status: 'active', undecided: true },
      { status: 'active', undecided: true },
    ]);
  });

  it('writes children with their parent only when its version won', async () => {
    const [first, second] = [invoiceLine({ amount: 100 }), invoiceLine({ amount: 200 })];
    const draft = invoice({ status: 'open' }, [first]);
    const paid = { ...draft, status: 'paid', lines: { object: 'list', data: [second], has_more: false } };

    await deliverAll(service, [
      stripeEvent('invoice.paid', paid, { created: 1_780_000_005 }),
      stripeEvent('invoice.created', draft, { created: 1_780_000_004 }),
    ]);
    await drain(service, ['inbox']);

    const lines = await service.db.query<Array<{ id: string }>>(
      `SELECT id FROM stripe.invoice_line_items WHERE parent = $1 AND deleted_at IS NULL`,
      [draft.id],
    );
    expect(lines).toEqual([{ id: second.id }]);
  });

  it('keeps objects of unknown types, and texts that jsonb refuses', async () => {
    const gadget = {
      id: randomId('gdg'),
      object: 'gadget',
      created: 1_780_000_000,
      name: 'null \u0000 and half \ud800',
    };

    await deliverAll(service, [stripeEvent('gadget.created', gadget)]);
    await drain(service, ['inbox']);

    expect((await rowOf('other_objects', gadget.id))?.data).toEqual({ ...gadget, name: 'null \ufffd and half \ufffd' });
  });

  it('keeps objects of connected accounts apart from the workspace’s own of the same id', async () => {
    const { body } = await service.http<{ path: string }>('POST', '/v1/webhook-endpoints', {
      kind: 'connect',
      secrets: [SECRET],
    });
    const own = customer({ name: 'own' });

    await deliverAll(service, [stripeEvent('customer.created', own)]);
    const foreign = stripeEvent('customer.created', { ...own, name: 'theirs' }, { account: 'acct_1' });
    expect((await deliver(service, foreign, { path: body.path, secret: SECRET })).status).toBe(200);
    await drain(service, ['inbox']);

    const rows = await service.db.query(
      `SELECT account, data->>'name' AS name FROM stripe.customers WHERE id = $1 ORDER BY account`,
      [own.id],
    );
    expect(rows).toEqual([
      { account: '', name: 'own' },
      { account: 'acct_1', name: 'theirs' },
    ]);
  });
});

async function deliverInParallel(events: readonly StripeEvent[]): Promise<void> {
  const lanes = 20;
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) =>
      deliverAll(
        service,
        events.filter((_event, index) => index % lanes === lane),
      ),
    ),
  );
}

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

/** A subscription whose price, quantity and items change, with the events that Stripe would send. */
function subscriptionLife(steps: ReadonlyArray<{ seconds: number; price: string }>) {
  let truth = subscription({ customer: randomId('cus'), quantity: 0 });
  let at = 1_780_000_000;
  const events = [stripeEvent('customer.subscription.created', truth, { created: at })];
  steps.forEach(({ seconds, price }, step) => {
    at += seconds;
    const items = {
      object: 'list',
      data: [subscriptionItem({ price: { id: price, object: 'price', product: 'prod_1' } })],
      has_more: false,
    };
    const next = { ...truth, quantity: step + 1, items };
    events.push(
      stripeEvent('customer.subscription.updated', next, {
        created: at,
        previous: { quantity: truth.quantity, items: truth.items },
      }),
    );
    truth = next;
  });
  return { events, truth };
}
