import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { disputeOf } from '../support/complaints.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { payment, Story, unix } from '../support/story.js';

interface Run {
  id: string;
  revision: number;
  totalMinor: number;
  payouts: Array<{ id: string; partnerId: string; amountMinor: number }>;
}

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
afterAll(() => story?.end());

const PAID_AT = unix('2026-03-01T12:30:00Z');
const LATER = '2026-05-01T12:00:00Z';

/** A partner who is paid by hand, with a sale of 100.00 and one of 150.00 that are due, each with its dispute to come. */
async function twoDueSales() {
  story.timeIs('2026-03-01T12:00:00Z');
  const { partnerId, code } = await story.referrer({ minPayoutMinor: 100 });
  await story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'IBAN' });
  const customer = await story.referredCustomer(code);
  const first = payment({ customer, paidAt: PAID_AT, lines: [invoiceLine({ amount: 10_000 })] });
  await story.happens(...first.events);
  const second = payment({ customer, paidAt: PAID_AT + 60, lines: [invoiceLine({ amount: 15_000 })] });
  return { partnerId, second, dispute: disputeOf(first.charge, 10_000, PAID_AT + 100) };
}

const draft = (): Promise<Run> => story.call('POST', '/v1/payout-runs', { currency: 'usd' });

async function pay({ id, revision }: Run): Promise<void> {
  const run = await story.call<Run>('POST', `/v1/payout-runs/${id}/approve`, { revision });
  for (const payout of run.payouts)
    await story.call('POST', `/v1/payouts/${payout.id}/mark-paid`, { reference: 'wire' });
}

const stateAndBalance = async (partnerId: string) => ({
  states: (await story.commissions(partnerId)).map(({ state }) => state),
  ...(await story.balance(partnerId))[0],
});

describe('a dispute and payouts', () => {
  it('scenario 52: taken back from the next payout, given back in the one after; paid is what was earned', async () => {
    const { partnerId, second, dispute } = await twoDueSales();
    story.timeIs(LATER);
    await pay(await draft());

    await story.happens(dispute.opened);
    expect(await stateAndBalance(partnerId)).toMatchObject({ states: ['paid'], heldMinor: 0, paidMinor: 2_000 });
    await story.happens(dispute.withdrawn(), ...second.events);
    const next = await draft();
    expect(next.totalMinor).toBe(1_000);
    await pay(next);

    await story.happens(dispute.reinstated());
    await story.happens(dispute.closed('won'));
    const last = await draft();
    expect(last.totalMinor).toBe(2_000);
    await pay(last);
    expect(await stateAndBalance(partnerId)).toMatchObject({ paidMinor: 5_000, dueMinor: 0, heldMinor: 0 });
  });

  it('takes what is held out of a draft; once released it is due in the next run', async () => {
    const { partnerId, second, dispute } = await twoDueSales();
    await story.happens(...second.events);
    story.timeIs(LATER);
    const run = await draft();
    expect(run.totalMinor).toBe(5_000);

    await story.happens(dispute.opened);
    const after = await story.call<Run>('GET', `/v1/payout-runs/${run.id}`);
    expect(after).toMatchObject({ revision: run.revision + 1, totalMinor: 3_000 });
    await pay(after);
    expect(await stateAndBalance(partnerId)).toMatchObject({
      states: ['held', 'paid'],
      heldMinor: 2_000,
      paidMinor: 3_000,
    });

    await story.happens(dispute.closed('won'));
    expect(await stateAndBalance(partnerId)).toMatchObject({ states: ['due', 'paid'], heldMinor: 0, dueMinor: 2_000 });
    expect((await draft()).totalMinor).toBe(2_000);
  });
});
