import { NO_REQUEST, Scope } from '../core/scope.js';
import { stripeId } from '../core/ids.js';
import { previousAttributes } from '../core/previous-attributes.js';
import type { Kinds } from '../core/wire.js';
import { accountShell } from '../core/platform-account.js';
import { invalidRequest } from '../core/errors.js';

type Account = Kinds['account'];
export type CapabilityName = 'card_payments' | 'transfers';
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
  return scope.insert('account', account);
}

/** Events of a connected account carry its id and go to Connect endpoints. */
const asAccount = (scope: Scope, account: string): Scope => new Scope(scope.world, account, scope.request);

export function changeAccount(scope: Scope, account: Account, patch: Partial<Account>): Account {
  const before = scope.get('account', account.id);
  const changed = scope.update('account', before, patch);
  const previous = previousAttributes(before, changed);
  if (previous) asAccount(scope, account.id).emit('account.updated', changed, previous);
  return changed;
}

export function capabilityObject(account: Account, name: CapabilityName): Kinds['capability'] {
  const status = account.capabilities?.[name];
  const none = {
    alternatives: [],
    current_deadline: null,
    currently_due: [],
    disabled_reason: null,
    errors: [],
    eventually_due: [],
    past_due: [],
    pending_verification: [],
  };
  return {
    id: name,
    object: 'capability',
    account: account.id,
    future_requirements: none,
    requested: status !== undefined,
    requested_at: status === undefined ? null : (account.created ?? null),
    requirements: none,
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
