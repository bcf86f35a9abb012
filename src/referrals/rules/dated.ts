/** Something that holds from a moment on; of several from the same moment the one told last. */
export interface Dated {
  effectiveAt: Date;
  seq: number;
}

/** What holds at an instant, its own moment included; null before all of them. Pure. */
export function inForceAt<T extends Dated>(changes: readonly T[], at: Date): T | null {
  return inOrder(changes.filter(({ effectiveAt }) => effectiveAt <= at)).at(-1) ?? null;
}

/** In the order in which they take effect. Pure. */
export function inOrder<T extends Dated>(changes: readonly T[]): T[] {
  return [...changes].sort((a, b) => a.effectiveAt.getTime() - b.effectiveAt.getTime() || a.seq - b.seq);
}

/**
 * Whether a word adds nothing: it holds already, and where it is dated, from that very moment on. A dated word that holds by
 * an older one is said all the same, since what is told later of a moment in between is to end at it. Pure.
 */
export function isSaid<T extends Dated>(
  changes: readonly T[],
  { effectiveAt, now }: { effectiveAt?: Date | null; now: Date },
  isTheSame: (inForce: T | null) => boolean,
): boolean {
  const inForce = inForceAt(changes, effectiveAt ?? now);
  return isTheSame(inForce) && (effectiveAt == null || inForce?.effectiveAt.getTime() === effectiveAt.getTime());
}
