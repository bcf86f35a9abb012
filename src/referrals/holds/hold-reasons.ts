/** What can hold a commission: a bank's customer complained or a bank warned of fraud, or a check of ours found something. */
export type HoldKind = 'dispute' | 'early_fraud_warning' | 'suspicion';

/** Figures, ids and plain words. */
export type HoldEvidence = Record<string, string | number | boolean>;

/** Why a commission is held. Ids and figures only: a person's name or address is read where it stands, and erased there. */
export interface HoldReason {
  kind: HoldKind;
  /** The dispute, the warning, or the name of the check. */
  id: string;
  /** Business time, ISO 8601. */
  since: string;
  evidence: HoldEvidence;
}

/** A dispute or warning of a sale, as the mirror has it. */
export interface Complaint {
  kind: 'dispute' | 'early_fraud_warning';
  id: string;
  chargeId: string | null;
  /** Of a dispute. */
  status: string | null;
  /** Of a warning. */
  actionable: boolean | null;
  reason: string | null;
  amountMinor: number | null;
  /** Unix seconds. */
  created: number;
}

/** What a person said of a commission, with the reasons that stood then. */
export interface Judgement {
  decision: 'released' | 'rejected';
  reasons: readonly HoldReason[];
}

const CLOSED_DISPUTES: readonly string[] = ['won', 'lost', 'warning_closed', 'prevented', 'charge_refunded'];

/** Disputes and inquiries that are not closed, and warnings that Stripe says something can still be done about (rule R10). Pure. */
export function reasonsOf(complaints: readonly Complaint[]): HoldReason[] {
  return complaints.filter(isOpen).map(({ kind, id, chargeId, status, reason, amountMinor, created }) => ({
    ...{ kind, id, since: new Date(created * 1000).toISOString() },
    evidence: {
      ...(chargeId !== null && { chargeId }),
      ...(status !== null && { status }),
      ...(reason !== null && { reason }),
      ...(amountMinor !== null && { amountMinor }),
    },
  }));
}

/** Those of the reasons that no release has ended. A dispute ends by being closed, and by nothing else. Pure. */
export function openReasons(reasons: readonly HoldReason[], judgements: readonly Judgement[]): HoldReason[] {
  const released = judgements.filter(({ decision }) => decision === 'released');
  const ended = new Set(released.flatMap((judgement) => judgement.reasons.map(keyOf)));
  return reasons.filter((reason) => reason.kind === 'dispute' || !ended.has(keyOf(reason)));
}

const keyOf = ({ kind, id }: HoldReason): string => `${kind}:${id}`;

function isOpen({ kind, status, actionable }: Complaint): boolean {
  return kind === 'dispute' ? !CLOSED_DISPUTES.includes(status ?? '') : actionable !== false;
}
