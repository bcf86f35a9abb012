import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, Story, unix } from '../support/story.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story.end());

const PAID_AT = unix('2026-03-10T12:00:00Z');
const DAY = 86_400;

const iso = (seconds: number): string => new Date(seconds * 1_000).toISOString();

const sale = (customer: string, currency: string, amount: number, paidAt = PAID_AT) =>
  payment({ customer, paidAt, lines: [invoiceLine({ amount, currency })], invoice: { currency } });

const rate = (base: string, quote: string, value: string, effectiveAt: string, source = 'a bank') =>
  story.call<{ id: string }>('POST', '/v1/exchange-rates', { base, quote, rate: value, effectiveAt, source });

async function referred(terms: Record<string, unknown> = {}) {
  const { partnerId, code } = await story.referrer(terms);
  return { partnerId, customer: await story.referredCustomer(code) };
}

describe('a sale in another currency than its program’s', () => {
  it('scenario 37: is counted at the rate in force at the sale, rounded once, and stays with it', async () => {
    await rate('eur', 'usd', '1.2', '2026-03-01T00:00:00Z');
    await rate('eur', 'usd', '1.0837', iso(PAID_AT), 'European Central Bank');
    await rate('eur', 'usd', '1.3', iso(PAID_AT + 1));
    const { partnerId, customer } = await referred();
    const paid = sale(customer, 'eur', 10_000);

    await story.happens(...paid.events);

    const [commission] = await story.commissions(partnerId);
    expect(commission).toMatchObject({ amountMinor: 2_167, currency: 'usd', state: 'pending' });
    const { steps, explanation } = await story.call<{ steps: string[]; explanation: object }>(
      'GET',
      `/v1/commissions/${commission?.id}/explanation`,
    );
    expect(explanation).toMatchObject({ exchange: { rate: '1.0837', source: 'European Central Bank' } });
    expect(steps.join('\n')).toContain('at 1.0837 USD for 1 EUR');
    expect(steps.join('\n')).toContain('of 108.37 USD');
    const [count] = await story.service.db.query<object[]>(
      `SELECT revenue_minor::int AS revenue FROM tributary.sale_count WHERE partner_id = $1`,
      [partnerId],
    );
    expect(count).toEqual({ revenue: 10_837 });

    await story.happens(...refundOf(paid.charge, 2_500, PAID_AT + DAY).events);
    expect(await story.commissions(partnerId)).toMatchObject([{ reversedMinor: 542, netMinor: 1_625 }]);
  });

  it('honours how many minor units each currency has', async () => {
    await rate('jpy', 'usd', '0.0064', '2026-03-01T00:00:00Z');
    await rate('kwd', 'usd', '3.25', '2026-03-01T00:00:00Z');
    const { partnerId, customer } = await referred();

    await story.happens(...sale(customer, 'jpy', 10_000).events, ...sale(customer, 'kwd', 12_340, PAID_AT + 1).events);

    expect((await story.commissions(partnerId)).map(({ amountMinor }) => amountMinor)).toEqual([1_280, 802]);
  });

  it('scenario 39: waits without a rate, is never taken one to one, and posts once there is one', async () => {
    const { partnerId, customer } = await referred();
    const paid = sale(customer, 'gbp', 10_000);
    await story.happens(...paid.events, ...refundOf(paid.charge, 5_000, PAID_AT + DAY).events);
    await rate('gbp', 'usd', '1.5', iso(PAID_AT + 1));
    await story.settle();

    expect(await story.commissions(partnerId)).toMatchObject([{ state: 'pending_fx', amountMinor: 0 }]);
    expect(await story.balance(partnerId)).toEqual([]);

    await rate('gbp', 'usd', '1.3', '2026-03-01T00:00:00Z');
    await story.settle();

    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 2_600, netMinor: 1_300 }]);
    expect(await story.postings(partnerId)).toEqual([
      { kind: 'earning', amountMinor: 2_600 },
      { kind: 'reversal', amountMinor: -1_300 },
    ]);
  });

  it('keeps its rate when an earlier one is told of later', async () => {
    await rate('sek', 'usd', '0.1', '2026-03-01T00:00:00Z');
    const { partnerId, customer } = await referred();
    const paid = sale(customer, 'sek', 10_000);
    await story.happens(...paid.events);

    await rate('sek', 'usd', '0.2', '2026-03-02T00:00:00Z');
    await story.happens(...refundOf(paid.charge, 5_000, PAID_AT + DAY).events);

    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 200, netMinor: 100 }]);
  });

  it('has its limits in its own currency, and flat amounts and caps in the program’s', async () => {
    await rate('chf', 'usd', '2', '2026-03-01T00:00:00Z');
    const { partnerId, customer } = await referred({
      reward: undefined,
      rules: [
        { key: 'large', when: { minSaleMinor: 1_000 }, reward: { type: 'percentage', rateBps: 2_000 } },
        { key: 'small', reward: { type: 'recurring', amountMinor: 25 } },
      ],
      caps: [{ per: 'customer', period: 'ever', maxMinor: 625 }],
    });

    await story.happens(
      ...sale(customer, 'chf', 1_000).events,
      ...sale(customer, 'chf', 999, PAID_AT + 1).events,
      ...sale(customer, 'chf', 1_000, PAID_AT + 2).events,
    );

    expect((await story.commissions(partnerId)).map(({ amountMinor }) => amountMinor)).toEqual([400, 25, 200]);
  });

  it('is counted for later sales from when it has a rate on', async () => {
    const tiers = [
      { from: 0, rateBps: 1_000 },
      { from: 10_000, rateBps: 2_000 },
    ];
    const { partnerId, customer } = await referred({
      reward: { type: 'tiered', by: 'revenue', period: 'ever', mode: 'whole_sale', tiers },
    });
    await story.happens(...sale(customer, 'nok', 50_000).events, ...sale(customer, 'usd', 1_000, PAID_AT + 1).events);
    expect((await story.commissions(partnerId)).map(({ amountMinor }) => amountMinor)).toEqual([0, 100]);

    await rate('nok', 'usd', '0.2', '2026-03-01T00:00:00Z');
    await story.settle();

    expect((await story.commissions(partnerId)).map(({ amountMinor }) => amountMinor)).toEqual([1_000, 200]);
  });
});
