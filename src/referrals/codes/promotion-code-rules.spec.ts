import { describe, expect, it } from '@jest/globals';
import { driftOf, wantedOf, type HeldPromotionCode } from './promotion-code-rules.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const CODE = { active: true, code: 'Ada', expiresAt: new Date('2026-02-01T00:00:00.900Z'), maxUses: 5 };
const FEBRUARY = Date.UTC(2026, 1, 1) / 1_000;
const HELD: HeldPromotionCode = {
  ...{ id: 'promo_1', active: true, code: 'ADA', couponId: 'ten', expiresAt: FEBRUARY },
  ...{ maxRedemptions: 5, timesRedeemed: 2 },
};

describe('what a code wants at Stripe', () => {
  it.each([
    [{}, 0, { active: true, maxRedemptions: 5 }],
    [{}, 3, { active: true, maxRedemptions: 2 }],
    [{}, 5, { active: false, maxRedemptions: 0 }],
    [{ maxUses: null }, 5, { active: true, maxRedemptions: null }],
    [{ active: false }, 0, { active: false }],
    [{ expiresAt: NOW }, 0, { active: false }],
    [{ expiresAt: null }, 0, { active: true, expiresAt: null }],
  ])('with %j after %d redemptions: %j', (change, before, expected) => {
    const wanted = wantedOf({ ...CODE, ...change }, 'ten', before, NOW);

    expect(wanted).toMatchObject({ code: 'Ada', couponId: 'ten', ...expected });
  });
});

describe('drift', () => {
  const drift = (
    held: Partial<HeldPromotionCode> | null,
    code: Partial<typeof CODE> = {},
    coupon: string | null = 'ten',
  ) => driftOf(wantedOf({ ...CODE, ...code }, coupon, 0, NOW), held && { ...HELD, ...held }, NOW);

  it('is none while all is as it is wanted', () => {
    expect(drift({})).toEqual([]);
    expect(drift({ active: false, timesRedeemed: 5 })).toEqual([]);
    expect(drift({ expiresAt: FEBRUARY - 31 * 86_400 }, { active: false })).toEqual([]);
    expect(drift({ couponId: 'other' }, {}, null)).toEqual([]);
    expect(drift(null, { active: false })).toEqual([]);
    expect(drift({ active: false, code: 'OTHER' }, { active: false })).toEqual([]);
  });

  it.each([
    [null, {}, 'missing'],
    [{ active: false }, {}, 'active'],
    [{}, { active: false }, 'active'],
    [{ code: 'OTHER' }, {}, 'code'],
    [{ couponId: 'other' }, {}, 'coupon'],
    [{ expiresAt: null }, {}, 'expires_at'],
    [{ maxRedemptions: null }, {}, 'max_redemptions'],
  ])('of %j against %j is %s', (held, code, field) => {
    expect(drift(held, code)).toEqual([field]);
  });
});
