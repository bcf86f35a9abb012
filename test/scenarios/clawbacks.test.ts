import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomId } from '../support/stripe-events.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, Story, unix, type Payment } from '../support/story.js';

const PAID_AT = unix('2026-03-01T12:30:00Z');
const LATER = '2026-06-01T12:00:00Z';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
beforeEach(() => story.timeIs('2026-03-01T12:00:00Z'));
afterAll(() => story?.end());

async function partner(terms: Record<string, unknown> = {}) {
  const { partnerId, code } = await story.referrer({ minPayoutMinor: 100, ...terms });
  await story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'IBAN' });
  const sale = async (amount: number, currency: string, by = code): Promise<Payment> => {
    story.timeIs('2026-03-01T12:00:00Z');
    const customer = await story.referredCustomer(by);
    story.timeIs(LATER);
    const made = payment({
      customer,
      paidAt: PAID_AT,
      lines: [invoiceLine({ amount, currency })],
      invoice: { currency },
    });
    made.charge.currency = currency;
    return made;
  };
  return { partnerId, sale };
}

const twice = <T>(events: readonly T[]): T[] => [...events, ...events];

/** What a run of the currency pays the partner; null when nothing is due. Approved, and paid by hand. */
async function payOut(currency: string): Promise<number | null> {
  const headers = { 'idempotency-key': randomId('key') };
  const answer = await story.service.http<Run>('POST', '/v1/payout-runs', { currency }, headers);
  if (answer.status === 409) return null;
  const { id, revision, payouts, totalMinor } = answer.body;
  await story.call('POST', `/v1/payout-runs/${id}/approve`, { revision });
  for (const payout of payouts)
    await story.call('POST', `/v1/payouts/${payout.id}/mark-paid`, { reference: payout.id });
  return totalMinor;
}

interface Run {
  id: string;
  revision: number;
  totalMinor: number;
  payouts: Array<{ id: string }>;
}

describe('what is taken back after it was paid', () => {
  it.each([
    ['the refund first', 'cad', [0, 1]],
    ['the next sale first', 'sek', [1, 0]],
  ])('scenario 45: is taken off the next payout, %s', async (_order, currency, order) => {
    const { partnerId, sale } = await partner({ currency });
    const first = await sale(10_000, currency);
    await story.happens(...twice(first.events));
    expect(await payOut(currency)).toBe(2_000);
    const next = await sale(7_500, currency);
    const told = [refundOf(first.charge, 5_000, PAID_AT + 60).events, next.events];

    for (const index of order) await story.happens(...twice(told[index] ?? []));

    expect(await story.balance(partnerId)).toMatchObject([{ currency, dueMinor: 500, paidMinor: 2_000 }]);
    expect(await payOut(currency)).toBe(500);
    expect(await story.balance(partnerId)).toMatchObject([{ dueMinor: 0, inPayoutMinor: 0, paidMinor: 2_500 }]);
  });

  it('scenario 46: is carried until it is earned back', async () => {
    const { partnerId, sale } = await partner({ currency: 'sgd' });
    const first = await sale(5_000, 'sgd');
    await story.happens(...first.events);
    expect(await payOut('sgd')).toBe(1_000);

    await story.happens(...twice(refundOf(first.charge, 5_000, PAID_AT + 60).events));
    await story.happens(...twice((await sale(2_000, 'sgd')).events));
    expect(await payOut('sgd')).toBeNull();
    expect(await story.balance(partnerId)).toMatchObject([{ dueMinor: -600, inPayoutMinor: 0, paidMinor: 1_000 }]);
    await story.happens(...twice((await sale(4_500, 'sgd')).events));

    expect(await payOut('sgd')).toBe(300);
  });

  it('scenario 40: in one currency takes nothing off another', async () => {
    const { partnerId, sale } = await partner({ currency: 'eur' });
    const other = await story.code(await story.program({ currency: 'nzd', minPayoutMinor: 100 }), partnerId);
    const back = await sale(2_500, 'eur');
    await story.happens(...twice(back.events));
    expect(await payOut('eur')).toBe(500);
    const earned = await sale(5_000, 'nzd', other);

    await story.happens(...twice(refundOf(back.charge, 2_500, PAID_AT + 60).events), ...twice(earned.events));

    expect(await payOut('nzd')).toBe(1_000);
    expect(await payOut('eur')).toBeNull();
    const balances = await story.balance(partnerId);
    expect(balances).toMatchObject([
      { currency: 'eur', dueMinor: -500, paidMinor: 500 },
      { currency: 'nzd', dueMinor: 0, paidMinor: 1_000 },
    ]);
  });
});
