import type { StripeObjectType } from '../objects/object-type.js';
import { FOLLOWED_TYPES } from '../objects/registry.js';
import type { Snapshot } from './snapshot.js';

/** An object of a followed type that a state names and does not show. */
export type NamedInState = Pick<Snapshot, 'workspaceId' | 'account' | 'type' | 'id'>;

const NAMED_IN: ReadonlyArray<readonly [field: string, type: StripeObjectType]> = FOLLOWED_TYPES.flatMap((type) =>
  (type.followed?.namedIn ?? []).map((field) => [field, type] as const),
);

/** The objects of followed types that the states name. Pure. */
export function namedInStates(states: readonly Snapshot[]): NamedInState[] {
  return states.flatMap(({ workspaceId, account, data }) =>
    NAMED_IN.flatMap(([field, type]): NamedInState[] => {
      const id = data[field];
      return typeof id === 'string' && id.startsWith(type.idPrefix) ? [{ workspaceId, account, type, id }] : [];
    }),
  );
}

/** So many of a list are enough to tell whether it has to be looked at. */
const NAMES_MAX = 200;

/** Names of one list of one account, since the first of them came. */
export interface AwaitedGroup {
  workspaceId: string;
  account: string;
  type: StripeObjectType;
  ids: ReadonlySet<string>;
}

/**
 * Names that came since it was last asked, by the list that brings them. Only in memory, so that ingesting pays nothing for
 * it: what is forgotten with the process comes with the next regular look at the list.
 */
export class AwaitedObjects {
  private readonly groups = new Map<string, AwaitedGroup & { ids: Set<string>; sinceMs: number }>();

  note(named: readonly NamedInState[], nowMs: number): void {
    for (const { workspaceId, account, type, id } of named) {
      const key = `${workspaceId}/${account}/${type.table}`;
      const group = this.groups.get(key);
      if (group === undefined) this.groups.set(key, { workspaceId, account, type, ids: new Set([id]), sinceMs: nowMs });
      else if (group.ids.size < NAMES_MAX) group.ids.add(id);
    }
  }

  /** Takes the groups whose first name came at or before that moment. */
  takeUntil(ms: number): AwaitedGroup[] {
    const taken = [...this.groups].filter(([, { sinceMs }]) => sinceMs <= ms);
    for (const [key] of taken) this.groups.delete(key);
    return taken.map(([, group]) => group);
  }
}
