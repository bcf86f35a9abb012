import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { tierCharges, type TierCharge } from '../money/tiers.js';

type Tier = Kinds['sandbox.tiers']['tiers'][number];

/** A tier as it is asked for: the last one has no end. */
export interface TierFields {
  up_to: number | 'inf';
  unit_amount?: number;
  flat_amount?: number;
}

export interface TieredFields {
  billing_scheme?: 'per_unit' | 'tiered';
  tiers?: readonly TierFields[];
  tiers_mode?: 'graduated' | 'volume';
}

/** The tiers as Stripe shows them; null for a price without. Throws Stripe's refusal of what does not go together. */
export function readTiers({ billing_scheme, tiers, tiers_mode }: TieredFields): Tier[] | null {
  if (billing_scheme !== 'tiered') {
    if (tiers === undefined && tiers_mode === undefined) return null;
    throw refused('You can only set `tiers` and `tiers_mode` with `billing_scheme=tiered`.', 'tiers');
  }
  if (tiers === undefined || tiers.length === 0) throw refused('Missing required param: tiers.', 'tiers');
  if (tiers_mode === undefined) throw refused('Missing required param: tiers_mode.', 'tiers_mode');
  let above = 0;
  for (const [index, { up_to, unit_amount, flat_amount }] of tiers.entries()) {
    const isLast = index === tiers.length - 1;
    if (isLast !== (up_to === 'inf'))
      throw refused('Only the last tier must have `up_to=inf`.', `tiers[${index}][up_to]`);
    if (up_to !== 'inf' && up_to <= above) {
      throw refused('Each tier must end above the one before it.', `tiers[${index}][up_to]`);
    }
    if (unit_amount === undefined && flat_amount === undefined)
      throw refused('A tier needs `unit_amount` or `flat_amount`.', `tiers[${index}]`);
    above = up_to === 'inf' ? above : up_to;
  }
  return tiers.map(shownTier);
}

export function keepTiers(scope: Scope, price: string, tiers: Tier[]): void {
  scope.world.store.put(scope.account, 'sandbox.tiers', {
    id: price,
    object: 'sandbox.tiers',
    created: scope.now,
    tiers,
  });
}

/** What a quantity at the price comes to, charge by charge; a price without tiers makes one. */
export function chargesFor(
  scope: Scope,
  price: Kinds['price'],
  quantity: number,
): (Omit<TierCharge, 'tier'> & { tier: number | null })[] {
  if (price.billing_scheme !== 'tiered')
    return [{ tier: null, quantity, unitAmount: price.unit_amount ?? 0, isFlat: false }];
  const { tiers = [] } = scope.maybe('sandbox.tiers', price.id) ?? {};
  const rules = tiers.map(({ up_to, unit_amount, flat_amount }) => ({
    upTo: up_to,
    unitAmount: unit_amount,
    flatAmount: flat_amount,
  }));
  return tierCharges(rules, price.tiers_mode === 'volume' ? 'volume' : 'graduated', quantity);
}

export const amountFor = (scope: Scope, price: Kinds['price'], quantity: number): number =>
  chargesFor(scope, price, quantity).reduce((sum, charge) => sum + charge.quantity * charge.unitAmount, 0);

function shownTier({ up_to, unit_amount, flat_amount }: TierFields): Tier {
  return {
    flat_amount: flat_amount ?? null,
    flat_amount_decimal: flat_amount === undefined ? null : String(flat_amount),
    unit_amount: unit_amount ?? null,
    unit_amount_decimal: unit_amount === undefined ? null : String(unit_amount),
    up_to: up_to === 'inf' ? null : up_to,
  };
}

function refused(message: string, param: string): Error {
  return invalidRequest(message, { param });
}
