import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock } from '../../src/common/clock.js';
import { PayoutAttempts, type ClaimedPayout } from '../../src/payouts/payout-attempts.service.js';
import { PayoutSender } from '../../src/payouts/payout-sender.js';
import { TransferLookup } from '../../src/payouts/transfer-lookup.js';
import { StripeGateway } from '../../src/stripe/stripe-gateway.service.js';
import { PayoutsStory } from './payouts-story.js';

const HOUR_SECONDS = 3_600;
/** Longer than the gateway waits for an answer. */
const HANG_TEST_MS = 60_000;

let story: PayoutsStory;

beforeAll(async () => {
  story = await PayoutsStory.begin();
  story.sandbox.addFunds(100_000_000);
});
afterEach(() => story.sandbox.faults.clear());
afterAll(() => story?.end());

/** A worker of its own, as another process has it. */
function anotherWorker(): PayoutSender {
  const { app } = story.service;
  return new PayoutSender(app.get(PayoutAttempts), app.get(StripeGateway), app.get(TransferLookup), app.get(Clock));
}

/** What a worker has committed when it dies, or is stopped, before its call. */
async function claimed(payoutId: string): Promise<ClaimedPayout> {
  const claims = await story.service.app.get(PayoutAttempts).claim(5);
  expect(claims.map(({ payout }) => payout.id)).toEqual([payoutId]);
  return claims[0]!;
}

/** The call that the worker made before it died, or makes when it goes on. */
async function callOf({ attempt }: ClaimedPayout): Promise<string> {
  const { app, workspaceId } = story.service;
  const { idempotencyKey } = attempt;
  return String(
    (await app.get(StripeGateway).post(workspaceId, '/v1/transfers', attempt.body, { idempotencyKey })).body.id,
  );
}

/** Closed before Stripe saw anything. */
function unreachable(): void {
  story.sandbox.faults.add({ kind: 'reset', method: 'POST', path: '/v1/transfers' });
}

const keysOf = (payoutId: string): (string | null)[] => story.callsFor(payoutId).map((call) => call.idempotencyKey);
const PAID = (amountMinor: number) => [
  { kind: 'reserve', account: 'in_payout', amountMinor },
  { kind: 'pay', account: 'in_payout', amountMinor: -amountMinor },
  { kind: 'pay', account: 'paid', amountMinor },
];

describe('sending', () => {
  it('makes the transfer that was approved, and posts the payment', async () => {
    const { id, partnerId } = await story.approvedTransfer(12_000);

    await story.sender.drain();

    const payout = await story.payout(id);
    const [transfer] = await story.transfersOf(id);
    expect(payout).toMatchObject({
      state: 'sent',
      reference: transfer!.id,
      failure: null,
      lines: [{ amountMinor: 12_000 }],
    });
    expect(payout.attempts).toMatchObject([
      { attempt: 1, idempotencyKey: `payout:${id}:1`, outcome: 'sent', tries: 1 },
    ]);
    expect(payout.attempts[0]!.providerRequest).toMatch(/^req_/);
    expect(transfer).toMatchObject({ amount: 12_000, currency: 'usd', transfer_group: id });
    expect(transfer!.metadata).toEqual({ tributary_payout: id, tributary_run: payout.runId });
    expect(await story.postings(id)).toEqual(PAID(12_000));
    expect(await story.balance(partnerId)).toMatchObject({ dueMinor: 0, inPayoutMinor: 0, paidMinor: 12_000 });
  });

  it('leaves manual payouts to people', async () => {
    const partnerId = await story.partner('manual');
    await story.earned(partnerId, 1_000);
    const { payouts } = await story.approved();

    expect(await story.sender.drain()).toBe(0);
    expect(await story.payout(payouts[0]!.id)).toMatchObject({ state: 'approved' });
  });

  it('failure 37, scenario 69: eight workers make one transfer for each payout of two runs', async () => {
    const account = await story.account();
    for (const size of [9, 8]) {
      for (let i = 0; i < size; i++) await story.earned(await story.partner('stripe_connect', account), 1_000);
      await story.approved();
    }
    const before = story.sandbox.requests.list({ method: 'POST', path: '/v1/transfers' }).length;

    await Promise.all(Array.from({ length: 8 }, () => anotherWorker().drain()));

    const calls = story.sandbox.requests.list({ method: 'POST', path: '/v1/transfers' }).slice(before);
    expect(calls).toHaveLength(17);
    expect(new Set(calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(17);
    const states = await story.service.db.query(`SELECT DISTINCT state FROM tributary.payout WHERE destination = $1`, [
      account,
    ]);
    expect(states).toEqual([{ state: 'sent' }]);
  });

  it('is told by the webhook that comes before its own record', async () => {
    const { id } = await story.approvedTransfer(700);
    const claim = await claimed(id);
    const transferId = await callOf(claim);
    await story.settleTransfer(transferId, 2);

    await story.service.app.get(PayoutAttempts).recordSent(claim, transferId, null);

    expect(await story.payout(id)).toMatchObject({
      state: 'sent',
      reference: transferId,
      attempts: [{ outcome: 'sent' }],
    });
    expect(await story.postings(id)).toEqual(PAID(700));
  });
});

describe('a call without an answer', () => {
  it('scenario 73: is repeated with the same key and body when Stripe never saw it', async () => {
    const { id } = await story.approvedTransfer(800);
    unreachable();

    await story.sender.drain();
    expect(await story.payout(id)).toMatchObject({ state: 'unknown', attempts: [{ outcome: null }] });
    await story.waitIsOver();
    await story.sender.drain();

    expect(await story.payout(id)).toMatchObject({ state: 'sent', failure: null });
    expect(new Set(keysOf(id))).toEqual(new Set([`payout:${id}:1`]));
    expect(new Set(story.callsFor(id).map(({ body }) => body)).size).toBe(1);
    expect(await story.transfersOf(id)).toHaveLength(1);
  });

  it(
    'failure 32: is unknown when Stripe commits and then hangs, and there is one transfer',
    async () => {
      const { id } = await story.approvedTransfer(900);
      story.sandbox.faults.add({ kind: 'hang', method: 'POST', path: '/v1/transfers', committed: true });

      await story.sender.drain();
      const between = await story.payout(id);
      await story.waitIsOver();
      await story.sender.drain();

      expect(between).toMatchObject({ state: 'unknown', reference: null });
      const [transfer] = await story.transfersOf(id);
      expect(await story.payout(id)).toMatchObject({ state: 'sent', reference: transfer!.id });
      expect(new Set(keysOf(id))).toEqual(new Set([`payout:${id}:1`]));
      expect(await story.transfersOf(id)).toHaveLength(1);
      expect(await story.postings(id)).toEqual(PAID(900));
    },
    HANG_TEST_MS,
  );

  it('failure 33: is looked up by its group when its key is 25 hours old, and sent anew only when there is nothing', async () => {
    const done = await story.approvedTransfer(1_100);
    story.sandbox.faults.add({ kind: 'server_error', method: 'POST', path: '/v1/transfers', committed: true });
    await story.sender.drain();
    const notDone = await story.approvedTransfer(1_200);
    unreachable();
    await story.sender.runOnce();
    await story.sandbox.advance(25 * HOUR_SECONDS);
    await story.waitIsOver();

    await story.sender.drain();

    expect(keysOf(done.id)).toEqual([`payout:${done.id}:1`]);
    expect(keysOf(notDone.id)).toEqual([1, 2].map((attempt) => `payout:${notDone.id}:${attempt}`));
    for (const { id } of [done, notDone]) {
      expect(await story.payout(id)).toMatchObject({ state: 'sent' });
      expect(await story.transfersOf(id)).toHaveLength(1);
    }
    expect((await story.payout(notDone.id)).attempts).toMatchObject([{ outcome: 'expired' }, { outcome: 'sent' }]);
  });

  it('failure 34: stays unknown under a replayed 500, without a new key, until a look-up tells', async () => {
    const done = await story.approvedTransfer(1_300);
    story.sandbox.faults.add({ kind: 'server_error', method: 'POST', path: '/v1/transfers', committed: true });
    await story.sender.drain();
    const notDone = await story.approvedTransfer(1_400);
    story.sandbox.faults.add({ kind: 'server_error', method: 'POST', path: '/v1/transfers' });
    await story.sender.runOnce();
    const [first, second] = [await story.payout(done.id), await story.payout(notDone.id)];

    for (let round = 0; round < 2; round++) {
      await story.waitIsOver();
      await story.sender.drain();
    }

    expect([first.state, second.state]).toEqual(['unknown', 'unknown']);
    expect(await story.payout(done.id)).toMatchObject({ state: 'sent' });
    expect(await story.transfersOf(done.id)).toHaveLength(1);
    expect(await story.payout(notDone.id)).toMatchObject({ state: 'unknown', attempts: [{ outcome: null, tries: 3 }] });
    expect(story.callsFor(notDone.id).map(({ idempotencyKey, replayed }) => [idempotencyKey, replayed])).toEqual([
      [`payout:${notDone.id}:1`, false],
      [`payout:${notDone.id}:1`, true],
      [`payout:${notDone.id}:1`, true],
    ]);
    await story.sandbox.advance(25 * HOUR_SECONDS);
    await story.waitIsOver();
    await story.sender.drain();
    expect(await story.payout(notDone.id)).toMatchObject({ state: 'sent', attempts: [{}, { outcome: 'sent' }] });
  });

  it('waits, and keeps its key, when Stripe has too much to do', async () => {
    const { id } = await story.approvedTransfer(150);
    story.sandbox.faults.add({ kind: 'rate_limit', method: 'POST', path: '/v1/transfers' });

    await story.sender.drain();
    expect(await story.payout(id)).toMatchObject({ state: 'approved', failure: 'rate_limit' });
    await story.waitIsOver();
    await story.sender.drain();

    expect(keysOf(id)).toEqual([`payout:${id}:1`, `payout:${id}:1`]);
    expect(await story.payout(id)).toMatchObject({ state: 'sent', failure: null });
  });

  it('is not repeated while it cannot be looked up', async () => {
    const { id } = await story.approvedTransfer(160);
    story.sandbox.faults.add({ kind: 'server_error', method: 'POST', path: '/v1/transfers', committed: true });
    await story.sender.drain();
    story.sandbox.faults.add({ kind: 'server_error', method: 'GET', path: '/v1/transfers', shouldRetry: false });
    await story.waitIsOver();

    await story.sender.drain();
    expect(await story.payout(id)).toMatchObject({ state: 'unknown' });
    await story.waitIsOver();
    await story.sender.drain();

    expect(await story.payout(id)).toMatchObject({ state: 'sent' });
    expect(story.callsFor(id)).toHaveLength(1);
  });
});

describe('a worker that dies', () => {
  it('scenario 70: after Stripe accepted: the same transfer is found and recorded once', async () => {
    const { id } = await story.approvedTransfer(2_100);
    const transferId = await callOf(await claimed(id));

    expect(await story.sender.drain()).toBe(0);
    await story.waitIsOver();
    await story.sender.drain();

    expect(await story.payout(id)).toMatchObject({ state: 'sent', reference: transferId });
    expect(story.callsFor(id)).toHaveLength(1);
    expect(await story.postings(id)).toEqual(PAID(2_100));
  });

  it('scenario 70: before its call: the committed key and body are sent', async () => {
    const { id } = await story.approvedTransfer(2_200);
    const { attempt } = await claimed(id);
    await story.waitIsOver();

    await story.sender.drain();

    expect(await story.payout(id)).toMatchObject({ state: 'sent' });
    expect(keysOf(id)).toEqual([attempt.idempotencyKey]);
  });

  it('failure 38: and is alive again after its lease, is fenced', async () => {
    const { id } = await story.approvedTransfer(2_300);
    const zombie = await claimed(id);
    await story.waitIsOver();
    await anotherWorker().drain();
    const sent = await story.payout(id);

    const attempts = story.service.app.get(PayoutAttempts);
    const transferId = await callOf(zombie);
    await attempts.recordSent(zombie, transferId, null);
    await attempts.recordFailed(zombie, 'balance_insufficient', null);
    await attempts.recordPostponed(zombie, 'unknown', 'network_error');

    expect(transferId).toBe(sent.reference);
    expect(await attempts.renew(zombie)).toBeNull();
    expect(await story.payout(id)).toEqual(sent);
    expect(await story.transfersOf(id)).toHaveLength(1);
    expect(await story.postings(id)).toEqual(PAID(2_300));
  });

  it('finds its transfer behind a page of others that only claim to be it', async () => {
    const { id } = await story.approvedTransfer(2_400);
    const claim = await claimed(id);
    const transferId = await callOf(claim);
    const forged = { amount: '1', currency: 'usd', destination: claim.attempt.body.destination, transfer_group: id };
    for (let i = 0; i < 100; i++) await story.stripe('POST', '/v1/transfers', new URLSearchParams(forged));
    await story.waitIsOver();

    await story.sender.drain();

    expect(await story.payout(id)).toMatchObject({ state: 'sent', reference: transferId });
  });
});
