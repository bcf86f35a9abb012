import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PayoutsService } from '../../src/payouts/payouts.service.js';
import { PayoutsStory } from './payouts-story.js';

let story: PayoutsStory;

beforeAll(async () => {
  story = await PayoutsStory.begin();
});
afterAll(() => story?.end());

const PAID = (amountMinor: number) => [
  { kind: 'reserve', account: 'in_payout', amountMinor },
  { kind: 'pay', account: 'in_payout', amountMinor: -amountMinor },
  { kind: 'pay', account: 'paid', amountMinor },
];

describe('a refusal', () => {
  const inCurrency = async (currency: string, amountMinor: number) => {
    const partnerId = await story.partner('stripe_connect');
    await story.earned(partnerId, amountMinor, { currency });
    const { payouts } = await story.approved(currency);
    return { id: payouts[0]!.id, partnerId };
  };

  it('scenario 72, failure 40: for want of money is tried again under a new key, after a look-up, and paid once', async () => {
    const { id, partnerId } = await inCurrency('eur', 12_000);
    await story.sender.drain();
    const refused = await story.payout(id);
    const owed = await story.balance(partnerId);
    await story.sender.drain();
    story.sandbox.addFunds(20_000, 'eur');
    story.sandbox.requests.clear();

    const retried = await story.post(`/v1/payouts/${id}/retry`);
    await story.sender.drain();

    expect(refused).toMatchObject({
      ...{ state: 'failed', failure: 'balance_insufficient', lines: [{ amountMinor: 12_000 }] },
      attempts: [{ outcome: 'rejected', failure: 'balance_insufficient' }],
    });
    expect(owed).toMatchObject({ inPayoutMinor: 12_000, paidMinor: 0 });
    expect(retried).toMatchObject({ status: 202, body: { state: 'approved' } });
    const asked = story.sandbox.requests
      .list({ path: '/v1/transfers' })
      .filter((r) => `${r.query}${r.body}`.includes(id));
    expect(asked.map(({ method, idempotencyKey }) => [method, idempotencyKey])).toEqual([
      ['GET', null],
      ['POST', `payout:${id}:2`],
    ]);
    expect(await story.payout(id)).toMatchObject({
      state: 'sent',
      attempts: [{ outcome: 'rejected' }, { outcome: 'sent' }],
    });
    expect((await story.transfersOf(id)).map(({ amount }) => amount)).toEqual([12_000]);
    expect(await story.postings(id)).toEqual(PAID(12_000));
  });

  it('failure 40: for want of money is tried again by itself when there is more, and nothing else is', async () => {
    const { id } = await inCurrency('gbp', 3_000);
    await story.sender.drain();
    story.sandbox.addFunds(3_000, 'gbp');
    const { db, app, workspaceId } = story.service;

    const count = await db.transaction((tx) => app.get(PayoutsService).retryInsufficient(workspaceId, tx));
    await story.sender.drain();

    expect(count).toBe(1);
    expect(await story.payout(id)).toMatchObject({ state: 'sent' });
  });

  it('failure 41: of an account that was restricted since the approval is shown, and the line stays owed', async () => {
    const account = await story.account();
    const { id, partnerId } = await story.approvedTransfer(1_000, account);
    story.sandbox.setCapability(account, 'transfers', 'inactive');

    await story.sender.drain();

    expect(await story.payout(id)).toMatchObject({
      state: 'failed',
      failure: 'insufficient_capabilities_for_transfer',
    });
    expect(await story.balance(partnerId)).toMatchObject({ inPayoutMinor: 1_000 });
  });
});
