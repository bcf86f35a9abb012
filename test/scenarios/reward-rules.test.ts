import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { invoiceLine } from '../support/stripe-objects.js';
import { ordersOf, payment, refundOf, Story, unix, type Payment } from '../support/story.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story.end());

const PAID_AT = unix('2026-03-10T12:00:00Z');
const DAY = 86_400;
const MONTHLY_TIERS = [
  { from: 0, rateBps: 1_000 },
  { from: 100_000, rateBps: 2_000 },
];

const line = (amount: number, product?: string, discount = 0) =>
  invoiceLine({
    amount,
    ...(discount > 0 && { discount_amounts: [{ amount: discount, discount: 'di_1' }] }),
    ...(product !== undefined && {
      pricing: { type: 'price_details', price_details: { price: `price_${product}`, product } },
    }),
  });

const sale = (customer: string, paidAt: number, amount: number): Payment =>
  payment({ customer, paidAt, lines: [invoiceLine({ amount })] });

/** What the sales of a partner earn, in the order of their business time. */
async function amounts(partnerId: string): Promise<number[]> {
  const live = (await story.commissions(partnerId)).filter(({ amountMinor }) => amountMinor > 0);
  return live.map(({ amountMinor }) => amountMinor);
}

async function bought(terms: Record<string, unknown>, ...sales: Array<[paidAt: number, amount: number]>) {
  const { partnerId, code } = await story.referrer(terms);
  const customer = await story.referredCustomer(code);
  const payments = sales.map(([paidAt, amount]) => sale(customer, paidAt, amount));
  await story.happens(...payments.flatMap(({ events }) => events));
  return { partnerId, customer, payments, amounts: await amounts(partnerId) };
}

describe('rules', () => {
  it('scenario 18: each takes its own products, after their part of the discount; what is excepted earns nothing', async () => {
    const rules = [
      { key: 'x', when: { products: ['prod_x'] }, reward: { type: 'percentage', rateBps: 3_000 } },
      { key: 'rest', except: { products: ['prod_y'] }, reward: { type: 'percentage', rateBps: 1_000 } },
    ];
    const { partnerId, code } = await story.referrer({ reward: undefined, rules });
    const customer = await story.referredCustomer(code);
    const lines = [line(3_000, 'prod_x', 600), line(2_000, 'prod_y', 400)];

    await story.happens(
      ...payment({ customer, paidAt: PAID_AT, lines, invoice: { total: 4_000, amount_due: 4_000, amount_paid: 4_000 } })
        .events,
    );

    expect(await amounts(partnerId)).toEqual([720]);
  });

  it('pay one commission each, under their keys', async () => {
    const rules = [
      { key: 'hardware', when: { products: ['prod_x'] }, reward: { type: 'percentage', rateBps: 500 } },
      { key: 'software', reward: { type: 'percentage', rateBps: 3_000 } },
    ];
    const { partnerId, code } = await story.referrer({ reward: undefined, rules });
    const customer = await story.referredCustomer(code);
    const paid = payment({ customer, paidAt: PAID_AT, lines: [line(10_000, 'prod_x'), line(1_000, 'prod_y')] });

    await story.happens(...paid.events);
    expect((await amounts(partnerId)).sort()).toEqual([300, 500]);

    await story.happens(...refundOf(paid.charge, 11_000, PAID_AT + DAY).events);
    expect((await story.commissions(partnerId)).map(({ netMinor }) => netMinor)).toEqual([0, 0]);
  });

  it('scenario 26: a minimum sale', async () => {
    const rules = [{ key: 'r', when: { minSaleMinor: 1_000 }, reward: { type: 'percentage', rateBps: 2_000 } }];

    expect((await bought({ reward: undefined, rules }, [PAID_AT, 999], [PAID_AT + 1, 1_000])).amounts).toEqual([200]);
  });

  it.each([
    [true, 1_900],
    [false, 2_500],
  ])('scenario 27: a flat reward for a small sale, capAtSale %s', async (capAtSale, earned) => {
    const rules = [{ key: 'r', capAtSale, reward: { type: 'one_time', amountMinor: 2_500 } }];

    expect((await bought({ reward: undefined, rules }, [PAID_AT, 1_900])).amounts).toEqual([earned]);
  });

  it('scenario 28: 40 % for three payments, then 20 %', async () => {
    const reward = { type: 'phases', phases: [{ payments: 3, rateBps: 4_000 }, { rateBps: 2_000 }] };
    const sales = [0, 1, 2, 3].map((n): [number, number] => [PAID_AT + n * DAY, 1_000]);

    expect((await bought({ reward }, ...sales)).amounts).toEqual([400, 400, 400, 200]);
  });

  it('scenario 33: the order of the rules decides, and not which of them pays more', async () => {
    const percentage = { key: 'percentage', reward: { type: 'percentage', rateBps: 2_000 } };
    const flat = { key: 'flat', firstSaleOnly: true, reward: { type: 'recurring', amountMinor: 500 } };

    expect((await bought({ reward: undefined, rules: [flat, percentage] }, [PAID_AT, 10_000])).amounts).toEqual([500]);
    const sales: Array<[number, number]> = [
      [PAID_AT, 10_000],
      [PAID_AT + 1, 10_000],
    ];
    expect((await bought({ reward: undefined, rules: [flat, percentage] }, ...sales)).amounts).toEqual([500, 2_000]);
  });

  it('scenario 23: for twelve months from the first payment on, to the second', async () => {
    const reward = { type: 'recurring', rateBps: 2_000, months: 12 };
    const first = unix('2026-03-31T00:00:00Z');

    const late = await bought(
      { reward },
      [first, 5_000],
      [unix('2027-03-30T23:59:59Z'), 5_000],
      [unix('2027-03-31T00:00:00Z'), 5_000],
    );

    expect(late.amounts).toEqual([1_000, 1_000]);
  });

  it('scenario 21: an invoice of nothing starts no clock', async () => {
    const reward = { type: 'recurring', rateBps: 2_000, months: 1 };
    const month = unix('2026-04-10T12:00:00Z');

    expect((await bought({ reward }, [PAID_AT, 0], [month, 2_900], [month + 29 * DAY, 2_900])).amounts).toEqual([
      580, 580,
    ]);
  });
});

describe('tiers', () => {
  const tiered = (mode: string) => ({
    reward: { type: 'tiered', by: 'revenue', period: 'month', mode, tiers: MONTHLY_TIERS },
  });
  const before: [number, number] = [PAID_AT - DAY, 95_000];

  it.each([
    ['scenario 29: the whole sale at the tier that was reached before it', 'whole_sale', [9_500, 400, 300, 1_600]],
    ['scenario 30: each part at its own tier', 'graduated', [9_500, 400, 500, 1_600]],
  ])('%s, in any order', async (_, mode, expected) => {
    for (const order of ordersOf([0, 1, 2])) {
      const { partnerId, customer } = await bought(tiered(mode), before);
      const sales = [4_000, 3_000, 8_000].map((amount, n) => sale(customer, PAID_AT + n, amount));

      await story.happens(...order.flatMap((n) => sales[n]?.events ?? []));

      expect(await amounts(partnerId)).toEqual(expected);
    }
  });

  it('are the same when several customers pay and several workers settle at the same moment', async () => {
    const { partnerId, code } = await story.referrer(tiered('graduated'));
    const customers = await Promise.all([0, 1, 2, 3].map(() => story.referredCustomer(code)));
    const sales = [95_000, 4_000, 3_000, 8_000].map((amount, n) => sale(String(customers[n]), PAID_AT + n, amount));

    await story.arrives(...[...sales].reverse().flatMap(({ events }) => events));
    await Promise.all([story.settle(), story.settle(), story.settle()]);
    await story.settle();

    expect(await amounts(partnerId)).toEqual([9_500, 400, 500, 1_600]);
  });

  it('begin anew with the month of the program’s time zone, and refunds lower what later sales reach', async () => {
    const zone = { ...tiered('whole_sale'), timeZone: 'Europe/Berlin' };
    const lastOfMarch = unix('2026-03-31T21:59:59Z');
    const april = await bought(zone, [lastOfMarch, 100_000], [lastOfMarch + 1, 1_000]);
    expect(april.amounts).toEqual([10_000, 100]);

    const { partnerId, customer, payments } = await bought(
      tiered('whole_sale'),
      [PAID_AT, 100_000],
      [PAID_AT + DAY, 1_000],
    );
    await story.happens(...refundOf(payments[0]?.charge as never, 50_000, PAID_AT + 2 * DAY).events);
    await story.happens(...sale(customer, PAID_AT + 3 * DAY, 1_000).events);

    expect(await amounts(partnerId)).toEqual([10_000, 200, 100]);
  });
});

describe('caps', () => {
  it.each([
    ['in money', { per: 'partner', period: 'month', maxMinor: 1_500 }, [1_000, 500]],
    ['in number of sales', { per: 'partner', period: 'month', maxSales: 2 }, [1_000, 1_000]],
    ['for a customer, ever', { per: 'customer', period: 'ever', maxMinor: 2_100 }, [1_000, 1_000, 100]],
    ['for the program, a day', { per: 'program', period: 'day', maxMinor: 700 }, [700, 700, 700]],
  ])('%s', async (_, cap, expected) => {
    const sales = [0, 1, 2].map((n): [number, number] => [PAID_AT + n * DAY, 5_000]);

    expect((await bought({ caps: [cap] }, ...sales)).amounts).toEqual(expected);
  });

  it('give room again to later sales when something is taken back', async () => {
    const { partnerId, customer, payments } = await bought(
      { caps: [{ per: 'partner', period: 'ever', maxMinor: 1_000 }] },
      [PAID_AT, 5_000],
    );
    await story.happens(...refundOf(payments[0]?.charge as never, 2_500, PAID_AT + DAY).events);
    await story.happens(...sale(customer, PAID_AT + 2 * DAY, 5_000).events);

    expect(await amounts(partnerId)).toEqual([1_000, 500]);
  });
});
