import { movement, type NewTransaction } from '../ledger/ledger.service.js';

/** What the ledger needs to know of a payout. */
export interface PayoutAccount {
  workspaceId: string;
  id: string;
  runId: string;
  partnerId: string;
  currency: string;
}

/** Lines become part of a draft: what is due moves to what is in payouts. Negative when what was taken back joins. */
export function reserving(
  payout: PayoutAccount,
  revision: number,
  amountMinor: number,
  cutoff: Date,
  at: Date,
): NewTransaction {
  const entries = movement('earned', 'in_payout', { ...of(payout), amountMinor, dueAt: cutoff, payable: false });
  return { ...transaction(payout, 'reserve', `reserve:${payout.id}:${revision}`, at), entries };
}

/** The payout is given up: what it held is due again. */
export function unreserving(payout: PayoutAccount, amountMinor: number, cutoff: Date, at: Date): NewTransaction {
  const entries = movement('in_payout', 'earned', { ...of(payout), amountMinor, dueAt: cutoff, payable: false });
  return { ...transaction(payout, 'unreserve', `unreserve:${payout.id}`, at), entries };
}

/**
 * What a provider cannot transfer is split off: one entry that becomes a line of this payout (`lineId`), and its opposite,
 * which the next payout takes (rule R6).
 */
export function splittingOff(
  payout: PayoutAccount,
  revision: number,
  restMinor: number,
  cutoff: Date,
  at: Date,
  lineId: string,
): NewTransaction {
  const common = { ...of(payout), account: 'earned' as const, payable: true };
  return {
    ...transaction(payout, 'adjustment', `rest:${payout.id}:${revision}`, at),
    entries: [
      { ...common, id: lineId, amountMinor: -restMinor, dueAt: cutoff },
      { ...common, amountMinor: restMinor, dueAt: at },
    ],
  };
}

/** The money has left; `reference` is the transfer's id or what the person who paid wrote down. */
export function paying(payout: PayoutAccount, amountMinor: number, reference: string, at: Date): NewTransaction {
  const entries = movement('in_payout', 'paid', { ...of(payout), amountMinor, dueAt: at, payable: false });
  const { cause, ...rest } = transaction(payout, 'pay', `pay:${payout.id}`, at);
  return { ...rest, cause: { ...cause, reference }, entries };
}

/** The money came back, and is due at once. `reversedMinor` is what has come back of this payout in all. */
export function returning(
  payout: PayoutAccount,
  amountMinor: number,
  reversedMinor: number,
  reference: string,
  at: Date,
): NewTransaction {
  const entries = movement('paid', 'earned', { ...of(payout), amountMinor, dueAt: at, payable: true });
  const { cause, ...rest } = transaction(payout, 'return', `return:${payout.id}:${reversedMinor}`, at);
  return { ...rest, cause: { ...cause, reference, reversedMinor }, entries };
}

function of({ partnerId, currency }: PayoutAccount): Pick<PayoutAccount, 'partnerId' | 'currency'> {
  return { partnerId, currency };
}

function transaction(
  payout: PayoutAccount,
  kind: NewTransaction['kind'],
  factKey: string,
  occurredAt: Date,
): Omit<NewTransaction, 'entries'> {
  const { workspaceId, id: payoutId, runId } = payout;
  return { workspaceId, kind, factKey, occurredAt, payoutId, cause: { runId } };
}
