import { canonicalJson } from '../../common/canonical-json.js';
import { isObject, refId } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';

const FIELDS_TOLD_MAX = 10;

/** How two shapes of one object are compared. */
export interface Comparing {
  /** The same API version shaped both, so that every field counts; else only those that both have. */
  sameVersion: boolean;
  /** A null of Stripe's may mean that the field was not asked for: the lists of the API's second version leave much out. */
  nullIsSilence: boolean;
}

/** The paths of the fields in which the two differ, a few of them; empty when they agree. Pure. */
export function differingFields(held: StripeData, listed: StripeData, comparing: Comparing): string[] {
  const found: string[] = [];
  collect(held, listed, '', comparing, found);
  return found.slice(0, FIELDS_TOLD_MAX);
}

function collect(held: StripeData, listed: StripeData, prefix: string, comparing: Comparing, found: string[]): void {
  for (const key of [...new Set([...Object.keys(held), ...Object.keys(listed)])].sort()) {
    if (found.length >= FIELDS_TOLD_MAX) return;
    if (comparing.nullIsSilence && (listed[key] ?? null) === null) continue;
    const inBoth = key in held && key in listed;
    if (!inBoth && !comparing.sameVersion) continue;
    differ(held[key], listed[key], `${prefix}${key}`, comparing, found);
  }
}

function differ(held: unknown, listed: unknown, path: string, comparing: Comparing, found: string[]): void {
  if (isObject(held) && isObject(listed)) return collect(held, listed, `${path}.`, comparing, found);
  if (!comparing.sameVersion && isReshaped(held, listed)) return;
  if (Array.isArray(held) && Array.isArray(listed) && held.length === listed.length) {
    held.forEach((item: unknown, index) =>
      differ(item, (listed as unknown[])[index], `${path}.${index}`, comparing, found),
    );
    return;
  }
  if (canonicalJson(held ?? null) !== canonicalJson(listed ?? null)) found.push(path);
}

/** Another version may say the same in another form: a reference as an object, a field that became a hash, a list that is null. */
function isReshaped(held: unknown, listed: unknown): boolean {
  if (isObject(held) !== isObject(listed)) {
    const [a, b] = [refId(held), refId(listed)];
    return a === null || b === null || a === b;
  }
  return (
    held === null || listed === null || Array.isArray(held) !== Array.isArray(listed) || typeof held !== typeof listed
  );
}
