import { ConnectedAccounts, PLATFORM } from '../billing/mirror/connected-accounts.service.js';
import { toDomainError } from '../stripe/failure.js';
import { StripeGateway } from '../stripe/stripe-gateway.service.js';
import type { House } from './command.js';

/** Whose objects `--account` means: its own account's id is the platform. Asks Stripe. Errors are Stripe's, translated. */
export async function accountMeant(workspaceId: string, account: string, house: House): Promise<string> {
  if (account === PLATFORM || !house.get(StripeGateway).isConfigured(workspaceId)) return account;
  try {
    const own = await house.get(ConnectedAccounts).findOwn(workspaceId);
    return account === own ? PLATFORM : account;
  } catch (error) {
    throw toDomainError(error);
  }
}
