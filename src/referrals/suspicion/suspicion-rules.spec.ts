import { describe, expect, it } from '@jest/globals';
import { DEFAULT_SUSPICION, normalizedEmail, suspicionsOf, type SuspicionFacts } from './suspicion-rules.js';

const AT = new Date('2026-03-01T12:00:00Z');
const INNOCENT: SuspicionFacts = {
  occurredAt: AT,
  partner: { externalId: 'ada', email: 'ada@example.com' },
  customer: { externalId: 'nia', emails: ['nia@example.com'] },
  sharedCards: [],
  sharedDestinations: [],
  signUp: { at: AT, perAddress: 5, perCode: 100, perPartner: 100 },
  clickedAt: new Date('2026-03-01T11:00:00Z'),
  refunds: { sales: 10, revenueMinor: 1_000, refundedMinor: 500 },
};
const checks = (facts: Partial<SuspicionFacts>, terms = {}): string[] =>
  suspicionsOf({ ...INNOCENT, ...facts }, { ...DEFAULT_SUSPICION, ...terms }).map(({ check }) => check);

describe('suspicionsOf', () => {
  it('finds nothing in an ordinary sale', () => expect(checks({})).toEqual([]));

  it.each<[string, Partial<SuspicionFacts>, object, string[]]>([
    ['the same user', { customer: { externalId: 'ada', emails: [] } }, {}, ['own_user']],
    ['the same mailbox', { customer: { externalId: null, emails: ['ADA+1@example.com'] } }, {}, ['own_email']],
    ['a shared card', { sharedCards: [{ chargeId: 'ch_1', ownChargeId: 'ch_2' }] }, {}, ['own_card']],
    ['a destination', { sharedDestinations: [{ chargeId: 'ch_1', destinationId: 'ba_1' }] }, {}, ['own_destination']],
    ['sign-ups by code', {}, { signUpsPerCode: 99 }, ['sign_ups_per_code']],
    ['sign-ups at the limit', {}, { signUpsPerCode: 100, signUpsPerPartner: 100 }, []],
    ['sign-ups by partner', {}, { signUpsPerPartner: 99 }, ['sign_ups_per_partner']],
    ['refunds over the rate', {}, { refundRateBps: 4_999 }, ['refund_rate']],
    ['refunds at the rate', {}, { refundRateBps: 5_000 }, []],
    [
      'refunds of too few sales',
      { refunds: { sales: 9, revenueMinor: 10, refundedMinor: 10 } },
      { refundRateBps: 1 },
      [],
    ],
    ['a sale right after its click', { clickedAt: new Date(AT.getTime() - 2_999) }, { secondsToSale: 3 }, ['too_fast']],
    ['a sale that a person can make', { clickedAt: new Date(AT.getTime() - 3_000) }, { secondsToSale: 3 }, []],
    ['a sale in the second of its click, unchecked', { clickedAt: new Date(AT.getTime() + 486) }, {}, []],
    ['a click after the sale', { clickedAt: new Date(AT.getTime() + 60_000) }, { secondsToSale: 3 }, []],
  ])('%s', (_, facts, terms, found) => expect(checks(facts, terms)).toEqual(found));
});

describe('normalizedEmail', () => {
  it.each([
    ['a.lice+x@gmail.com', 'alice@gmail.com'],
    ['Alice@GoogleMail.com', 'alice@gmail.com'],
    ['a.lice+x@example.com', 'a.lice@example.com'],
    ['nobody', 'nobody'],
  ])('%s is %s', (email, expected) => expect(normalizedEmail(email)).toBe(expected));
});
