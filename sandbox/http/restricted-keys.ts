import { StripeFailure } from '../core/errors.js';
import { asRow, kindOf, maybeObject } from '../core/objects.js';
import { PLATFORM, Scope } from '../core/scope.js';
import type { World } from '../core/world.js';

export type Permission = 'none' | 'read' | 'write';
/** By the list's path: `charges`, `checkout.sessions`, `billing.meters`; `*` for all that is not named. */
export type Permissions = Record<string, Permission>;

const KEY_KIND = kindOf('sandbox.key');

/** Parts of the API whose second segment names the resource. */
const NAMESPACES = new Set([
  'apple_pay',
  'apps',
  'billing',
  'billing_portal',
  'checkout',
  'climate',
  'commerce',
  'core',
  'entitlements',
  'financial_connections',
  'forwarding',
  'identity',
  'issuing',
  'money_management',
  'product_catalog',
  'radar',
  'reporting',
  'sigma',
  'tax',
  'terminal',
  'test_helpers',
  'three_d_secure',
  'treasury',
]);

/** Stripe's own names where they are not the resource's in the singular. */
const NAMES: Record<string, string> = {
  account: 'connected_account',
  accounts: 'connected_account',
  balance_transactions: 'balance_transaction_source',
  'core.accounts': 'connected_account',
  'core.event_destinations': 'webhook',
  'core.events': 'event',
  plans: 'plan',
  prices: 'plan',
  refunds: 'charge',
  webhook_endpoints: 'webhook',
};

/** `charges` of `/v1/charges/ch_1/capture`. */
export function resourceOf(path: string): string {
  const [first = '', second] = path.split('/').slice(2);
  return NAMESPACES.has(first) && second !== undefined ? `${first}.${second}` : first;
}

function permissionName(resource: string, needed: Permission): string {
  const last = resource.replaceAll('.', '_');
  const singular = last.endsWith('ies') ? `${last.slice(0, -3)}y` : last.replace(/s$/, '');
  return `rak_${NAMES[resource] ?? singular}_${needed}`;
}

/** Gives a restricted key its permissions; what they do not name is forbidden unless `*` allows it. */
export function restrictKey(world: World, key: string, permissions: Permissions): void {
  if (!/^rk_test_\w+$/.test(key)) throw new Error(`'key' must be a restricted test key, rk_test_…; it is '${key}'.`);
  for (const [resource, permission] of Object.entries(permissions)) {
    if (['none', 'read', 'write'].includes(permission)) continue;
    throw new Error(`The permission for '${resource}' must be none, read or write; it is '${String(permission)}'.`);
  }
  world.store.put(PLATFORM, KEY_KIND, asRow({ id: key, object: 'sandbox.key', permissions }));
}

/** The key may do everything again, as one that was never restricted. */
export function liftRestrictions(world: World, key: string): void {
  world.store.drop(PLATFORM, KEY_KIND, key);
}

/** Throws Stripe's refusal when a registered restricted key lacks what the request needs. */
export function checkPermission(world: World, key: string, method: string, path: string, account: string): void {
  const row = maybeObject(new Scope(world), 'sandbox.key', key);
  if (!row) return;
  const permissions = row.permissions as Permissions;
  const resource = resourceOf(path);
  const granted = permissions[resource] ?? permissions['*'] ?? 'none';
  const needed = method === 'GET' ? 'read' : 'write';
  if (granted === 'write' || granted === needed) return;
  const asked = account === PLATFORM ? world.platformAccount().id : account;
  throw new StripeFailure(
    403,
    'invalid_request_error',
    `The provided key '${masked(key)}' does not have the required permissions for this endpoint on account '${asked}'. ` +
      `Having the '${permissionName(resource, needed)}' permission would allow this request to continue.`,
  );
}

const SHOWN_END = 4;
const masked = (key: string): string => {
  const start = 'rk_test_'.length;
  const hidden = Math.max(0, key.length - start - SHOWN_END);
  return `${key.slice(0, start)}${'*'.repeat(hidden)}${key.slice(start + hidden)}`;
};
