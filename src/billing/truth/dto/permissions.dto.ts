/**
 * `allowed`: the list is answered. `denied`: the key lacks a permission. `not_enabled`: the account does not have the product,
 * or not in this mode. `untested`: the list belongs to objects of which none is held. `failed`: no answer that says anything.
 */
export type PermissionState = 'allowed' | 'denied' | 'not_enabled' | 'untested' | 'failed';

export class PermissionView {
  /** The type whose rows suffer. */
  type: string;
  /** The list that was asked for. */
  path: string;
  state: PermissionState;
  /** What the key lacks, as Stripe names it: `rak_charge_read`. Empty when Stripe does not say. */
  missing: string[];
  /** What does not work without it. */
  needed: string[];
  /** Stripe's code, where there is one. */
  code: string | null;
}

export class PermissionsView {
  /** `rk` for a restricted key. Never the key. */
  keyKind: 'sk' | 'rk' | 'none';
  livemode: boolean;
  checkedAt: string;
  /** Nothing that was asked for is denied. */
  complete: boolean;
  /** All permissions to be granted, in one list. */
  missing: string[];
  lists: PermissionView[];
}
