import { NO_REQUEST, Scope } from '../core/scope.js';
import { stripeId } from '../core/ids.js';
import { previousAttributes } from '../core/previous-attributes.js';
import type { Kinds } from '../core/wire.js';
import { accountShell } from '../core/platform-account.js';
import { invalidRequest } from '../core/errors.js';

type Account = Kinds['account'];
export type CapabilityName = keyof NonNullable<Account['capabilities']>;
export type CapabilityStatus = 'active' | 'inactive' | 'pending';

export function createAccount(scope: Scope, patch: Partial<Account>, requested: CapabilityName[]): Account {
  const shell = accountShell(scope.now);
  const capabilities = Object.fromEntries(requested.map((name) => [name, 'active'])) as Account['capabilities'];
  const account: Account = {
    ...shell,
    ...patch,
    capabilities,
    charges_enabled: requested.includes('card_payments'),
    details_submitted: true,
    payouts_enabled: requested.length > 0,
    external_accounts: { object: 'list', data: [], has_more: false, url: `/v1/accounts/${shell.id}/external_accounts` },
  };
  return scope.insert('account', { ...account, requirements: requirementsOf(account) });
}

const NO_REQUIREMENTS = {
  alternatives: [] as never[],
  current_deadline: null,
  currently_due: [] as string[],
  disabled_reason: null,
  errors: [] as never[],
  eventually_due: [] as string[],
  past_due: [] as string[],
  pending_verification: [] as string[],
};

/** What the platform still has to collect, where that is its business and not Stripe's. */
export function requirementsOf(account: Account): NonNullable<Account['requirements']> {
  const collects = account.type === 'custom' || account.controller?.requirement_collection === 'application';
  const old = account.requirements ?? NO_REQUIREMENTS;
  if (!collects) return old;
  const profile = account.business_profile;
  const missing = [
    ...(profile?.mcc ? [] : ['business_profile.mcc']),
    ...(profile?.url || profile?.product_description ? [] : ['business_profile.url']),
    ...(account.business_type ? [] : ['business_type']),
    ...(account.external_accounts?.data.length ? [] : ['external_account']),
    ...(account.tos_acceptance?.date ? [] : ['tos_acceptance.date', 'tos_acceptance.ip']),
  ];
  return { ...old, currently_due: missing, eventually_due: missing };
}

/** Events of a connected account carry its id and go to Connect endpoints. */
export const asAccount = (scope: Scope, account: string): Scope => new Scope(scope.world, account, scope.request);

export function changeAccount(scope: Scope, account: Account, patch: Partial<Account>): Account {
  const before = scope.get('account', account.id);
  const requirements = patch.requirements ?? requirementsOf({ ...before, ...patch });
  const changed = scope.update('account', before, { ...patch, requirements });
  const previous = previousAttributes(before, changed);
  if (previous) asAccount(scope, account.id).emit('account.updated', changed, previous);
  return changed;
}

export function capabilityObject(account: Account, name: CapabilityName): Kinds['capability'] {
  const status = account.capabilities?.[name];
  return {
    id: name,
    object: 'capability',
    account: account.id,
    future_requirements: NO_REQUIREMENTS,
    requested: status !== undefined,
    requested_at: status === undefined ? null : (account.created ?? null),
    requirements: NO_REQUIREMENTS,
    status: status ?? 'unrequested',
  };
}

/** What Stripe's review decides: the account changes, and both events tell it. */
export function setCapability(scope: Scope, account: Account, name: CapabilityName, status: CapabilityStatus): Account {
  const before = account.capabilities?.[name] ?? 'unrequested';
  if (before === status) return account;
  const capabilities = { ...account.capabilities, [name]: status };
  const patch: Partial<Account> = { capabilities };
  if (name === 'card_payments') patch.charges_enabled = status === 'active';
  if (name === 'transfers') patch.payouts_enabled = status === 'active';
  const changed = changeAccount(scope, account, patch);
  asAccount(scope, account.id).emit('capability.updated', capabilityObject(changed, name), { status: before });
  return changed;
}

/** The account's owner disconnects the platform: its account is out of reach from now on. */
export function deauthorize(scope: Scope, account: Account): void {
  if (scope.world.isDeauthorized(account.id)) throw invalidRequest(`Account ${account.id} is disconnected already.`);
  scope.world.deauthorize(account);
  const application: Kinds['application'] = { id: stripeId('ca'), object: 'application', name: 'Sandbox' };
  new Scope(scope.world, account.id, NO_REQUEST).emit('account.application.deauthorized', application);
}

const REJECTIONS: Record<string, 'rejected.other' | 'rejected.terms_of_service'> = {
  other: 'rejected.other',
  terms_of_service: 'rejected.terms_of_service',
};

/** The platform throws the account out: it can do nothing any more, and why stands in its requirements. */
export function rejectAccount(scope: Scope, account: Account, reason: string): Account {
  if (account.requirements?.disabled_reason?.startsWith('rejected.')) {
    throw invalidRequest(`Account ${account.id} has been rejected already.`, { param: 'account' });
  }
  const disabled = REJECTIONS[reason] ?? 'rejected.fraud';
  return changeAccount(scope, account, {
    capabilities: allCapabilities(account, 'inactive'),
    charges_enabled: false,
    payouts_enabled: false,
    requirements: { ...NO_REQUIREMENTS, ...account.requirements, disabled_reason: disabled },
  });
}

export function unrejectAccount(scope: Scope, account: Account): Account {
  if (!account.requirements?.disabled_reason?.startsWith('rejected.')) {
    throw invalidRequest(`Account ${account.id} is not rejected.`, { param: 'account' });
  }
  return changeAccount(scope, account, {
    capabilities: allCapabilities(account, 'active'),
    charges_enabled: account.capabilities?.card_payments !== undefined,
    payouts_enabled: Object.keys(account.capabilities ?? {}).length > 0,
    requirements: { ...account.requirements, disabled_reason: null },
  });
}

const allCapabilities = (account: Account, status: CapabilityStatus): Account['capabilities'] =>
  Object.fromEntries(Object.keys(account.capabilities ?? {}).map((name) => [name, status]));
