import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import { setLinks } from '../core/objects.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';

type Grant = Kinds['billing.credit_grant'];
type Transaction = Kinds['billing.credit_balance_transaction'];

/** Credits of a customer, which are entered in his credit balance at once. */
export function grantCredits(scope: Scope, grant: Grant): Grant {
  scope.insert('billing.credit_grant', grant, 'billing.credit_grant.created');
  enter(scope, grant, { type: 'credit', amount: grant.amount.monetary?.value ?? 0, why: 'credits_granted' });
  return grant;
}

type Entry =
  | { type: 'credit'; amount: number; why: 'credits_granted' }
  | { type: 'debit'; amount: number; why: 'credits_expired' | 'credits_voided' };

function enter(scope: Scope, grant: Grant, entry: Entry): void {
  const amount = {
    monetary: { currency: grant.amount.monetary?.currency ?? 'usd', value: entry.amount },
    type: 'monetary' as const,
  };
  const transaction: Transaction = {
    id: stripeId('cbtxn'),
    object: 'billing.credit_balance_transaction',
    created: scope.now,
    credit: entry.type === 'credit' ? { amount, credits_application_invoice_voided: null, type: entry.why } : null,
    credit_grant: grant.id,
    debit: entry.type === 'debit' ? { amount, credits_applied: null, type: entry.why } : null,
    effective_at: scope.now,
    livemode: false,
    test_clock: grant.test_clock,
    type: entry.type,
  };
  setLinks(scope, transaction.object, transaction.id, { customer: grant.customer });
  scope.insert('billing.credit_balance_transaction', transaction, 'billing.credit_balance_transaction.created');
}

const valueOf = ({ credit, debit }: Transaction): number =>
  (credit?.amount.monetary?.value ?? 0) - (debit?.amount.monetary?.value ?? 0);

export const leftOf = (scope: Scope, grant: Grant): number =>
  scope
    .all('billing.credit_balance_transaction', ({ credit_grant }) => credit_grant === grant.id)
    .reduce((sum, row) => sum + valueOf(row), 0);

/** Ends a grant now: what is left of it cannot be used any more. */
export function endGrant(scope: Scope, grant: Grant, how: 'expire' | 'void'): Grant {
  const isOver = grant.voided_at !== null || (grant.expires_at !== null && grant.expires_at <= scope.now);
  if (isOver) throw invalidRequest(`Credit grant ${grant.id} is voided or expired already.`, { param: 'id' });
  const left = leftOf(scope, grant);
  if (how === 'void' && left !== grant.amount.monetary?.value) {
    throw invalidRequest(`Credit grant ${grant.id} has been used and cannot be voided.`, { param: 'id' });
  }
  const why = how === 'void' ? 'credits_voided' : 'credits_expired';
  if (left > 0) enter(scope, grant, { type: 'debit', amount: left, why });
  const patch = how === 'void' ? { voided_at: scope.now } : { expires_at: scope.now };
  return scope.update('billing.credit_grant', grant, { ...patch, updated: scope.now }, 'billing.credit_grant.updated');
}

/** Both sums of the summary: what can be used, and what the ledger holds. */
export function creditBalance(scope: Scope, customer: string, grant: string | undefined): object[] {
  const sums = new Map<string, number>();
  const grants = scope.all(
    'billing.credit_grant',
    (row) => row.customer === customer && (grant === undefined || row.id === grant),
  );
  for (const row of grants) {
    const currency = row.amount.monetary?.currency ?? 'usd';
    sums.set(currency, (sums.get(currency) ?? 0) + leftOf(scope, row));
  }
  return [...sums].map(([currency, value]) => {
    const amount = { monetary: { currency, value }, type: 'monetary' };
    return { available_balance: amount, ledger_balance: amount };
  });
}
