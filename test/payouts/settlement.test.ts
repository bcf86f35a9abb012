import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import type { PayoutDetail } from '../../src/payouts/dto/payout.dto.js';
import { PayoutsStory } from './payouts-story.js';

let story: PayoutsStory;

beforeAll(async () => {
  story = await PayoutsStory.begin();
  story.sandbox.addFunds(100_000_000);
});
afterAll(() => story?.end());

async function sent(amountMinor: number): Promise<PayoutDetail & { reference: string }> {
  const { id } = await story.approvedTransfer(amountMinor);
  await story.sender.drain();
  const payout = await story.payout(id);
  await story.settleTransfer(payout.reference!);
  return { ...payout, reference: payout.reference! };
}

const returnsOf = async (payoutId: string): Promise<number[]> =>
  (await story.postings(payoutId)).filter(({ kind }) => kind === 'return').map(({ amountMinor }) => amountMinor);

describe('what Stripe says of a transfer', () => {
  it('failure 42: gives back exactly what was reversed, in two parts, each told twice', async () => {
    const { id, partnerId, reference } = await sent(10_000);

    await story.reverse(reference, 4_000);
    await story.settleTransfer(reference, 2);
    const partly = await story.payout(id);
    const between = await story.balance(partnerId);
    await story.reverse(reference, 6_000);
    await story.settleTransfer(reference, 3);

    expect(partly).toMatchObject({ state: 'partially_reversed', reversedMinor: 4_000 });
    expect(between).toMatchObject({ dueMinor: 4_000, inPayoutMinor: 0, paidMinor: 6_000 });
    expect(await story.payout(id)).toMatchObject({ state: 'reversed', reversedMinor: 10_000, reference });
    expect(await returnsOf(id)).toEqual([-4_000, -6_000]);
    expect(await story.balance(partnerId)).toMatchObject({ dueMinor: 10_000, inPayoutMinor: 0, paidMinor: 0 });
    expect((await story.draft()).payouts).toMatchObject([{ partnerId, amountMinor: 10_000 }]);
  });

  it('failure 42: gives back a part of a part', async () => {
    const { id, reference } = await sent(9_000);

    for (const amount of [1_000, 2_000]) {
      await story.reverse(reference, amount);
      await story.settleTransfer(reference);
    }

    expect(await story.payout(id)).toMatchObject({ state: 'partially_reversed', reversedMinor: 3_000 });
    expect(await returnsOf(id)).toEqual([-1_000, -2_000]);
  });

  it('records a transfer that was made and reversed before anybody knew of it', async () => {
    const { id } = await story.approvedTransfer(5_000);
    story.sandbox.faults.add({ kind: 'server_error', method: 'POST', path: '/v1/transfers', committed: true });
    await story.sender.drain();
    const [transfer] = await story.transfersOf(id);
    await story.reverse(transfer!.id, 5_000);

    await story.settleTransfer(transfer!.id, 2);
    await story.waitIsOver();
    await story.sender.drain();

    expect(await story.payout(id)).toMatchObject({ state: 'reversed', reference: transfer!.id });
    expect(await story.postings(id)).toHaveLength(4);
    expect(story.callsFor(id)).toHaveLength(1);
  });

  it('ignores a transfer that names a payout and is not what was approved', async () => {
    const { id } = await story.approvedTransfer(5_000);
    const [{ destination }] = await story.service.db.query<[{ destination: string }]>(
      `SELECT destination FROM tributary.payout WHERE id = $1`,
      [id],
    );
    const forge = async (fields: Record<string, string>): Promise<void> => {
      const form = new URLSearchParams({ amount: '5000', currency: 'usd', destination, transfer_group: id, ...fields });
      await story.settleTransfer(String((await story.stripe('POST', '/v1/transfers', form)).id));
    };

    await forge({ amount: '4999' });
    await forge({ destination: await story.account() });

    expect(await story.payout(id)).toMatchObject({ state: 'approved', reference: null });
    await story.sender.drain();
    const { reference } = await story.payout(id);
    await forge({});
    expect(await story.payout(id)).toMatchObject({ state: 'sent', reference });
  });

  it('does not care for transfers of other things', async () => {
    const destination = await story.account();
    const form = new URLSearchParams({ amount: '5', currency: 'usd', destination, transfer_group: 'payout_unknown' });
    const { id } = await story.stripe('POST', '/v1/transfers', form);

    await expect(story.settleTransfer(String(id))).resolves.toBeUndefined();
  });
});

describe('over gRPC', () => {
  const call = <T = Record<string, unknown>>(method: string, request: object, key?: string) =>
    story.service.grpc.call<T>(
      'Payouts',
      method,
      request,
      key === undefined ? {} : { headers: { 'idempotency-key': key } },
    );

  it('makes, shows, approves and pays a run, with the same answers and refusals', async () => {
    const partnerId = await story.partner('manual');
    await story.earned(partnerId, 4_200, { currency: 'jpy' });

    const withoutKey = await call('CreatePayoutRun', { currency: 'jpy' });
    const created = await call<{ id: string }>('CreatePayoutRun', { currency: 'jpy' }, 'grpc-create');
    const { id } = created.message!;
    const [payoutId] = (await story.run(id)).payouts.map((payout) => payout.id);
    const wrong = await call('ApprovePayoutRun', { id, revision: 9 }, 'grpc-approve-9');
    const approved = await call('ApprovePayoutRun', { id, revision: 1 }, 'grpc-approve');
    const canceled = await call('CancelPayoutRun', { id });
    const paid = await call('MarkPayoutPaid', { id: payoutId, reference: 'wire 7' }, 'grpc-paid');
    const twice = await call('MarkPayoutPaid', { id: payoutId, reference: 'wire 8' }, 'grpc-paid-2');

    expect(withoutKey).toMatchObject({
      code: status.INVALID_ARGUMENT,
      body: { error: { code: 'idempotency_key_required' } },
    });
    expect(created).toMatchObject({ code: status.OK, message: { state: 'draft', totalMinor: 4_200, currency: 'jpy' } });
    expect(wrong).toMatchObject({
      code: status.FAILED_PRECONDITION,
      body: { error: { code: 'run_changed', field: 'revision' } },
    });
    expect(approved).toMatchObject({ code: status.OK, message: { state: 'approved', payouts: [{ id: payoutId }] } });
    expect(canceled.body).toMatchObject({ error: { code: 'run_not_draft' } });
    expect(paid).toMatchObject({ code: status.OK, message: { state: 'sent', reference: 'wire 7' } });
    expect(twice.body).toMatchObject({ error: { code: 'payout_already_paid' } });
    expect(await call('GetPayout', { id: payoutId })).toMatchObject({
      message: { amountMinor: 4_200, lines: [{ amountMinor: 4_200 }], partnerId },
    });
    expect(await call('GetPayoutRun', { id })).toMatchObject({ message: { revision: 1, state: 'approved' } });
    expect(await call('ListPayouts', { runId: id })).toMatchObject({ message: { data: [{ id: payoutId }] } });
    expect(await call('RetryPayout', { id: payoutId })).toMatchObject({
      body: { error: { code: 'payout_not_failed' } },
    });
    expect(await call('GetPayout', { id: 'payout_none' })).toMatchObject({ code: status.NOT_FOUND });
  });
});
