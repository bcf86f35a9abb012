import { invalidRequest, StripeFailure } from '../core/errors.js';
import { keepingChanges, type Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { failedOutcome } from './charge-details.js';
import { authorized, chargeShell, paidCharge, type ChargeFields } from './charges.js';
import { behaviourOf } from './payments.js';

type Charge = Kinds['charge'];

/** A charge without a payment intent, as integrations of before 2018 make them. */
export function chargeDirectly(
  scope: Scope,
  fields: Omit<ChargeFields, 'payment_method' | 'payment_intent'> & { source: string | null },
  captures: boolean,
): Charge {
  const method = fields.source ?? scope.maybe('customer', fields.customer ?? '')?.default_source ?? null;
  if (method === null) {
    throw invalidRequest('Cannot charge a customer that has no active card.', { code: 'missing', param: 'card' });
  }
  const behaviour = behaviourOf(scope, method);
  const shell = chargeShell(scope, { ...fields, payment_intent: null, payment_method: method });
  if (behaviour === 'declines' || behaviour === 'insufficient_funds') throw declinedCharge(scope, shell, behaviour);
  const held = authorized(shell);
  return scope.insert('charge', captures ? paidCharge(scope, held, held.amount, behaviour) : held, 'charge.succeeded');
}

function declinedCharge(scope: Scope, shell: Charge, behaviour: 'declines' | 'insufficient_funds'): StripeFailure {
  const declineCode = behaviour === 'declines' ? 'generic_decline' : 'insufficient_funds';
  const message = behaviour === 'declines' ? 'Your card was declined.' : 'Your card has insufficient funds.';
  const failed = {
    ...shell,
    failure_code: 'card_declined',
    failure_message: message,
    outcome: failedOutcome(declineCode),
  };
  scope.insert('charge', failed, 'charge.failed');
  return keepingChanges(
    new StripeFailure(402, 'card_error', message, { code: 'card_declined', declineCode, charge: failed.id }),
  );
}
