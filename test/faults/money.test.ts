import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { drain, randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { invoice, invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, Story, unix, type Payment } from '../support/story.js';

const NOON = '2026-03-01T12:00:00Z';
const PAID_AT = unix('2026-03-01T12:30:00Z');
const LATER = '2026-06-01T12:00:00Z';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
beforeEach(() => story.timeIs(NOON));
afterAll(() => story?.end());

interface Run {
  id: string;
  revision: number;
  payouts: Array<{ id: string; partnerId: string; amountMinor: number }>;
}

async function soldTo(code: string, amount: number, currency = 'usd', paidAt = PAID_AT): Promise<Payment> {
  const customer = await story.referredCustomer(code);
  const sale = payment({ customer, paidAt, lines: [invoiceLine({ amount, currency })], invoice: { currency } });
  sale.charge.currency = currency;
  return sale;
}

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
const halfUp = (amount: number, rateBps: number): number =>
  Number((BigInt(amount) * BigInt(rateBps) + 5_000n) / 10_000n);

/** `part / whole` of the amount, halves up. */
const share = (amount: number, part: number, whole: number): number =>
  Number((2n * BigInt(amount) * BigInt(part) + BigInt(whole)) / (2n * BigInt(whole)));

/** What the partner is owed and was paid, in whatever state. */
async function owed(partnerId: string): Promise<number> {
  const balances = await story.balance(partnerId);
  return sum(
    balances.map(
      ({ pendingMinor, dueMinor, heldMinor, inPayoutMinor, paidMinor }) =>
        pendingMinor + dueMinor + heldMinor + inPayoutMinor + paidMinor,
    ),
  );
}

/** A draft of all that is due, approved and paid by hand. Null when nothing is due. */
async function payOut(currency = 'usd'): Promise<Run | null> {
  const headers = { 'idempotency-key': randomId('key') };
  const { status, body } = await story.service.http<Run>('POST', '/v1/payout-runs', { currency }, headers);
  if (status === 409) return null;
  await story.call('POST', `/v1/payout-runs/${body.id}/approve`, { revision: body.revision });
  for (const { id } of body.payouts) await story.call('POST', `/v1/payouts/${id}/mark-paid`, { reference: id });
  return body;
}

const byHand = (partnerId: string) =>
  story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'IBAN' });

describe('the ledger', () => {
  it('failure 24: 19.99, yen and dinars, at any rate and given back in three parts, are whole to the last unit', async () => {
    const split = fc.tuple(fc.integer({ min: 1, max: 98 }), fc.integer({ min: 1, max: 98 }));
    const price = fc.constantFrom(
      { currency: 'usd', amount: 1_999 },
      { currency: 'jpy', amount: 10_007 },
      { currency: 'kwd', amount: 12_340 },
    );
    await fc.assert(
      fc.asyncProperty(
        price,
        fc.integer({ min: 1, max: 10_000 }),
        split,
        async ({ currency, amount }, rateBps, [a, b]) => {
          const { partnerId, code } = await story.referrer({ currency, reward: { type: 'percentage', rateBps } });
          const sale = await soldTo(code, amount, currency);
          await story.happens(...sale.events);
          const earned = halfUp(amount, rateBps);
          expect((await story.postings(partnerId)).map(({ amountMinor }) => amountMinor)).toEqual(
            earned === 0 ? [] : [earned],
          );
          const first = Math.max(1, Math.floor((amount * a) / 300));
          const second = Math.max(1, Math.floor((amount * b) / 300));
          const parts = [first, second, amount - first - second];
          let before = 0;

          for (const [n, part] of parts.entries()) {
            const told = refundOf({ ...sale.charge, amount_refunded: before }, part, PAID_AT + 60 + n, before);
            await story.happens(...told.events, ...told.events);
            before += part;
            expect(await owed(partnerId)).toBe(earned - share(earned, before, amount));
          }

          expect(await owed(partnerId)).toBe(0);
        },
      ),
      { numRuns: 8 },
    );
    const [{ type }] = await story.service.db.query<[{ type: string }]>(
      `SELECT data_type AS type FROM information_schema.columns WHERE table_schema = 'tributary' AND table_name = 'ledger_entry' AND column_name = 'amount_minor'`,
    );
    expect(type).toBe('bigint');
  });

  it('failure 25: what goes back in any order never takes the net below nothing or above what was earned', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (numbers) => {
        const { partnerId, code } = await story.referrer();
        const sale = await soldTo(code, 10_000);
        const customer = String(sale.invoice.customer);
        const dispute = (status: string, moved: number[]) => ({
          ...{ id: `dp_${sale.charge.id}`, object: 'dispute', amount: 6_000, currency: 'usd', status },
          ...{ charge: sale.charge.id, payment_intent: sale.charge.payment_intent, created: PAID_AT + 10 },
          balance_transactions: moved.map((amount, n) => ({
            id: `txn_${sale.charge.id}_${n}`,
            amount,
            currency: 'usd',
            fee: 0,
            created: PAID_AT + 20 + n,
          })),
        });
        const open = invoice({ customer, created: PAID_AT, status: 'void', amount_paid: 0 }, [
          invoiceLine({ amount: 5_000 }),
        ]);
        const note = {
          id: randomId('cn'),
          object: 'credit_note',
          invoice: sale.invoice.id,
          customer,
          amount: 2_000,
          currency: 'usd',
          status: 'issued',
          type: 'post_payment',
          customer_balance_transaction: randomId('cbtxn'),
          created: PAID_AT + 30,
        };
        const told: StripeEvent[] = [
          ...sale.events,
          ...refundOf(sale.charge, 3_000, PAID_AT + 40).events,
          ...refundOf({ ...sale.charge, amount_refunded: 3_000 }, 5_000, PAID_AT + 50, 3_000).events,
          stripeEvent('charge.dispute.created', dispute('needs_response', []), { created: PAID_AT + 10 }),
          stripeEvent('charge.dispute.funds_withdrawn', dispute('needs_response', [-6_000]), { created: PAID_AT + 20 }),
          stripeEvent('charge.dispute.funds_reinstated', dispute('won', [-6_000, 6_000]), { created: PAID_AT + 60 }),
          stripeEvent('credit_note.created', note, { created: PAID_AT + 30 }),
          stripeEvent('invoice.voided', open, { created: PAID_AT + 30 }),
        ];
        const order = told
          .map((event) => ({ event, place: Number(numbers.next().value) }))
          .sort((a, b) => a.place - b.place);

        for (const { event } of order) {
          await story.happens(event);
          for (const { netMinor, amountMinor } of await story.commissions(partnerId)) {
            expect(netMinor).toBeGreaterThanOrEqual(0);
            expect(netMinor).toBeLessThanOrEqual(amountMinor);
          }
        }

        expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 2_000, netMinor: 400 }]);
        expect(await owed(partnerId)).toBe(400);
      }),
      { numRuns: 6 },
    );
  });

  it('failure 27: a refund after the payout is carried, and no payout of nothing or less is made', async () => {
    const { partnerId, code } = await story.referrer({ minPayoutMinor: 0 });
    await byHand(partnerId);
    const sale = await soldTo(code, 10_000);
    await story.happens(...sale.events);
    story.timeIs(LATER);
    expect((await payOut())?.payouts).toMatchObject([{ partnerId, amountMinor: 2_000 }]);

    const told = refundOf(sale.charge, 10_000, unix(LATER) - 60).events;
    await story.happens(...told, ...told);
    expect(await payOut()).toBeNull();
    expect(await story.balance(partnerId)).toMatchObject([{ dueMinor: -2_000, paidMinor: 2_000 }]);

    story.timeIs(NOON);
    const [even, more] = [await soldTo(code, 10_000), await soldTo(code, 5_000)];
    await story.happens(...even.events);
    story.timeIs(LATER);
    expect(await payOut()).toBeNull();
    await story.happens(...more.events);
    expect((await payOut())?.payouts).toMatchObject([{ partnerId, amountMinor: 1_000 }]);
  });

  it('failure 28: a program that is edited changes nothing that was earned, and refunds are at the old rate', async () => {
    const { programKey, partnerId, code } = await story.referrer();
    const old = await soldTo(code, 10_000);
    await story.happens(...old.events);
    const before = await story.commissions(partnerId);
    const change = { reward: { type: 'percentage', rateBps: 500 }, holdDays: 0 };
    story.timeIs('2026-03-02T00:00:00Z');
    await story.call('PATCH', `/v1/programs/${programKey}`, change);

    await story.happens(...old.events);
    expect(await story.commissions(partnerId)).toEqual(before);
    const next = await soldTo(code, 10_000, 'usd', unix('2026-03-02T00:00:00Z'));
    await story.happens(...next.events, ...refundOf(old.charge, 5_000, unix('2026-03-03T00:00:00Z')).events);

    expect(await story.commissions(partnerId)).toMatchObject([
      { amountMinor: 2_000, netMinor: 1_000, dueAt: before[0]?.dueAt },
      { amountMinor: 500, netMinor: 500 },
    ]);
  });

  it('failures 29, 30: fifty sales settled beside a payout leave a balance that is the sum of the entries', async () => {
    const { partnerId, code } = await story.referrer({ holdDays: 0, minPayoutMinor: 0 });
    await byHand(partnerId);
    const sales: Payment[] = [];
    for (let n = 0; n < 50; n++) sales.push(await soldTo(code, 1_000 + n));
    await story.happens(...sales.slice(0, 10).flatMap(({ events }) => events));
    story.timeIs(LATER);
    await story.arrives(...sales.slice(10).flatMap(({ events }) => events));
    await drain(story.service, ['inbox']);
    const deadlocks = async () =>
      Number(
        (
          (await story.service.db.query(
            `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`,
          )) as [{ deadlocks: string }]
        )[0].deadlocks,
      );
    const before = await deadlocks();

    const [runs] = await Promise.all([
      (async () => {
        let paid = 0;
        for (let n = 0; n < 4; n++)
          paid += sum(((await payOut())?.payouts ?? []).map(({ amountMinor }) => amountMinor));
        return paid;
      })(),
      drain(story.service),
    ]);

    const earned = sum(sales.map((_, n) => halfUp(1_000 + n, 2_000)));
    const [balance] = await story.balance(partnerId);
    const [entries] = await story.service.db.query<[{ owed: string; paid: string }]>(
      `SELECT -sum(amount_minor) FILTER (WHERE account = 'expense') AS owed, sum(amount_minor) FILTER (WHERE account = 'paid') AS paid
         FROM tributary.ledger_entry WHERE partner_id = $1`,
      [partnerId],
    );
    expect(await owed(partnerId)).toBe(earned);
    expect({ owed: Number(entries.owed), paid: Number(entries.paid) }).toEqual({ owed: earned, paid: runs });
    expect(balance).toMatchObject({ paidMinor: runs, dueMinor: earned - runs });
    expect((await deadlocks()) - before).toBeLessThanOrEqual(3);
  });
});
