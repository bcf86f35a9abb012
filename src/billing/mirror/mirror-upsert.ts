import type { EntityManager } from 'typeorm';
import type { StripeObjectType } from '../objects/object-type.js';
import { ownersOf } from '../objects/registry.js';
import { refId } from '../objects/shapes.js';
import { storableJson } from './json-text.js';
import { deletedAt, hasTombstones, snapshotKey, type Snapshot } from './snapshot.js';

/** A state that changed its row, and what the row is now. */
export interface Win {
  snapshot: Snapshot;
  /** The snapshot with the row's own version and fate: a late state of a deleted object changes its data and revives nothing. */
  state: Snapshot;
  /** There was no row of the object. */
  isNew: boolean;
  /** The object is buried though something later told of it: only Stripe can say which of the two holds. */
  contested: boolean;
}

/** A statement has a parameter per row, and PostgreSQL takes at most 65,535. */
const UPSERT_ROWS_MAX = 1_000;

/** Writes the states that are newer than what is stored; answers those that changed something. One state per object. */
export async function upsert(
  type: StripeObjectType,
  snapshots: readonly Snapshot[],
  tx: EntityManager,
): Promise<Win[]> {
  const written = new Map<string, WrittenRow>();
  for (let from = 0; from < snapshots.length; from += UPSERT_ROWS_MAX) {
    const chunk = snapshots.slice(from, from + UPSERT_ROWS_MAX);
    const rows = (await tx.query(upsertStatement(type, chunk.length), upsertParameters(type, chunk))) as WrittenRow[];
    for (const row of rows) written.set(`${type.table}\n${row.workspace_id}\n${row.account}\n${row.id}`, row);
  }
  return snapshots.flatMap((snapshot): Win[] => {
    const row = written.get(snapshotKey(snapshot));
    if (row === undefined) return [];
    const version = { stampSeconds: Number(row.stamp), rank: row.source_rank, deleted: row.gone };
    return [{ snapshot, state: { ...snapshot, ...version }, isNew: row.is_new, contested: row.contested }];
  });
}

interface WrittenRow {
  workspace_id: string;
  account: string;
  id: string;
  stamp: string;
  source_rank: number;
  gone: boolean;
  is_new: boolean;
  contested: boolean;
}

function upsertParameters(type: StripeObjectType, snapshots: readonly Snapshot[]): unknown[] {
  return [
    snapshots.map((s) => s.workspaceId),
    snapshots.map((s) => s.account),
    snapshots.map((s) => s.id),
    snapshots.map((s) => s.apiVersion),
    snapshots.map((s) => createdSeconds(s.data.created)),
    snapshots.map((s) => s.stampSeconds),
    snapshots.map((s) => s.rank),
    snapshots.map((s) => s.undecided),
    snapshots.map(deletedAt),
    snapshots.map((s) => s.eventId),
    ...(type.hasParent ? [snapshots.map(parentOf)] : []),
    ...snapshots.map((s) => storableJson(s.data)),
  ];
}

/** A member that was asked for by itself names its owner in a field that is called like the owner's type. */
function parentOf({ parent, type, data }: Snapshot): string | null {
  return parent ?? ownersOf(type).reduce<string | null>((found, { owner }) => found ?? refId(data[owner.object]), null);
}

/** Unix seconds in v1, ISO 8601 text in v2; null where there is none. */
function createdSeconds(created: unknown): number | null {
  const seconds = typeof created === 'string' ? Math.floor(Date.parse(created) / 1_000) : created;
  return typeof seconds === 'number' && Number.isSafeInteger(seconds) ? seconds : null;
}

/** The objects are parameters of their own: inside an array's text every quotation mark of theirs would be escaped here and unescaped there. */
function upsertStatement(type: StripeObjectType, rows: number): string {
  const parent = type.hasParent ? { column: ', parent', value: ', u.parent', input: ', $11::text[]' } : NO_PARENT;
  const firstData = type.hasParent ? 12 : 11;
  const data = Array.from({ length: rows }, (_, index) => `$${firstData + index}`).join(', ');
  return `
    INSERT INTO stripe.${type.table} AS held
      (workspace_id, account, id, data, api_version, created, source_updated_at, source_rank, undecided, deleted_at,
       source_event_id${parent.column})
    SELECT u.workspace_id, u.account, u.id, u.data, u.api_version, to_timestamp(u.created), to_timestamp(u.stamp),
           u.rank, u.undecided, to_timestamp(u.deleted), u.event_id${parent.value}
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::boolean[],
                  $9::bigint[], $10::text[]${parent.input}, ARRAY[${data}]::jsonb[])
           AS u(workspace_id, account, id, api_version, created, stamp, rank, undecided, deleted, event_id${parent.column}, data)
    ON CONFLICT (workspace_id, account, id) DO UPDATE SET ${hasTombstones(type) ? withTombstone(type.reusesIds) : AS_A_WHOLE}
    RETURNING workspace_id, account, id, extract(epoch FROM source_updated_at)::bigint AS stamp, source_rank,
              deleted_at IS NOT NULL AS gone, held.xmax = 0 AS is_new, coalesce(deleted_at < source_updated_at, false) AS contested`;
}

const NO_PARENT = { column: '', value: '', input: '' };

/**
 * The mirror's rule (snapshot.ts, `supersedes`): a later second wins; within it the higher rank; a fetch replaces a fetch;
 * states seen only inside others go by their events' ids.
 */
const SUPERSEDES = `
  ((excluded.source_updated_at, excluded.source_rank) > (held.source_updated_at, held.source_rank)
    OR ((excluded.source_updated_at, excluded.source_rank) = (held.source_updated_at, held.source_rank)
        AND (excluded.source_rank = 0 OR (excluded.source_rank < 0
             AND coalesce(excluded.source_event_id, '') COLLATE "C" > coalesce(held.source_event_id, '') COLLATE "C"))))`;

/** What was fetched and changes nothing writes nothing. */
const TELLS_SOMETHING = `(excluded.source_rank > 0 OR held.undecided OR excluded.data IS DISTINCT FROM held.data)`;

/** All that is left of the object is that it was deleted. */
const isStub = (row: string): string => `(${row}.deleted_at IS NOT NULL AND ${row}.data @> '{"deleted": true}')`;

/** In another owner's list a member is alive: the list that it left says nothing against one of the same second. */
const MOVED = `(held.deleted_at IS NOT NULL AND excluded.deleted_at IS NULL AND excluded.parent <> held.parent
      AND excluded.source_updated_at >= held.source_updated_at)`;

/** Members of owned lists: the version decides about everything at once. */
const AS_A_WHOLE = `
      data = CASE WHEN ${isStub('excluded')} THEN held.data ELSE excluded.data END,
      api_version = CASE WHEN ${isStub('excluded')} THEN held.api_version ELSE excluded.api_version END,
      created = coalesce(excluded.created, held.created),
      source_updated_at = excluded.source_updated_at, source_rank = excluded.source_rank,
      source_event_id = excluded.source_event_id, undecided = excluded.undecided, deleted_at = excluded.deleted_at,
      synced_at = now(), parent = coalesce(excluded.parent, held.parent)
    WHERE (${SUPERSEDES} OR ${MOVED})
      AND (${TELLS_SOMETHING} OR excluded.deleted_at IS DISTINCT FROM held.deleted_at)`;

/**
 * Everything else: the data is the newest full state, since Stripe's answer for a deleted object is a stub and worth less;
 * and apart from it, in `deleted_at`, whether the object is gone (snapshot.ts, `foldStates`). So a state that comes after the
 * deletion, by its stamp or by its delivery, never revives the row, and the order in which they come cannot matter.
 */
function withTombstone(reusesIds: boolean): string {
  const newer = `(NOT ${isStub('excluded')} AND (${isStub('held')} OR ${SUPERSEDES}))`;
  const outlives = (alive: string, gone: string): string =>
    `(${alive}.source_updated_at > ${gone}.deleted_at${reusesIds ? '' : ` AND ${alive}.source_rank = 0`})`;
  const gone = `
      CASE WHEN excluded.deleted_at IS NULL
             THEN CASE WHEN held.deleted_at IS NULL OR ${outlives('excluded', 'held')} THEN NULL ELSE held.deleted_at END
           WHEN held.deleted_at IS NULL
             THEN CASE WHEN ${outlives('held', 'excluded')} THEN NULL ELSE excluded.deleted_at END
           ELSE ${reusesIds ? 'greatest' : 'least'}(held.deleted_at, excluded.deleted_at) END`;
  const taken = (column: string): string =>
    `${column} = CASE WHEN ${newer} THEN excluded.${column} ELSE held.${column} END`;
  return `
      ${['data', 'api_version', 'source_updated_at', 'source_rank', 'source_event_id'].map(taken).join(', ')},
      created = CASE WHEN ${newer} THEN coalesce(excluded.created, held.created)
                     ELSE coalesce(held.created, excluded.created) END,
      deleted_at = ${gone}, synced_at = now(),
      undecided = CASE WHEN ${newer} OR ${isStub('excluded')} THEN excluded.undecided ELSE held.undecided END
    WHERE (${newer} AND ${TELLS_SOMETHING}) OR (${isStub('excluded')} AND held.undecided)
       OR (${gone}) IS DISTINCT FROM held.deleted_at`;
}
