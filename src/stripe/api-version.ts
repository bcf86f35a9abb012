import { DomainError } from '../common/errors.js';

/** The version whose shapes are asked for. Webhooks follow their endpoint's version, and the mirror accepts them all. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

/** `2018-05-21` (no name before 2024-09-30), `2026-10-28.endive`, `2026-10-28.preview`. */
export interface ApiVersion {
  /** ISO, so that texts compare as dates do. */
  date: string;
  /** The release whose versions are compatible with each other; null for versions that are a date alone. */
  release: string | null;
}

const FORM = /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?:\.([a-z][a-z0-9]*))?$/;

/** Null when it is none, such as the empty text of objects that came without a version. */
export function findApiVersion(text: string | null | undefined): ApiVersion | null {
  const match = FORM.exec(text ?? '');
  return match?.[1] === undefined ? null : { date: match[1], release: match[2] ?? null };
}

/** Errors: `invalid_api_version`. */
export function parseApiVersion(text: string, field?: string): ApiVersion {
  const version = findApiVersion(text);
  if (version !== null) return version;
  throw new DomainError(
    'invalid_argument',
    'invalid_api_version',
    `${JSON.stringify(text.slice(0, 40))} is no version of Stripe's API; it looks like 2018-05-21 or ${STRIPE_API_VERSION}`,
    { field },
  );
}

/** Negative when `a` is older than `b`, 0 when they are of the same day: the name of a release follows from its date. */
export function compareApiVersions(a: ApiVersion, b: ApiVersion): number {
  if (a.date === b.date) return 0;
  return a.date < b.date ? -1 : 1;
}

/** How far what is seen lies from what is expected. Within a release Stripe only adds; between releases shapes change. */
export type VersionDrift = 'none' | 'additions' | 'breaking' | 'unknown';

export function driftBetween(expected: string, seen: string | null | undefined): VersionDrift {
  const [ours, theirs] = [findApiVersion(expected), findApiVersion(seen)];
  if (ours === null || theirs === null) return 'unknown';
  if (ours.date === theirs.date) return ours.release === theirs.release ? 'none' : 'breaking';
  return ours.release !== null && ours.release === theirs.release ? 'additions' : 'breaking';
}
