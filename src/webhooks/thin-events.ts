import type { StripeObjectType } from '../billing/objects/object-type.js';
import { typeOfObject } from '../billing/objects/registry.js';
import { isObject } from '../billing/objects/shapes.js';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import { pathOf } from '../billing/mirror/stripe-fetcher.js';

/** An object that an event names without showing it. */
export interface NamedByEvent {
  type: StripeObjectType;
  id: string;
  /** What the address of the object told besides its id. */
  known: StripeData;
}

/** Events of the second version of the API say what happened to which object, and not what the object is now. */
export function isThin(event: StripeData): boolean {
  return event.object === 'v2.core.event';
}

/** The account whose event it is, '' for the workspace's own: the last one of a path such as `org_…/acct_…`. */
export function contextAccount(event: StripeData): string {
  const parts = typeof event.context === 'string' ? event.context.split('/') : [];
  return parts.findLast((part) => part.startsWith('acct_')) ?? '';
}

/** The objects to be asked for because of a thin event; none when it names none, or one that cannot be asked for. */
export function namedObjects(event: StripeData): NamedByEvent[] {
  const related = event.related_object;
  if (!isObject(related) || typeof related.id !== 'string' || related.id === '') return [];
  const type = typeOfObject(related.type);
  const named = { type, id: related.id, known: knownFrom(type, related.url) };
  const objects = type.object === TWO_FACED ? [named, { ...named, type: typeOfObject('account'), known: {} }] : [named];
  return objects.filter(canBeAskedFor);
}

/** An account of the second version is one of the first too, under the same id. */
const TWO_FACED = 'v2.core.account';

/** The fields in the type's path, from the address that the event gives: `{ account }` of `/v2/core/accounts/acct_1/persons/person_1`. */
function knownFrom(type: StripeObjectType, url: unknown): StripeData {
  if (typeof url !== 'string') return {};
  for (const path of type.paths) {
    const pattern = `^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/?]+)')}/[^/?]+(?:\\?|$)`;
    const match = new RegExp(pattern).exec(url);
    if (match !== null) return { ...match.groups };
  }
  return {};
}

function canBeAskedFor(named: NamedByEvent): boolean {
  try {
    return pathOf(named) !== '';
  } catch {
    return false;
  }
}
