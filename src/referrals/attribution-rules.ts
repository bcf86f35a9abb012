import { MS_PER_DAY, MS_PER_SECOND } from '../common/clock.js';

/** Kinds of evidence, strongest first (rule R9). A binding by hand goes before them all. */
export const EVIDENCE_KINDS = ['promotion_code', 'link'] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** Something that ties a customer to a code. */
export interface Evidence {
  kind: EvidenceKind;
  programId: string;
  partnerId: string;
  codeId: string;
  /** Where it was seen, by id: a tracking, a checkout session, a discount, an object's metadata. */
  source: string;
  /** The touch itself: the click, or the moment the code was used. */
  touchedAt: Date;
  /** When it tied the customer to the code: the sign-up, the checkout. */
  boundAt: Date;
  /** What keeps it from binding, whatever else there is. */
  refusal?: Refusal;
}

/** Why evidence binds nobody, whatever its touch. */
export type Refusal = 'program_not_active' | 'partner_not_active' | 'code_suspended' | 'code_exhausted';

export type EvidenceVerdict =
  'bound' | Refusal | 'after_first_sale' | 'outside_conversion_window' | 'weaker_kind' | 'not_the_deciding_touch';

/** Evidence with what became of it; `boundAt` and `touchedAt` as ISO 8601. */
export type ConsideredEvidence = Omit<Evidence, 'touchedAt' | 'boundAt' | 'programId' | 'refusal'> & {
  touchedAt: string;
  boundAt: string;
  verdict: EvidenceVerdict;
};

export interface AttributionTerms {
  conversionWindowDays: number;
  touch: 'last' | 'first';
}

export interface AttributionDecision {
  winner: Evidence | null;
  considered: ConsideredEvidence[];
}

/**
 * Who referred a customer in one program, by all evidence dated up to the first sale, whenever it arrived: a promotion code
 * before a link, among equals the last touch (or the first, as the terms say). A link counts while the conversion window is
 * open, its last second included; a promotion code is used at the moment it counts. Pure.
 */
export function decideAttribution(
  evidence: readonly Evidence[],
  terms: AttributionTerms,
  firstSaleAt: Date | null,
): AttributionDecision {
  const admissible = evidence.filter((item) => objectionTo(item, terms, firstSaleAt) === null);
  const kind = EVIDENCE_KINDS.find((candidate) => admissible.some((item) => item.kind === candidate));
  const winner = admissible.filter((item) => item.kind === kind).sort((a, b) => byTouch(a, b, terms.touch))[0] ?? null;
  const considered = evidence.map((item) => ({
    kind: item.kind,
    partnerId: item.partnerId,
    codeId: item.codeId,
    source: item.source,
    touchedAt: item.touchedAt.toISOString(),
    boundAt: item.boundAt.toISOString(),
    verdict: objectionTo(item, terms, firstSaleAt) ?? verdictAmong(item, winner),
  }));
  return { winner, considered: considered.sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : 0)) };
}

function objectionTo(item: Evidence, terms: AttributionTerms, firstSaleAt: Date | null): EvidenceVerdict | null {
  if (item.refusal !== undefined) return item.refusal;
  if (firstSaleAt !== null && secondsOf(item.boundAt) > secondsOf(firstSaleAt)) return 'after_first_sale';
  const windowSeconds = (terms.conversionWindowDays * MS_PER_DAY) / MS_PER_SECOND;
  if (item.kind === 'link' && secondsOf(item.boundAt) - secondsOf(item.touchedAt) > windowSeconds) {
    return 'outside_conversion_window';
  }
  return null;
}

function verdictAmong(item: Evidence, winner: Evidence | null): EvidenceVerdict {
  if (item === winner) return 'bound';
  return winner !== null && winner.kind !== item.kind ? 'weaker_kind' : 'not_the_deciding_touch';
}

/** The deciding touch first; equal instants are decided by the source, so that the order of arrival cannot matter. */
function byTouch(a: Evidence, b: Evidence, touch: AttributionTerms['touch']): number {
  const later = b.touchedAt.getTime() - a.touchedAt.getTime() || b.boundAt.getTime() - a.boundAt.getTime();
  const order = touch === 'last' ? later : -later;
  return order || (a.source < b.source ? -1 : 1);
}

/** Windows are inclusive at the exact second, and Stripe's times have no smaller unit. */
function secondsOf(instant: Date): number {
  return Math.floor(instant.getTime() / MS_PER_SECOND);
}
