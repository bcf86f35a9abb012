import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { invoiceLine } from '../support/stripe-objects.js';
import { payment, Story, unix } from '../support/story.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story.end());

const PAID_AT = unix('2026-03-01T12:30:00Z');

/** What one invoice earns under a program. */
async function earned(
  terms: Record<string, unknown>,
  lines: ReturnType<typeof invoiceLine>[],
  fields: Record<string, unknown> = {},
) {
  const { partnerId, code } = await story.referrer(terms);
  const customer = await story.referredCustomer(code);
  await story.happens(...payment({ customer, paidAt: PAID_AT, lines, invoice: fields }).events);
  return { partnerId, commissions: await story.commissions(partnerId) };
}

describe('calculation', () => {
  it('scenario 15: the base is without discount, shipping and tax', async () => {
    const lines = [
      invoiceLine({
        amount: 10_000,
        discount_amounts: [{ amount: 1_000, discount: 'di_1' }],
        taxes: [{ amount: 1_800, tax_behavior: 'exclusive' }],
      }),
    ];
    const fields = {
      subtotal: 10_000,
      total: 11_400,
      amount_due: 11_400,
      amount_paid: 11_400,
      shipping_cost: { amount_subtotal: 500, amount_tax: 100, amount_total: 600 },
      total_discount_amounts: [{ amount: 1_000, discount: 'di_1' }],
    };

    const { commissions } = await earned({}, lines, fields);

    expect(commissions).toMatchObject([{ amountMinor: 1_800 }]);
    const explanation = await story.call<{ explanation: Record<string, unknown>; steps: string[] }>(
      'GET',
      `/v1/commissions/${commissions[0]?.id}/explanation`,
    );
    expect(explanation.explanation).toMatchObject({
      netMinor: 9_000,
      cashMinor: 11_400,
      totalMinor: 11_400,
      reward: { type: 'percentage', rateBps: 2_000 },
      amountMinor: 1_800,
    });
    expect(explanation.steps.length).toBeGreaterThan(2);
  });

  it('takes tax that is contained in the price out of the base', async () => {
    const lines = [invoiceLine({ amount: 12_000, taxes: [{ amount: 2_000, tax_behavior: 'inclusive' }] })];

    expect((await earned({}, lines)).commissions).toMatchObject([{ amountMinor: 2_000 }]);
  });

  it('scenario 17: 750 at 8.2 % is 61.5 and so 62', async () => {
    const { commissions } = await earned({ reward: { type: 'percentage', rateBps: 820 } }, [
      invoiceLine({ amount: 750 }),
    ]);

    expect(commissions).toMatchObject([{ amountMinor: 62 }]);
  });

  it('scenario 19: the lines of an upgrade are netted', async () => {
    const lines = [invoiceLine({ amount: -1_500 }), invoiceLine({ amount: 5_000 })];

    expect((await earned({}, lines, { billing_reason: 'subscription_update' })).commissions).toMatchObject([
      { amountMinor: 700 },
    ]);
  });

  it('scenario 22: an invoice of nothing earns nothing', async () => {
    const lines = [invoiceLine({ amount: 10_000, discount_amounts: [{ amount: 10_000, discount: 'di_1' }] })];

    expect((await earned({}, lines, { total: 0, amount_due: 0, amount_paid: 0 })).commissions).toEqual([]);
  });

  it('counts the share that was paid in cash: credit earns nothing, overpayment adds nothing', async () => {
    const lines = () => [invoiceLine({ amount: 10_000 })];

    expect((await earned({}, lines(), { amount_paid: 7_000 })).commissions).toMatchObject([{ amountMinor: 1_400 }]);
    expect((await earned({}, lines(), { amount_paid: 12_000 })).commissions).toMatchObject([{ amountMinor: 2_000 }]);
  });

  it('scenario 34: yen have no minor unit, and 15 % of 10000 are 1500', async () => {
    const lines = [invoiceLine({ amount: 10_000, currency: 'jpy' })];
    const { partnerId, commissions } = await earned(
      { currency: 'jpy', reward: { type: 'percentage', rateBps: 1_500 } },
      lines,
      { currency: 'jpy' },
    );

    expect(commissions).toMatchObject([{ amountMinor: 1_500, currency: 'jpy' }]);
    expect(await story.balance(partnerId)).toMatchObject([{ currency: 'jpy', pendingMinor: 1_500 }]);
  });

  it('never takes an amount in another currency for one in the program’s: it waits for a rate', async () => {
    const { partnerId, commissions } = await earned(
      { currency: 'usd' },
      [invoiceLine({ amount: 10_000, currency: 'eur' })],
      { currency: 'eur' },
    );

    expect(commissions).toMatchObject([{ state: 'pending_fx' }]);
    expect(await story.balance(partnerId)).toEqual([]);
  });

  it('pays a flat reward for the first sale only, whichever arrives first', async () => {
    const { partnerId, code } = await story.referrer({ reward: { type: 'one_time', amountMinor: 2_500 } });
    const customer = await story.referredCustomer(code);
    const first = payment({ customer, paidAt: PAID_AT });
    const second = payment({ customer, paidAt: PAID_AT + 86_400 });

    await story.happens(...second.events);
    await story.happens(...first.events);

    const live = (await story.commissions(partnerId)).filter(({ netMinor }) => netMinor !== 0);
    expect(live).toMatchObject([{ sourceId: first.invoice.id, netMinor: 2_500 }]);
  });

  it('judges a sale by the terms in force at its business time, not at its arrival', async () => {
    const { programKey, partnerId, code } = await story.referrer();
    const customer = await story.referredCustomer(code);
    story.timeIs('2026-03-02T00:00:00Z');
    await story.call('PATCH', `/v1/programs/${programKey}`, { reward: { type: 'percentage', rateBps: 1_000 } });
    const edit = unix('2026-03-02T00:00:00Z');

    await story.happens(
      ...payment({ customer, paidAt: edit - 1 }).events,
      ...payment({ customer, paidAt: edit }).events,
    );
    story.timeIs('2026-03-01T12:00:00Z');

    expect((await story.commissions(partnerId)).map(({ amountMinor }) => amountMinor)).toEqual([1_000, 500]);
  });
});
