import type { EntityManager } from 'typeorm';
import type { SettleKey } from '../billing/mirror/settle-queue.js';
import type { NamedObject } from '../billing/mirror/refetch-queue.js';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import { embeddedStates, type Snapshot } from '../billing/mirror/snapshot.js';
import { newestWithinSecond, type EventState } from './event-order.js';
import { isThin, namedObjects } from './thin-events.js';
import { eventKind, keysOfEvent, owningAccount, subjectOf } from './webhook-routes.js';

/** A stored event as the worker needs it. */
export interface StoredEvent {
  workspaceId: string;
  id: string;
  createdSeconds: number;
  account: string;
  type: string;
  apiVersion: string | null;
  body: string | null;
}

interface Sighting {
  snapshot: Snapshot;
  state: EventState;
  event: StoredEvent;
}

export interface Folded {
  snapshots: Snapshot[];
  keys: SettleKey[];
  /** Objects that thin events name, to be asked for. */
  named: NamedObject[];
}

/**
 * A batch of events as the states to be written: the newest of each object, decided over **all** stored events of that
 * object and second and not only those of this batch, so that whoever decides last has seen them all; and whatever other
 * objects the events show inside theirs, also those that lost.
 */
export async function foldEvents(events: readonly StoredEvent[], tx: EntityManager): Promise<Folded> {
  const readings = events.map(read);
  const sightings = readings.flatMap(({ sighting }) => sighting ?? []);
  const newest = newestSecondOfEach(sightings);
  // A deletion counts whatever was told of the object later; in its own second it is decided with the others.
  const deletions = sightings.filter(
    (one) => one.snapshot.deleted && newest.get(groupKey(one))?.includes(one) !== true,
  );
  const groups = await withCompanions(newest, tx);
  return {
    named: readings.flatMap(({ named }) => named),
    snapshots: [
      ...groups.map(decide),
      ...deletions.map(({ snapshot }) => snapshot),
      ...sightings.flatMap(({ snapshot }) => embeddedStates(snapshot)),
    ],
    keys: events.flatMap(({ workspaceId, account, type }) =>
      keysOfEvent(type, account).map((key) => ({ workspaceId, account: '', ...key })),
    ),
  };
}

interface Reading {
  sighting: Sighting | null;
  named: NamedObject[];
}

const NOTHING: Reading = { sighting: null, named: [] };

function read(event: StoredEvent): Reading {
  if (event.body === null) return NOTHING;
  const payload = JSON.parse(event.body) as EventPayload;
  return isThin(payload)
    ? { sighting: null, named: namedBy(event, payload) }
    : { sighting: sight(event, payload), named: [] };
}

type EventPayload = StripeData & { data?: { object?: unknown; previous_attributes?: unknown } };

/** Only an answer that is not older than the event says what it meant. */
function namedBy(event: StoredEvent, payload: StripeData): NamedObject[] {
  return namedObjects(payload).map(({ type, id, known }) => ({
    ...{ workspaceId: event.workspaceId, type, id, known },
    account: owningAccount(type, known, event.account),
    reason: 'named',
    minStamp: event.createdSeconds,
  }));
}

function sight(event: StoredEvent, payload: EventPayload): Sighting | null {
  const subject = subjectOf(payload.data?.object);
  if (subject === null) return null;
  const previous = payload.data?.previous_attributes;
  const kind = eventKind(event.type);
  return {
    event,
    state: {
      eventId: event.id,
      kind,
      data: subject.data,
      previous: typeof previous === 'object' && previous !== null ? (previous as EventState['previous']) : null,
    },
    snapshot: {
      workspaceId: event.workspaceId,
      account: owningAccount(subject.type, subject.data, event.account),
      ...subject,
      apiVersion: event.apiVersion,
      stampSeconds: event.createdSeconds,
      rank: 1,
      undecided: false,
      deleted: kind === 'deleted',
      eventId: event.id,
      parent: null,
    },
  };
}

/** With the type, since what has no id of its own is kept under that of its customer. */
function groupKey({ snapshot, event }: Sighting): string {
  return JSON.stringify([event.workspaceId, event.account, snapshot.type.table, snapshot.id]);
}

/** Of each object the sightings of its newest second in the batch. */
function newestSecondOfEach(sightings: readonly Sighting[]): Map<string, Sighting[]> {
  const groups = new Map<string, Sighting[]>();
  for (const sighting of sightings) {
    const key = groupKey(sighting);
    const held = groups.get(key);
    const heldSecond = held?.[0]?.snapshot.stampSeconds ?? -Infinity;
    if (held === undefined || sighting.snapshot.stampSeconds > heldSecond) groups.set(key, [sighting]);
    else if (sighting.snapshot.stampSeconds === heldSecond) held.push(sighting);
  }
  return groups;
}

/** Adds the events of the same object and second that are stored and not in the batch; in almost every case there are none. */
async function withCompanions(groups: Map<string, Sighting[]>, tx: EntityManager): Promise<Sighting[][]> {
  if (groups.size === 0) return [];
  const heads = [...groups.values()].map(([first]) => first as Sighting);
  const parameters = [
    heads.map(({ event }) => event.workspaceId),
    heads.map(({ event }) => event.account),
    heads.map(({ snapshot }) => snapshot.id),
    heads.map(({ snapshot }) => snapshot.stampSeconds),
  ];
  const counts = (await tx.query(COUNT_COMPANIONS, parameters)) as Array<{ n: string; stored: string }>;
  const crowded = counts
    .map(({ n, stored }) => ({ index: Number(n) - 1, stored: Number(stored) }))
    .filter(({ index, stored }) => stored > (groups.get(groupKey(heads[index] as Sighting))?.length ?? 0))
    .map(({ index }) => index);
  if (crowded.length > 0) {
    const chosen = parameters.map((column) => crowded.map((index) => column[index]));
    for (const sighting of ((await tx.query(LOAD_COMPANIONS, chosen)) as CompanionRow[])
      .map(toEvent)
      .flatMap((one) => read(one).sighting ?? [])) {
      const group = groups.get(groupKey(sighting));
      if (group !== undefined && !group.some(({ event }) => event.id === sighting.event.id)) group.push(sighting);
    }
  }
  return [...groups.values()];
}

/** The group's newest state. Its rank is the number of events it was chosen from: more knowledge replaces less. */
function decide(group: Sighting[]): Snapshot {
  const first = group[0] as Sighting;
  // Comparing states means serialising them; almost every object has one event in a second.
  if (group.length === 1) return first.snapshot;
  const { newest, undecided } = newestWithinSecond(
    group.map(({ state }) => state),
    first.snapshot.type.isTerminal,
  );
  const chosen = group.find(({ state }) => state === newest) as Sighting;
  return { ...chosen.snapshot, rank: group.length, undecided: undecided || mayHaveComeBack(group, chosen) };
}

/** An id that was taken away and given out within one second: nothing says which of the two came last. */
function mayHaveComeBack(group: readonly Sighting[], { snapshot, state }: Sighting): boolean {
  return snapshot.type.reusesIds && state.kind === 'deleted' && group.some((one) => one.state.kind === 'created');
}

const COMPANIONS = `
  unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY AS k(workspace_id, account, object_id, created, n)
  JOIN tributary.webhook_event e
    ON e.workspace_id = k.workspace_id AND e.object_id = k.object_id AND e.created = to_timestamp(k.created)
   AND e.account = k.account AND e.state <> 'quarantined'`;

const COUNT_COMPANIONS = `SELECT k.n, count(*) AS stored FROM ${COMPANIONS} GROUP BY k.n HAVING count(*) > 1`;

const LOAD_COMPANIONS = `
  SELECT e.workspace_id, e.id, extract(epoch FROM e.created)::bigint AS created, e.account, e.type, e.api_version, e.body
    FROM ${COMPANIONS}`;

interface CompanionRow {
  workspace_id: string;
  id: string;
  created: string;
  account: string;
  type: string;
  api_version: string | null;
  body: string | null;
}

function toEvent(row: CompanionRow): StoredEvent {
  return {
    workspaceId: row.workspace_id,
    id: row.id,
    createdSeconds: Number(row.created),
    account: row.account,
    type: row.type,
    apiVersion: row.api_version,
    body: row.body,
  };
}
