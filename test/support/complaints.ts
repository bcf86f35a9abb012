import type { StripeEvent, StripeObject } from './stripe-events.js';
import { randomId, stripeEvent } from './stripe-events.js';

/** A dispute of a charge, and the events of its life. Each event tells the whole state of its moment, as Stripe's do. */
export function disputeOf(paid: StripeObject, amount: number, at: number, opened = 'needs_response') {
  let state: StripeObject = {
    ...{ id: randomId('dp'), object: 'dispute', amount, currency: 'usd', charge: paid.id, created: at },
    ...{ payment_intent: paid.payment_intent, reason: 'fraudulent', status: opened, balance_transactions: [] },
  };
  let moment = at;
  const tell = (type: string, change: Record<string, unknown>): StripeEvent => {
    const previous = Object.fromEntries(Object.keys(change).map((key) => [key, state[key]]));
    state = { ...state, ...change };
    moment += 10;
    return stripeEvent(type, state, { created: moment, previous });
  };
  const moved = (minor: number): Record<string, unknown> => ({
    balance_transactions: [
      ...(state.balance_transactions as unknown[]),
      { id: randomId('txn'), object: 'balance_transaction', amount: minor, currency: 'usd', created: moment + 10 },
    ],
  });
  return {
    id: state.id,
    opened: stripeEvent('charge.dispute.created', state, { created: at }),
    withdrawn: () => tell('charge.dispute.funds_withdrawn', moved(-amount)),
    reinstated: () => tell('charge.dispute.funds_reinstated', moved(amount)),
    closed: (status: 'won' | 'lost' | 'warning_closed') => tell('charge.dispute.closed', { status }),
  };
}

/** A bank's early warning of fraud on a charge. */
export function warningOf(paid: StripeObject, at: number): StripeEvent {
  const warning = {
    ...{ id: randomId('issfr'), object: 'radar.early_fraud_warning', actionable: true, charge: paid.id },
    ...{ payment_intent: paid.payment_intent, fraud_type: 'made_with_stolen_card', created: at, livemode: false },
  };
  return stripeEvent('radar.early_fraud_warning.created', warning, { created: at });
}
