import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { percentOf } from './rounding.js';

type BalanceTransaction = Kinds['balance_transaction'];

const FEE_PERCENT = 2.9;
const FEE_FIXED = 30;
const DAY_SECONDS = 86_400;
/** Card payments become available so many days after the day they were made. */
const SETTLEMENT_DAYS = 2;

export const cardFee = (amount: number): number => percentOf(amount, FEE_PERCENT) + FEE_FIXED;

export const availableOn = (paidAt: number): number =>
  (Math.floor(paidAt / DAY_SECONDS) + SETTLEMENT_DAYS) * DAY_SECONDS;

export interface Movement {
  type: BalanceTransaction['type'];
  /** Positive in, negative out; the fee goes off it. */
  amount: number;
  currency: string;
  source: string;
  reportingCategory: string;
  fee?: number;
  description?: string | null;
  /** At once when absent. */
  availableOn?: number;
}

/** Writes a balance transaction of the scope's account. */
export function moveBalance(scope: Scope, movement: Movement): BalanceTransaction {
  const { type, amount, currency, source, reportingCategory, fee = 0, description = null } = movement;
  const available = movement.availableOn ?? scope.now;
  return scope.insert('balance_transaction', {
    id: stripeId('txn'),
    object: 'balance_transaction',
    amount,
    available_on: available,
    balance_type: 'payments',
    created: scope.now,
    currency,
    description,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [{ amount: fee, application: null, currency, description: 'Stripe processing fees', type: 'stripe_fee' }],
    net: amount - fee,
    reporting_category: reportingCategory,
    source,
    status: available > scope.now ? 'pending' : 'available',
    type,
  });
}

export interface Funds {
  available: number;
  pending: number;
}

/** The scope's account's funds by currency. */
export function fundsByCurrency(scope: Scope): Map<string, Funds> {
  const funds = new Map<string, Funds>();
  for (const { currency, net, available_on } of scope.all('balance_transaction')) {
    const sum = funds.get(currency) ?? { available: 0, pending: 0 };
    if (available_on <= scope.now) sum.available += net;
    else sum.pending += net;
    funds.set(currency, sum);
  }
  return funds;
}

export function availableFunds(scope: Scope, currency: string): number {
  return fundsByCurrency(scope).get(currency)?.available ?? 0;
}

/** Marks what has become available by now; answers whether anything did. */
export function settlePending(scope: Scope): boolean {
  const due = scope.all('balance_transaction', (row) => row.status === 'pending' && row.available_on <= scope.now);
  for (const row of due) scope.update('balance_transaction', row, { status: 'available' });
  return due.length > 0;
}

/** Stripe's object of the balance. */
export function balanceObject(scope: Scope): object {
  const funds = [...fundsByCurrency(scope)];
  if (funds.length === 0) funds.push(['usd', { available: 0, pending: 0 }]);
  const side = (pick: (sum: Funds) => number): object[] =>
    funds.map(([currency, sum]) => ({ amount: pick(sum), currency, source_types: { card: pick(sum) } }));
  return {
    object: 'balance',
    available: side(({ available }) => available),
    livemode: false,
    pending: side(({ pending }) => pending),
  };
}
