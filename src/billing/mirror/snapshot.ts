import { embeddedObjects } from '../objects/shapes.js';
import type { EmbeddedRule, StripeObjectType } from '../objects/object-type.js';
import { typeOfObject } from '../objects/registry.js';
import type { StripeData } from '../objects/stripe-model.entity.js';

/** Ranks of states that no event of their own vouches for; an event's state has the rank n ≥ 1. */
export const RANK_FETCHED = 0;
export const RANK_EMBEDDED = -1;

/** One state of one object at one second, on its way into the mirror. */
export interface Snapshot {
  workspaceId: string;
  /** The connected account, '' for the workspace's own. */
  account: string;
  type: StripeObjectType;
  id: string;
  data: StripeData;
  apiVersion: string | null;
  /** Unix seconds on Stripe's clock. */
  stampSeconds: number;
  rank: number;
  undecided: boolean;
  deleted: boolean;
  /** The second of the deletion, where it is another than that of the state itself. */
  deletedAtSeconds?: number;
  /** The event that told of it; null when it was fetched. */
  eventId: string | null;
  /** The owner's id, for the members of an owned list. */
  parent: string | null;
}

export function snapshotKey(snapshot: Snapshot): string {
  return `${snapshot.type.table}\n${snapshot.workspaceId}\n${snapshot.account}\n${snapshot.id}`;
}

/**
 * Whether `a` replaces `b` as the state of the same object. The SQL in mirror-writer.ts holds the same rule against what is
 * stored. States seen only inside other objects go by the ids of the events that showed them, so that their order cannot matter.
 */
export function supersedes(a: Snapshot, b: Snapshot): boolean {
  if (a.stampSeconds !== b.stampSeconds) return a.stampSeconds > b.stampSeconds;
  if (a.rank !== b.rank) return a.rank > b.rank;
  return a.rank === RANK_EMBEDDED ? (a.eventId ?? '') > (b.eventId ?? '') : a.rank === RANK_FETCHED;
}

/** The newest of each object, in the order of their keys. */
export function newestOfEach(snapshots: readonly Snapshot[]): Snapshot[] {
  const newest = new Map<string, Snapshot | Snapshot[]>();
  for (const snapshot of snapshots) {
    const key = snapshotKey(snapshot);
    const held = newest.get(key);
    if (held === undefined) newest.set(key, snapshot);
    else if (Array.isArray(held)) held.push(snapshot);
    else newest.set(key, [held, snapshot]);
  }
  return [...newest.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, held]) => (Array.isArray(held) ? foldStates(held) : held));
}

/**
 * Whether rows of the type keep the newest full state and, apart from it, the second of the deletion. The members of owned
 * lists do not: they live and die with the version of their owner.
 */
export function hasTombstones(type: StripeObjectType): boolean {
  return !type.hasParent;
}

/** All that is left of the object is that it was deleted: Stripe's answer for one that is gone. */
export function isStub({ data }: Snapshot): boolean {
  return data.deleted === true;
}

/** The second at which the object was deleted as far as this state knows; null while it lives. */
export function deletedAt(snapshot: Snapshot): number | null {
  return snapshot.deleted ? (snapshot.deletedAtSeconds ?? snapshot.stampSeconds) : null;
}

/**
 * Several states of one object as one. The newest full state is its data; whether it is gone is decided apart from that: a
 * deletion is undone only by a later answer of Stripe's own, and by any later state where Stripe gives ids out again.
 */
function foldStates(states: readonly Snapshot[]): Snapshot {
  const full = states.filter((state) => !isStub(state));
  const newest = newestOf(full.length === 0 ? states : full);
  if (!hasTombstones(newest.type)) return newestOf(states);
  const revivers = states.filter((state) => !state.deleted && (newest.type.reusesIds || state.rank === RANK_FETCHED));
  const revivedAt = Math.max(-Infinity, ...revivers.map((state) => state.stampSeconds));
  const deletions = states.flatMap((state) => deletedAt(state) ?? []).filter((second) => second >= revivedAt);
  if (deletions.length === 0) return { ...newest, deleted: false };
  const second = newest.type.reusesIds ? Math.max(...deletions) : Math.min(...deletions);
  return { ...newest, deleted: true, deletedAtSeconds: second };
}

function newestOf(states: readonly Snapshot[]): Snapshot {
  return states.reduce((held, state) => (supersedes(state, held) ? state : held));
}

/** States of other objects that are seen inside this one and that it does not own, however deep. */
export function embeddedStates(snapshot: Snapshot): Snapshot[] {
  return snapshot.type.embedded
    .filter((rule) => !rule.owned)
    .flatMap((rule) => objectsOf(rule, snapshot))
    .flatMap((data) => childOf(snapshot, data, { rank: RANK_EMBEDDED, parent: null }))
    .flatMap((child) => [child, ...embeddedStates(child)]);
}

/** The members of the lists that the object owns, at its own stamp and rank. */
export function ownedMembers(snapshot: Snapshot): Snapshot[] {
  // With its owner a list is gone too, whatever the owner's last state shows.
  if (snapshot.deleted) return [];
  return snapshot.type.embedded
    .filter((rule) => rule.owned)
    .flatMap((rule) => objectsOf(rule, snapshot))
    .flatMap((data) => childOf(snapshot, data, { rank: snapshot.rank, parent: snapshot.id }));
}

/** What stands in the field, as far as the rule speaks of it. */
export function objectsOf(rule: EmbeddedRule, snapshot: Snapshot): StripeData[] {
  if (rule.whole === true) return wholeField(rule, snapshot);
  return embeddedObjects(snapshot.data[rule.field]).filter((data) => rule.objects.includes(String(data.object)));
}

/** The field as an object of its own; nothing where it is empty, or not shown. */
function wholeField({ field, objects: [object] }: EmbeddedRule, { id, data }: Snapshot): StripeData[] {
  const value = data[field];
  return Array.isArray(value) && value.length > 0 ? [{ id, object, [field]: value }] : [];
}

/** A state of `data` as part of `of`; nothing when it has no id to be kept under. */
export function childOf(of: Snapshot, data: StripeData, as: { rank: number; parent: string | null }): Snapshot[] {
  const type = typeOfObject(data.object);
  const id = memberId(of, type, data);
  return id === null ? [] : [{ ...of, ...as, type, id, data, deleted: false }];
}

/** Before 2019 an invoice line's id was its subscription's or item's, and so the same on every invoice: the invoice's id makes it unique. */
function memberId(of: Snapshot, type: StripeObjectType, data: StripeData): string | null {
  const id = type.identify(data);
  if (id === null) return null;
  const unique = type.object !== 'line_item' || id.startsWith(type.idPrefix);
  return unique ? id : `${of.id}:${id}`;
}

/**
 * An object that was asked for with expansions: its own state as webhooks carry it, without them, and the states of the
 * objects that came along.
 */
export function withoutExpansions(snapshot: Snapshot, expanded: readonly string[]): Snapshot[] {
  if (expanded.length === 0) return [snapshot];
  const data = { ...snapshot.data };
  for (const field of expanded) delete data[field];
  return [{ ...snapshot, data }, ...embeddedStates(snapshot)];
}
