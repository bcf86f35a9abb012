import { movement, type NewEntry, type NewTransaction } from '../../ledger/ledger.service.js';
import type { Commission } from '../commission.entity.js';

/** What the ledger says of a commission, or should say; minor units of its currency, none below 0. */
export interface CommissionTotals {
  earnedMinor: number;
  /** Taken back and not given again. */
  reversedMinor: number;
  /** Taken back because a person refused it. */
  rejectedMinor: number;
  /** Of what is left, what waits in `held`. */
  heldMinor: number;
}

/** When and why a change of each kind came about. */
export interface PostingCauses {
  earnedAt: Date;
  reversedAt: Date;
  rejectedAt: Date;
  heldAt: Date;
  earning: Record<string, unknown>;
  reversal: Record<string, unknown>;
  rejection: Record<string, unknown>;
  hold: Record<string, unknown>;
}

export const NOTHING_POSTED: CommissionTotals = { earnedMinor: 0, reversedMinor: 0, rejectedMinor: 0, heldMinor: 0 };

type PostedCommission = Pick<
  Commission,
  'workspaceId' | 'id' | 'partnerId' | 'programId' | 'currency' | 'dueAt' | 'amountMinor'
>;
type Kind = NewTransaction['kind'];

/**
 * The transactions that lead from what is posted to what should be: the earning or its correction, what is taken back or
 * given again, what a person refused, and last what moves into or out of `held`. What is taken back leaves `held` first. What
 * is released is due when it was. `postings` is how many transactions there are already; it numbers the next ones. Pure.
 */
export function postingsBetween(
  commission: PostedCommission,
  posted: CommissionTotals,
  wanted: CommissionTotals,
  postings: number,
  causes: PostingCauses,
): NewTransaction[] {
  const change = (name: keyof CommissionTotals): number => wanted[name] - posted[name];
  const { dueAt } = commission;
  const reversalDue = laterOf(dueAt, causes.reversedAt);
  const [earned, taken, refused] = [change('earnedMinor'), -change('reversedMinor'), -change('rejectedMinor')];
  const changes: Array<[Kind, number, Date, Date, Record<string, unknown>]> = [
    [postings === 0 ? 'earning' : 'adjustment', earned, causes.earnedAt, dueAt, causes.earning],
    [taken < 0 ? 'reversal' : 'reinstatement', taken, causes.reversedAt, reversalDue, causes.reversal],
    ['rejection', refused, causes.rejectedAt, dueAt, causes.rejection],
  ];
  let heldMinor = posted.heldMinor;
  const transactions: NewTransaction[] = [];
  for (const [kind, amountMinor, occurredAt, due, cause] of changes) {
    if (amountMinor === 0) continue;
    const fromHeldMinor = Math.min(heldMinor, Math.max(0, -amountMinor));
    heldMinor -= fromHeldMinor;
    const fact = { kind, factKey: factKeyOf(commission, kind, postings + transactions.length), occurredAt };
    transactions.push(owing(commission, fact, amountMinor, fromHeldMinor, due, cause));
  }
  const moved = wanted.heldMinor - heldMinor;
  if (moved !== 0) {
    const kind = moved > 0 ? ('hold' as const) : ('release' as const);
    const factKey = factKeyOf(commission, kind, postings + transactions.length);
    transactions.push(holding(commission, { kind, factKey, occurredAt: causes.heldAt }, moved, causes.hold));
  }
  return transactions;
}

/** Everything that is left of it is taken back: it is another partner's, or nobody's. Pure. */
export function takingBack(
  commission: PostedCommission,
  posted: CommissionTotals,
  postings: number,
  at: Date,
  cause: Record<string, unknown>,
): NewTransaction[] {
  const netMinor = posted.earnedMinor - posted.reversedMinor - posted.rejectedMinor;
  if (netMinor === 0 && posted.heldMinor === 0) return [];
  const fact = {
    kind: 'adjustment' as const,
    factKey: factKeyOf(commission, 'adjustment', postings),
    occurredAt: at,
  };
  return [owing(commission, fact, -netMinor, posted.heldMinor, commission.dueAt, cause)];
}

/** A commission is earned once; everything after it has a number. */
function factKeyOf({ id }: PostedCommission, kind: Kind, before: number): string {
  return kind === 'earning' ? `earning:${id}` : `${kind}:${id}:${before + 1}`;
}

type Fact = Pick<NewTransaction, 'kind' | 'factKey' | 'occurredAt'>;

/** Changes what is owed; so much of it leaves `held`, the rest is in `earned`. */
function owing(
  commission: PostedCommission,
  fact: Fact,
  amountMinor: number,
  fromHeldMinor: number,
  dueAt: Date,
  cause: Record<string, unknown>,
): NewTransaction {
  const common = commonOf(commission);
  const earnedMinor = amountMinor + fromHeldMinor;
  const entries: NewEntry[] = [
    ...(earnedMinor === 0
      ? []
      : [{ ...common, account: 'earned' as const, amountMinor: earnedMinor, dueAt, payable: true }]),
    ...(fromHeldMinor === 0 ? [] : [{ ...common, account: 'held' as const, amountMinor: -fromHeldMinor }]),
    { ...common, account: 'expense', amountMinor: -amountMinor },
  ];
  return { workspaceId: commission.workspaceId, ...fact, commissionId: commission.id, cause, entries };
}

/** Moves between `earned` and `held`. Both ways the entry in `earned` is payable, so that a draft loses what is held. */
function holding(
  commission: PostedCommission,
  fact: Fact,
  heldMinor: number,
  cause: Record<string, unknown>,
): NewTransaction {
  const line = { ...commonOf(commission), amountMinor: heldMinor, dueAt: commission.dueAt, payable: true };
  const entries = movement('earned', 'held', line);
  return { workspaceId: commission.workspaceId, ...fact, commissionId: commission.id, cause, entries };
}

function commonOf({
  id,
  partnerId,
  programId,
  currency,
}: PostedCommission): Pick<NewEntry, 'partnerId' | 'programId' | 'commissionId' | 'currency'> {
  return { partnerId, programId, commissionId: id, currency };
}

function laterOf(a: Date, b: Date): Date {
  return new Date(Math.max(a.getTime(), b.getTime()));
}
