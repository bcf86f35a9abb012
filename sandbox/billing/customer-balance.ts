import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';

type Customer = Kinds['customer'];
type BalanceTransaction = Kinds['customer_balance_transaction'];

export interface BalanceChange {
  /** Negative is a credit to the customer. */
  amount: number;
  currency: string;
  type: BalanceTransaction['type'];
  description?: string | null;
  metadata?: Record<string, string>;
  invoice?: string | null;
  creditNote?: string | null;
}

export function changeBalance(scope: Scope, customer: Customer, change: BalanceChange): BalanceTransaction {
  const current = scope.get('customer', customer.id);
  const transaction = recordChange(scope, current, change);
  const patch = { balance: transaction.ending_balance, currency: current.currency ?? change.currency };
  scope.update('customer', current, patch, 'customer.updated');
  return transaction;
}

/** Only the transaction, for who changes the customer himself. */
export function recordChange(scope: Scope, customer: Customer, change: BalanceChange): BalanceTransaction {
  const transaction: BalanceTransaction = {
    id: stripeId('cbtxn'),
    object: 'customer_balance_transaction',
    amount: change.amount,
    checkout_session: null,
    created: scope.now,
    credit_note: change.creditNote ?? null,
    currency: change.currency,
    customer: customer.id,
    customer_account: null,
    description: change.description ?? null,
    ending_balance: customer.balance + change.amount,
    invoice: change.invoice ?? null,
    livemode: false,
    metadata: change.metadata ?? {},
    type: change.type,
  };
  return scope.insert('customer_balance_transaction', transaction);
}
