import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '../common/errors.js';
import { addRequestFacts } from '../common/request-context.js';
import { ApiKeysService, unauthenticated } from './api-keys.service.js';
import { bearerToken } from './api-key-token.js';
import { callStateOf } from './call-state.js';
import type { CallState } from './call-state.js';
import type { Caller } from './caller.js';
import { missingScopes, policyOf } from './policy.js';
import type { Scope } from './policy.js';
import { RateLimitsService } from './rate-limits.service.js';

/**
 * The one door of both faces. What declares no policy is refused. Security lives here and never in middleware, which
 * Fastify's router has been talked around more than once.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeysService,
    private readonly limits: RateLimitsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const call = callStateOf(context);
    requireTimeLeft(call);
    const policy = policyOf(this.reflector, context.getHandler(), context.getClass());
    if (policy?.kind === 'public') {
      if (policy.limitPerAddress) this.limits.take('address', addressBucket(call.address));
      return true;
    }
    this.limits.take('address', addressBucket(call.address));
    const caller = await this.authenticate(call);
    this.limits.take('key', caller.keyId);
    if (!policy)
      throw new DomainError(
        'forbidden',
        'no_policy',
        `${call.operation} declares no access policy, so nobody may call it`,
      );
    if (policy.kind === 'partner') requirePartner(caller);
    else requireScopes(caller, policy.scopes);
    call.caller = caller;
    return true;
  }

  /**
   * Wrong keys are counted per address, and beyond the limit they are answered 429. A right key still passes then, or else
   * anyone behind the same proxy could lock the company's own services out.
   */
  private async authenticate(call: CallState): Promise<Caller> {
    const token = bearerToken(call.header('authorization'));
    const key = token && (await this.keys.authenticate(token));
    if (!key) {
      this.limits.take('failed_auth', addressBucket(call.address));
      throw unauthenticated();
    }
    const { keyId, workspaceId, livemode, scopes, partner } = key;
    addRequestFacts({ keyId, workspaceId });
    return { keyId, workspaceId, livemode, scopes, partner, requestId: call.requestId, address: call.address };
  }
}

function requireTimeLeft({ deadline }: CallState): void {
  if (deadline && deadline.getTime() <= Date.now()) {
    throw new DomainError(
      'timeout',
      'deadline_exceeded',
      'the deadline passed before the work began; nothing was done',
    );
  }
}

function requirePartner({ keyId, partner }: Caller): void {
  if (partner !== null) return;
  const says = `API key ${keyId} belongs to no partner; what is under /v1/me is read with a partner's token, made by POST /v1/partners/:id/tokens`;
  throw new DomainError('forbidden', 'partner_token_required', says);
}

function requireScopes(caller: Caller, required: readonly Scope[]): void {
  if (caller.partner !== null) {
    const says = `the token ${caller.keyId} is a partner's, which may call /v1/me and nothing else`;
    throw new DomainError('forbidden', 'partner_token', says);
  }
  const missing = missingScopes(required, caller.scopes);
  if (missing.length > 0) {
    throw new DomainError(
      'forbidden',
      'missing_scope',
      `API key ${caller.keyId} lacks the scope ${missing.join(', ')}`,
    );
  }
}

const IPV6_NETWORK_GROUPS = 4;

/** An IPv6 subscriber holds a whole /64, so that is what is counted. */
export function addressBucket(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : new Array<string>(Math.max(0, 8 - groups.length - tailGroups.length)).fill('0');
  return [...groups, ...zeros, ...tailGroups].slice(0, IPV6_NETWORK_GROUPS).join(':');
}
