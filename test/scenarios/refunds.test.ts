import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomId, stripeEvent } from '../support/stripe-events.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { ordersOf, payment, refundOf, Story, unix } from '../support/story.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story.end());

const NOON = '2026-03-01T12:00:00Z';
const PAID_AT = unix('2026-03-01T12:30:00Z');

async function saleOf10000(terms: Record<string, unknown> = {}) {
  const { partnerId, code } = await story.referrer(terms);
  const customer = await story.referredCustomer(code);
  return { partnerId, sale: payment({ customer, paidAt: PAID_AT, lines: [invoiceLine({ amount: 10_000 })] }) };
}

describe('refunds', () => {
  it('scenario 41: a full refund takes everything back, and both lines stay', async () => {
    const { partnerId, sale } = await saleOf10000();
    await story.happens(...sale.events);

    await story.happens(...refundOf(sale.charge, 10_000, PAID_AT + 100).events);

    expect(await story.postings(partnerId)).toEqual([
      { kind: 'earning', amountMinor: 2_000 },
      { kind: 'reversal', amountMinor: -2_000 },
    ]);
    expect(await story.commissions(partnerId)).toMatchObject([
      { state: 'reversed', amountMinor: 2_000, reversedMinor: 2_000, netMinor: 0 },
    ]);
  });

  it('scenario 42: a partial refund takes its share, and the rest is due when it was', async () => {
    const { partnerId, sale } = await saleOf10000();
    await story.happens(...sale.events);

    await story.happens(...refundOf(sale.charge, 2_500, PAID_AT + 100).events);

    expect(await story.commissions(partnerId)).toMatchObject([
      { state: 'pending', netMinor: 1_500, dueAt: '2026-03-31T12:30:00.000Z' },
    ]);
    expect(await story.balance(partnerId)).toMatchObject([{ pendingMinor: 1_500, dueMinor: 0 }]);
  });

  it('scenario 48, failure 26: a refund that arrives before its payment leaves nothing that could be paid', async () => {
    const { partnerId, sale } = await saleOf10000({ holdDays: 0 });
    const [refunded, ...rest] = refundOf(sale.charge, 10_000, PAID_AT + 100).events;

    await story.happens(refunded as NonNullable<typeof refunded>);
    await story.happens(...sale.events.slice(0, 2));
    await story.happens(...sale.events.slice(2), ...rest);

    expect(await story.postings(partnerId)).toEqual([
      { kind: 'earning', amountMinor: 2_000 },
      { kind: 'reversal', amountMinor: -2_000 },
    ]);
    const moments = await story.service.db.query<Array<{ posted: string }>>(
      `SELECT DISTINCT t.xmin::text AS posted FROM tributary.ledger_transaction t JOIN tributary.ledger_entry e
          ON e.workspace_id = t.workspace_id AND e.transaction_id = t.id WHERE e.partner_id = $1`,
      [partnerId],
    );
    expect(moments).toHaveLength(1);
  });

  it('scenario 49: the three events of one refund, in any order, are one reversal', async () => {
    for (const order of ordersOf([0, 1, 2])) {
      const { partnerId, sale } = await saleOf10000();
      await story.happens(...sale.events);
      const told = refundOf(sale.charge, 2_500, PAID_AT + 100).events;

      for (const index of order) await story.happens(told[index] as (typeof told)[number]);

      expect(await story.postings(partnerId)).toEqual([
        { kind: 'earning', amountMinor: 2_000 },
        { kind: 'reversal', amountMinor: -500 },
      ]);
    }
  });

  it('scenario 50: a refund that fails gives its share back', async () => {
    const { partnerId, sale } = await saleOf10000();
    const { refund, charge, events } = refundOf(sale.charge, 2_500, PAID_AT + 100);
    await story.happens(...sale.events, ...events);

    const failed = { ...refund, status: 'failed' };
    await story.happens(
      stripeEvent('refund.failed', failed, { created: PAID_AT + 200, previous: { status: 'succeeded' } }),
      stripeEvent(
        'charge.updated',
        { ...charge, amount_refunded: 0 },
        { created: PAID_AT + 200, previous: { amount_refunded: 2_500 } },
      ),
    );

    expect(await story.postings(partnerId)).toMatchObject([
      { amountMinor: 2_000 },
      { kind: 'reversal', amountMinor: -500 },
      { kind: 'reinstatement', amountMinor: 500 },
    ]);
  });

  it('a full refund in any number of parts takes back exactly everything, in whatever order it is told', async () => {
    const parts = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        parts,
        fc.integer({ min: 1, max: 9_999 }),
        fc.infiniteStream(fc.nat()),
        async (amounts, rateBps, numbers) => {
          const total = amounts.reduce((sum, amount) => sum + amount, 0);
          const { partnerId, code } = await story.referrer({ reward: { type: 'percentage', rateBps } });
          const customer = await story.referredCustomer(code);
          const sale = payment({ customer, paidAt: PAID_AT, lines: [invoiceLine({ amount: total })] });
          let refunded = 0;
          const refunds = amounts.flatMap((amount, index) => {
            const { events } = refundOf(
              { ...sale.charge, amount_refunded: refunded },
              amount,
              PAID_AT + index + 1,
              refunded,
            );
            refunded += amount;
            return events;
          });
          const told = [...sale.events, ...refunds]
            .map((event) => ({ event, place: Number(numbers.next().value) }))
            .sort((a, b) => a.place - b.place)
            .map(({ event }) => event);

          for (const event of told) await story.happens(event);

          const posted = await story.postings(partnerId);
          expect(posted.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(0);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('takes back only what of a dispute was not reinstated', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const customer = await story.referredCustomer(code);
    const at = unix(NOON) + 60;
    const p = payment({ customer, paidAt: at });
    await story.happens(...p.events);
    const d = {
      id: randomId('dp'),
      object: 'dispute',
      amount: 5000,
      currency: 'usd',
      charge: p.charge.id,
      payment_intent: p.charge.payment_intent,
      created: at + 10,
      status: 'won',
      balance_transactions: [
        { id: 'txn_1', amount: -5000, currency: 'usd', fee: 1500, created: at + 10 },
        { id: 'txn_2', amount: 3000, currency: 'usd', fee: 0, created: at + 20 },
      ],
    };
    await story.happens(stripeEvent('charge.dispute.funds_reinstated', d, { created: at + 20 }));
    expect((await story.commissions(partnerId)).map((c) => c.netMinor)).toEqual([600]);
  });

  it('takes a dispute back whose charge the mirror does not have', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const customer = await story.referredCustomer(code);
    const at = unix(NOON) + 60;
    const p = payment({ customer, paidAt: at });
    await story.happens(...p.events.slice(1));
    const d = {
      id: randomId('dp'),
      object: 'dispute',
      amount: 5000,
      currency: 'usd',
      charge: p.charge.id,
      payment_intent: p.charge.payment_intent,
      created: at + 10,
      status: 'lost',
      balance_transactions: [{ id: 'txn_1', amount: -5000, created: at + 10 }],
    };
    await story.happens(stripeEvent('charge.dispute.funds_withdrawn', d, { created: at + 20 }));
    expect((await story.commissions(partnerId)).map((c) => c.netMinor)).toEqual([0]);
  });

  it('does not subtract contained tax twice from an invoice with an old discount', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const customer = await story.referredCustomer(code);
    const at = unix(NOON) + 60;
    // 10000 incl. 20 % tax, 10 % off: total 9000 of which 1500 tax; net 7500 -> 1500
    const line = invoiceLine({
      amount: 10000,
      taxes: undefined,
      tax_amounts: [{ amount: 1500, inclusive: true }],
      discount_amounts: undefined,
    });
    const p = payment({
      customer,
      paidAt: at,
      lines: [line],
      invoice: {
        total: 9000,
        amount_paid: 9000,
        tax: 1500,
        discount: { id: 'di_old', object: 'discount' },
        total_discount_amounts: undefined,
      },
    });
    await story.happens(...p.events);
    expect((await story.commissions(partnerId)).map((c) => c.netMinor)).toEqual([1500]);
  });
});
