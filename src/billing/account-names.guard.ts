import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { callStateOf, type CallState } from '../access/call-state.js';
import { policyOf, type AccessPolicy } from '../access/policy.js';
import { DomainError } from '../common/errors.js';
import { StripeGateway } from '../stripe/stripe-gateway.service.js';
import { toDomainError } from '../stripe/failure.js';
import { ConnectedAccounts, PLATFORM } from './mirror/connected-accounts.service.js';

type Named = Record<string, unknown> & { account: string };

/**
 * Looks at the `account` of whatever is asked of the billing room, on both faces and before any transaction. The own
 * account's id becomes `platform`, so that nothing is held under it a second time; a read from the mirror is refused for an
 * account of which nothing was ever held. What else is wrong with the field is the pipe's affair.
 */
@Injectable()
export class AccountNamesGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly accounts: ConnectedAccounts,
    private readonly stripe: StripeGateway,
  ) {}

  /** Errors: `account_not_found`; Stripe's, when a write must know the own account and Stripe gives no answer. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const call = callStateOf(context);
    const policy = policyOf(this.reflector, context.getHandler(), context.getClass());
    if (call.caller === undefined || !isOfBilling(policy)) return true;
    const { workspaceId } = call.caller;
    for (const named of partsWithAccount(call)) {
      if (named.account === PLATFORM) continue;
      const isRead = !policy.scopes.includes('billing:write') && !isFresh(named);
      if (named.account === (await this.ownOf(workspaceId, isRead))) named.account = PLATFORM;
      else if (isRead && !(await this.accounts.isKnown(workspaceId, named.account))) throw notKnown(named.account);
    }
    return true;
  }

  /** Whoever reads from the mirror does not wait for Stripe; what goes to Stripe must not go there as somebody else. */
  private async ownOf(workspaceId: string, isRead: boolean): Promise<string | null> {
    if (isRead || !this.stripe.isConfigured(workspaceId)) return this.accounts.findRecordedOwn(workspaceId);
    try {
      return await this.accounts.findOwn(workspaceId);
    } catch (error) {
      throw toDomainError(error);
    }
  }
}

function isOfBilling(policy: AccessPolicy | undefined): policy is Extract<AccessPolicy, { kind: 'scopes' }> {
  return policy?.kind === 'scopes' && policy.scopes.some((scope) => scope.startsWith('billing:'));
}

/** A gRPC message names it itself, an HTTP request in its query or body. */
function partsWithAccount({ face, input }: CallState): Named[] {
  const { query, body } = input as { query?: unknown; body?: unknown };
  return (face === 'grpc' ? [input] : [query, body]).filter(namesAccount);
}

function namesAccount(part: unknown): part is Named {
  const account: unknown = typeof part === 'object' && part !== null && 'account' in part ? part.account : undefined;
  return typeof account === 'string' && account !== '';
}

const isFresh = ({ fresh }: Named): boolean => fresh === true || fresh === 'true';

function notKnown(account: string): DomainError {
  const text = `the mirror knows no account ${account}: no event, backfill or sweep has brought anything of it; check the id, or run a backfill of that account`;
  return new DomainError('not_found', 'account_not_found', text, { field: 'account' });
}
