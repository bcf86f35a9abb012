/** A tier in whole minor units. Null is an amount that it does not have, or no upper bound. */
export interface TierRule {
  upTo: number | null;
  unitAmount: number | null;
  flatAmount: number | null;
}

export type TierMode = 'graduated' | 'volume';

/** One charge: `quantity` times `unitAmount`. */
export interface TierCharge {
  /** Counted from 1. */
  tier: number;
  quantity: number;
  unitAmount: number;
  /** The tier's amount that comes once, whatever the quantity. */
  isFlat: boolean;
}

/**
 * What a quantity comes to. `graduated`: each tier charges the units that fall into it. `volume`: the tier in which the
 * quantity lies charges all of it. The first tier's flat amount is due without any units, too. `tiers` ascend and the last
 * one has no bound; the answer has at least one charge. Pure.
 */
export function tierCharges(tiers: readonly TierRule[], mode: TierMode, quantity: number): TierCharge[] {
  const charges = mode === 'volume' ? volumeCharges(tiers, quantity) : graduatedCharges(tiers, quantity);
  return charges.length > 0 ? charges : [{ tier: 1, quantity, unitAmount: tiers[0]?.unitAmount ?? 0, isFlat: false }];
}

function volumeCharges(tiers: readonly TierRule[], quantity: number): TierCharge[] {
  const index = tiers.findIndex(({ upTo }) => upTo === null || quantity <= upTo);
  const rule = tiers[index];
  return rule ? chargesOf(rule, index + 1, quantity, true) : [];
}

function graduatedCharges(tiers: readonly TierRule[], quantity: number): TierCharge[] {
  return tiers.flatMap((rule, index) => {
    const above = tiers[index - 1]?.upTo ?? 0;
    const units = Math.max(0, Math.min(quantity, rule.upTo ?? quantity) - above);
    return chargesOf(rule, index + 1, units, units > 0 || index === 0);
  });
}

function chargesOf(
  { unitAmount, flatAmount }: TierRule,
  tier: number,
  units: number,
  isReached: boolean,
): TierCharge[] {
  return [
    ...(units > 0 && unitAmount !== null ? [{ tier, quantity: units, unitAmount, isFlat: false }] : []),
    ...(isReached && flatAmount !== null ? [{ tier, quantity: 1, unitAmount: flatAmount, isFlat: true }] : []),
  ];
}
