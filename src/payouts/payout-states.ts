import { DomainError } from '../common/errors.js';

export const PAYOUT_STATES = [
  'draft',
  'approved',
  'sending',
  'sent',
  'settled',
  'failed',
  'unknown',
  'returned',
  'partially_reversed',
  'reversed',
  'canceled',
  'blocked',
] as const;

export type PayoutState = (typeof PAYOUT_STATES)[number];

/**
 * Every change of state that there is. `sent` is reachable from wherever a transfer can turn out to exist; nothing but a
 * draft is ever canceled, since from the approval on the money may be under way.
 */
export const PAYOUT_TRANSITIONS: Readonly<Record<PayoutState, readonly PayoutState[]>> = {
  draft: ['approved', 'canceled'],
  approved: ['sending', 'sent', 'blocked'],
  sending: ['sent', 'failed', 'unknown', 'approved'],
  unknown: ['sending', 'sent'],
  failed: ['approved', 'sent', 'blocked'],
  sent: ['settled', 'returned', 'partially_reversed', 'reversed'],
  settled: ['returned', 'partially_reversed', 'reversed'],
  partially_reversed: ['partially_reversed', 'reversed'],
  returned: [],
  reversed: [],
  canceled: [],
  blocked: [],
};

/** The money has left; a reference says how. */
export const PAID_STATES: readonly PayoutState[] = ['sent', 'settled', 'returned', 'partially_reversed', 'reversed'];

/** Approved and not yet known to be paid: a transfer that turns up belongs to it. */
export const AWAITING_STATES: readonly PayoutState[] = ['approved', 'sending', 'unknown', 'failed'];

export function isAllowed(from: PayoutState, to: PayoutState): boolean {
  return PAYOUT_TRANSITIONS[from].includes(to);
}

/** Throws `internal` for a change that the table does not have: a mistake of ours, never of a caller. */
export function requireTransition(from: PayoutState, to: PayoutState): void {
  if (isAllowed(from, to)) return;
  throw new DomainError('internal', 'internal', `a payout cannot go from ${from} to ${to}`);
}

/** What is wrong with a table of transitions, in sentences; nothing when every state can be reached from `draft`. */
export function faultsOf(table: Readonly<Record<string, readonly string[]>>): string[] {
  const states = Object.keys(table);
  const reached = new Set(['draft']);
  for (const state of reached) for (const next of table[state] ?? []) reached.add(next);
  return [
    ...[...reached].filter((state) => !states.includes(state)).map((state) => `${state} is no state`),
    ...states.filter((state) => !reached.has(state)).map((state) => `${state} cannot be reached`),
  ];
}

const FAULTS = faultsOf(PAYOUT_TRANSITIONS);
if (FAULTS.length > 0) throw new Error(`the table of payout states is wrong: ${FAULTS.join('; ')}`);
