import { formatMoney } from '../../common/money.js';
import type { CommissionState } from '../../referrals/dto/commission.dto.js';
import type { HoldKind, HoldReason } from '../../referrals/holds/hold-reasons.js';

/** What a partner is told by: figures of the commission, and what people decided of it, oldest first. */
export interface ToldCommission {
  state: CommissionState;
  currency: string;
  reversedMinor: number;
  netMinor: number;
  dueAt: string;
  holds: ReadonlyArray<Pick<HoldReason, 'kind'>>;
  decisions: ReadonlyArray<{ decision: 'released' | 'rejected'; reason: string }>;
}

/** Why the commission is in its state, in sentences for the partner. Tells no evidence: what a check saw is the company's. Pure. */
export function reasonsFor(commission: ToldCommission): string[] {
  return [...stateReasons(commission), ...takenBack(commission)];
}

const HOLDS: Readonly<Record<HoldKind, string>> = {
  dispute: 'The customer disputes the payment with their bank; until that is decided, what is left is held.',
  early_fraud_warning:
    'The customer’s bank warns that the payment may be fraud; until a person decides, what is left is held.',
  suspicion: 'A check found something that a person is to look at; until they decide, what is left is held.',
};

function stateReasons({ state, dueAt, holds, decisions }: ToldCommission): string[] {
  const last = decisions.at(-1);
  switch (state) {
    case 'pending':
      return [`It may be paid from ${dueAt} on.`];
    case 'due':
      return ['It may be paid, and is part of the next payout.'];
    case 'in_payout':
      return ['It is part of a payout that is under way.'];
    case 'paid':
      return ['It was paid.'];
    case 'held':
      return [...new Set(holds.map(({ kind }) => HOLDS[kind]))];
    case 'rejected':
      return [`A person rejected it: ${last?.reason ?? 'no reason was given'}`];
    case 'reversed':
      return ['All of it was taken back: the customer got the money back, or the sale belongs to another partner.'];
    default:
      return ['It waits until the payment and the exchange rate are known.'];
  }
}

function takenBack({ state, currency, reversedMinor, netMinor }: ToldCommission): string[] {
  if (reversedMinor <= 0 || netMinor === 0 || state === 'rejected') return [];
  const money = (amountMinor: number): string => formatMoney({ amountMinor, currency });
  return [`${money(reversedMinor)} of it was taken back, which leaves ${money(netMinor)}.`];
}
