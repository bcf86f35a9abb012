import { describe, expect, it } from '@jest/globals';
import {
  isKeyTooOld,
  isTransferOf,
  mustLookFirst,
  pauseSeconds,
  payoutNamedBy,
  transferBody,
  transferFacts,
} from './sending-rules.js';

const HOUR_MS = 3_600_000;
const payout = {
  ...{ id: 'payout_1', runId: 'run_1', amountMinor: 1200, currency: 'usd', destination: 'acct_1' },
  method: 'stripe_connect' as const,
};
const transfer = { id: 'tr_1', object: 'transfer', amount_reversed: 0, ...transferBody(payout) };

describe('what is known of a transfer', () => {
  it('belongs to the payout that it was made for, its destination expanded or not', () => {
    const expanded = { ...transfer, destination: { id: 'acct_1', object: 'account' } };

    expect([transfer, expanded].map((data) => isTransferOf(transferFacts(data)!, payout))).toEqual([true, true]);
  });

  it.each([
    [{ amount: 1201 }],
    [{ currency: 'eur' }],
    [{ destination: 'acct_2' }],
    [{ destination: null }],
    [{ metadata: { tributary_payout: 'payout_2' } }],
  ])('does not fit with %j', (changed) => {
    expect(isTransferOf(transferFacts({ ...transfer, ...changed })!, payout)).toBe(false);
  });

  it('never fits a payout that is paid by hand', () => {
    expect(isTransferOf(transferFacts(transfer)!, { ...payout, method: 'manual' })).toBe(false);
  });

  it('is named by the group where the metadata is gone, and by nothing that is no payout of ours', () => {
    expect(payoutNamedBy(transferFacts({ ...transfer, metadata: {} })!)).toBe('payout_1');
    expect(payoutNamedBy(transferFacts({ ...transfer, metadata: {}, transfer_group: 'order_9' })!)).toBeNull();
    expect(transferFacts({ id: 'tr_1' })).toBeNull();
  });
});

describe('when to send', () => {
  it('looks first before everything but the very first call', () => {
    const approvedAt = new Date(0);
    const soon = new Date(HOUR_MS);

    expect(mustLookFirst({ attempt: 1, tries: 1 }, approvedAt, soon)).toBe(false);
    expect(mustLookFirst({ attempt: 1, tries: 2 }, approvedAt, soon)).toBe(true);
    expect(mustLookFirst({ attempt: 2, tries: 1 }, approvedAt, soon)).toBe(true);
    expect(mustLookFirst({ attempt: 1, tries: 1 }, approvedAt, new Date(20 * HOUR_MS))).toBe(true);
  });

  it('trusts a key for 20 hours', () => {
    const at = (hours: number): Date => new Date(hours * HOUR_MS);

    expect(isKeyTooOld(at(0), new Date(20 * HOUR_MS - 1))).toBe(false);
    expect(isKeyTooOld(at(0), at(20))).toBe(true);
  });

  it('waits longer every time, up to ten minutes', () => {
    expect([1, 2, 3, 7, 50].map(pauseSeconds)).toEqual([10, 20, 40, 600, 600]);
  });
});
