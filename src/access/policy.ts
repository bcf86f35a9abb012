import { applyDecorators } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';

/** Everything a key can be allowed to do. `*` is all of them, and is what the first key gets. */
export const SCOPES = [
  'billing:read',
  'billing:write',
  'events:read',
  'events:write',
  'referrals:read',
  'referrals:write',
  'payouts:read',
  'payouts:write',
  'payouts:approve',
  'portal:write',
  'privacy:read',
  'privacy:write',
  'sandbox:write',
] as const;

export type Scope = (typeof SCOPES)[number];
export const ALL_SCOPES = '*';
export type GrantedScope = Scope | typeof ALL_SCOPES;

export interface PublicOptions {
  /** False where the limit per address must not apply: Stripe delivers from a handful of addresses, in bursts. */
  limitPerAddress?: boolean;
}

/** What an operation asks of its caller. An operation that declares none is refused. */
export type AccessPolicy =
  | { kind: 'public'; reason: string; limitPerAddress: boolean }
  | { kind: 'scopes'; scopes: readonly Scope[] }
  | { kind: 'partner' };

const PolicyMetadata = Reflector.createDecorator<AccessPolicy>();

/** No key is asked for. `reason` says why that is safe; it is for the reader and for the test that lists the routes. */
export function Public(
  reason: string,
  { limitPerAddress = true }: PublicOptions = {},
): MethodDecorator & ClassDecorator {
  // In the description an empty requirement stands in for the key that all others ask for.
  return applyDecorators(PolicyMetadata({ kind: 'public', reason, limitPerAddress }), ApiSecurity({}));
}

/** A key that holds every one of `scopes` (or `*`). On a class it counts for all its methods that declare none themselves. */
export function Requires(...scopes: [Scope, ...Scope[]]): MethodDecorator & ClassDecorator {
  return PolicyMetadata({ kind: 'scopes', scopes });
}

/** A partner's token, and nothing else: what is asked for is that partner's own. */
export function ForPartners(): ClassDecorator {
  return PolicyMetadata({ kind: 'partner' });
}

/** The policy of a handler, or of its class, or undefined when neither declares one. */
export function policyOf(reflector: Reflector, handler: object, controller: object): AccessPolicy | undefined {
  return reflector.getAllAndOverride(PolicyMetadata, [handler, controller] as Parameters<
    Reflector['getAllAndOverride']
  >[1]);
}

/** The scopes that are asked for and not held. */
export function missingScopes(required: readonly Scope[], granted: readonly string[]): Scope[] {
  return granted.includes(ALL_SCOPES) ? [] : required.filter((scope) => !granted.includes(scope));
}

export function isGrantedScope(value: string): value is GrantedScope {
  return value === ALL_SCOPES || (SCOPES as readonly string[]).includes(value);
}
