import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PayoutsStory, type ErrorBody } from './payouts-story.js';

let story: PayoutsStory;

beforeAll(async () => {
  story = await PayoutsStory.begin();
});
afterAll(() => story?.end());

describe('an approved payout', () => {
  it('scenario 68, failure 36: keeps what lands after the approval for the next payout', async () => {
    const partnerId = await story.partner();
    const commissionId = await story.earned(partnerId, 5_000, { currency: 'hkd' });
    const { payouts } = await story.approved('hkd');
    await story.earned(partnerId, -2_000, { currency: 'hkd', commissionId });

    await story.joinDrafts(partnerId);

    expect(await story.payout(payouts[0]!.id)).toMatchObject({ state: 'approved', amountMinor: 5_000 });
    expect(await story.balance(partnerId)).toMatchObject({ dueMinor: -2_000, inPayoutMinor: 5_000 });
    await story.earned(partnerId, 3_000, { currency: 'hkd' });
    expect((await story.draft('hkd')).payouts).toMatchObject([{ amountMinor: 1_000 }]);
  });
});

describe('a manual payout', () => {
  it('failure 45, scenario 81: is marked paid once, whoever else tries', async () => {
    const partnerId = await story.partner();
    await story.earned(partnerId, 2_500, { currency: 'ils' });
    const { payouts } = await story.approved('ils');
    const id = payouts[0]!.id;
    const path = `/v1/payouts/${id}/mark-paid`;

    const operators = await Promise.all(
      ['wire 1', 'wire 2'].map((reference) => story.post<ErrorBody>(path, { reference })),
    );

    expect(operators.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(operators.find(({ status }) => status === 409)?.body.error.code).toBe('payout_already_paid');
    expect(await story.payout(id)).toMatchObject({ state: 'sent', reference: expect.stringMatching(/^wire [12]$/) });
    expect(await story.balance(partnerId)).toMatchObject({ inPayoutMinor: 0, paidMinor: 2_500 });
    expect((await story.postings(id)).filter(({ kind }) => kind === 'pay')).toHaveLength(2);
  });

  it('cannot be marked paid as a draft, nor without a reference, nor when Stripe pays it', async () => {
    const [byHand, byStripe] = [await story.partner(), await story.partner('stripe_connect')];
    for (const partnerId of [byHand, byStripe]) await story.earned(partnerId, 2_500, { currency: 'thb' });
    const run = await story.draft('thb');
    const idOf = (partnerId: string): string => run.payouts.find((payout) => payout.partnerId === partnerId)!.id;
    const mark = (partnerId: string, body: object) => story.post(`/v1/payouts/${idOf(partnerId)}/mark-paid`, body);

    expect(await mark(byHand, { reference: 'x' })).toMatchObject({
      status: 409,
      body: { error: { code: 'payout_not_approved' } },
    });
    expect(await mark(byHand, {})).toMatchObject({ status: 400, body: { error: { field: 'reference' } } });
    await story.post(`/v1/payout-runs/${run.id}/approve`, { revision: 1 });
    expect(await mark(byStripe, { reference: 'x' })).toMatchObject({
      status: 409,
      body: { error: { code: 'payout_not_manual' } },
    });
    expect(await story.post(`/v1/payouts/${idOf(byHand)}/retry`)).toMatchObject({
      status: 409,
      body: { error: { code: 'payout_not_failed' } },
    });
  });
});
