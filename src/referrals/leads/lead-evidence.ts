import { MS_PER_SECOND } from '../../common/clock.js';
import { decideAttribution, type AttributionTerms, type Evidence } from '../attribution-rules.js';

/** What a program's evidence says by itself, with the terms of its own time. */
export interface TimedEvidence {
  item: Evidence;
  terms: AttributionTerms;
}

/**
 * When the customer signed up in a program: when the first evidence that is good tied them to a code. Null when nothing did,
 * or they had bought before. Pure.
 */
export function signedUpAt(evidence: readonly TimedEvidence[], firstSaleAt: Date | null): Date | null {
  const good = evidence.filter(({ item, terms }) => decideAttribution([item], terms, firstSaleAt).winner !== null);
  const moments = good.map(({ item }) => item.boundAt.getTime());
  return moments.length === 0 ? null : new Date(Math.min(...moments));
}

/** A referral that was noted because other evidence had bound the customer tells nothing new. Pure. */
export function withoutEchoes(evidence: readonly Evidence[]): Evidence[] {
  const isReferral = ({ source }: Evidence): boolean => source.startsWith('referral_');
  const isSameTouch = (a: Evidence, b: Evidence): boolean =>
    a.codeId === b.codeId && a.boundAt.getTime() === b.boundAt.getTime();
  return evidence.filter(
    (item) => !isReferral(item) || !evidence.some((other) => !isReferral(other) && isSameTouch(item, other)),
  );
}

/** Whether the instant is not after the other; Stripe's times have no smaller unit than seconds. Pure. */
export function isUpTo(instant: Date, other: Date): boolean {
  return Math.floor(instant.getTime() / MS_PER_SECOND) <= Math.floor(other.getTime() / MS_PER_SECOND);
}
