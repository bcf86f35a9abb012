import { describe, expect, it } from '@jest/globals';
import { COMMISSION_STATES } from '../../referrals/dto/commission.dto.js';
import { reasonsFor, type ToldCommission } from './commission-words.js';

const told = (fields: Partial<ToldCommission>): ToldCommission => ({
  ...{ state: 'pending', currency: 'usd', reversedMinor: 0, netMinor: 2_000, dueAt: '2026-03-01T00:00:00.000Z' },
  ...{ holds: [], decisions: [], ...fields },
});

describe('why a commission is in its state', () => {
  it.each(COMMISSION_STATES)('is told of %s', (state) => {
    const [reason] = reasonsFor(told({ state, holds: [{ kind: 'suspicion' }] }));
    expect(reason).toMatch(/^[A-Z].*[.a-z]$/);
  });

  it('names each kind of hold once, and no evidence', () => {
    const holds = [{ kind: 'suspicion' }, { kind: 'suspicion' }, { kind: 'dispute' }] as const;
    expect(reasonsFor(told({ state: 'held', holds }))).toHaveLength(2);
  });

  it('gives the words of the person who rejected it', () => {
    const decisions = [{ decision: 'rejected' as const, reason: 'own purchase' }];
    expect(reasonsFor(told({ state: 'rejected', decisions, netMinor: 0, reversedMinor: 2_000 }))).toEqual([
      'A person rejected it: own purchase',
    ]);
  });

  it('says what was taken back and what is left', () => {
    expect(reasonsFor(told({ state: 'paid', reversedMinor: 500, netMinor: 1_500 })).at(-1)).toContain('15.00');
  });
});
