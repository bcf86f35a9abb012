import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PayoutsStory, type ErrorBody } from './payouts-story.js';

let story: PayoutsStory;

beforeAll(async () => {
  story = await PayoutsStory.begin();
});
afterAll(() => story?.end());

describe('netting', () => {
  it('scenario 45: takes a clawback off the next payout', async () => {
    const programId = await story.program(100);
    const partnerId = await story.partner();
    const commissionId = await story.earned(partnerId, 2_000, { currency: 'cad', programId });
    const paid = await story.approved('cad');
    await story.post(`/v1/payouts/${paid.payouts[0]!.id}/mark-paid`, { reference: 'wire 1' });

    await story.earned(partnerId, -1_000, { currency: 'cad', programId, commissionId });
    await story.earned(partnerId, 1_500, { currency: 'cad', programId });
    const next = await story.approved('cad');

    expect(next.payouts).toMatchObject([{ amountMinor: 500 }]);
    expect(await story.balance(partnerId)).toMatchObject({ dueMinor: 0, inPayoutMinor: 500, paidMinor: 2_000 });
  });

  it('scenario 46: carries a negative balance until it is earned back', async () => {
    const programId = await story.program(100);
    const partnerId = await story.partner();
    const terms = { currency: 'sgd', programId };
    await story.earned(partnerId, -1_000, terms);
    await story.earned(partnerId, 400, terms);

    const none = await story.post('/v1/payout-runs', { currency: 'sgd' });
    const between = await story.balance(partnerId);
    await story.earned(partnerId, 900, terms);
    const run = await story.draft('sgd');

    expect(none).toMatchObject({ status: 409, body: { error: { code: 'nothing_due' } } });
    expect(between).toMatchObject({ dueMinor: -600, inPayoutMinor: 0 });
    expect(run.payouts).toMatchObject([{ amountMinor: 300 }]);
  });

  it('scenario 40: pays one currency whatever is owed back in another', async () => {
    const partnerId = await story.partner();
    const programId = await story.program(100);
    await story.earned(partnerId, 1_000, { currency: 'nzd', programId });
    await story.earned(partnerId, -500, { currency: 'chf', programId });

    const run = await story.approved('nzd');
    const other = await story.post('/v1/payout-runs', { currency: 'chf' });

    expect(run.payouts).toMatchObject([{ amountMinor: 1_000 }]);
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'nothing_due' } } });
    const { body } = await story.service.http<{ balances: object[] }>('GET', `/v1/partners/${partnerId}/balance`);
    expect(body.balances).toMatchObject([
      { currency: 'chf', dueMinor: -500, inPayoutMinor: 0 },
      { currency: 'nzd', dueMinor: 0, inPayoutMinor: 1_000 },
    ]);
  });

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
