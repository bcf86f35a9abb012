import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { storableJson } from './json-text.js';
import { RefetchQueue } from './refetch-queue.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES, writeOrder } from '../objects/registry.js';
import { isTruncatedList } from '../objects/shapes.js';
import { SettleQueue } from './settle-queue.js';
import { embeddedStates, newestOfEach, ownedMembers, snapshotKey, type Snapshot } from './snapshot.js';

/**
 * The only writer of schema `stripe`. Whatever the source of a state (webhook, fetch, backfill), it passes here: one
 * statement per table, ids sorted and tables in the registry's order so that two writers cannot deadlock, the newest state
 * wins inside PostgreSQL itself, and every key it may have changed is queued for settling in the same transaction.
 */
@Injectable()
export class MirrorWriter {
  constructor(
    private readonly settling: SettleQueue,
    private readonly refetches: RefetchQueue,
  ) {}

  /** Safe to repeat, in any order and any grouping: the rows depend on the set of states alone. */
  async apply(snapshots: readonly Snapshot[], tx: EntityManager): Promise<void> {
    const states = newestOfEach([...snapshots, ...snapshots.flatMap(embeddedStates)]);
    const won: Snapshot[] = [];
    for (const [type, group] of byTable(states)) won.push(...(await upsert(type, group, tx)));

    const owners = won.filter((snapshot) => snapshot.type.embedded.some((rule) => rule.owned));
    for (const [type, group] of byTable(newestOfEach(owners.flatMap(ownedMembers)))) await upsert(type, group, tx);
    await this.buryMissingMembers(owners, tx);

    // What an event tells is settled whoever won; what was fetched and changes nothing concerns nobody.
    const winners = new Set(won);
    await this.settling.touch(
      states
        .filter((state) => state.eventId !== null || winners.has(state))
        .flatMap(({ workspaceId, account, type, data, id }) =>
          type.touches(data, id).map((key) => ({ workspaceId, account, ...key })),
        ),
      tx,
    );
    await this.refetches.requestWhatIsMissing(won, tx);
  }

  /** Members of a complete list that are no longer in it are gone, as of their owner's version. */
  async buryMissingMembers(owners: readonly Snapshot[], tx: EntityManager): Promise<void> {
    for (const child of STRIPE_OBJECT_TYPES.filter((type) => type.hasParent)) {
      const complete = owners.filter((owner) =>
        owner.type.embedded.some(
          (rule) => rule.owned && rule.objects.includes(child.object) && !isTruncatedList(owner.data[rule.field]),
        ),
      );
      if (complete.length > 0) await bury(child, complete, tx);
    }
  }
}

function byTable(snapshots: readonly Snapshot[]): Array<[StripeObjectType, Snapshot[]]> {
  const groups = new Map<StripeObjectType, Snapshot[]>();
  for (const snapshot of snapshots) {
    const group = groups.get(snapshot.type);
    if (group === undefined) groups.set(snapshot.type, [snapshot]);
    else group.push(snapshot);
  }
  return [...groups.entries()].sort(([a], [b]) => writeOrder(a) - writeOrder(b));
}

/** A statement has a parameter per row, and PostgreSQL takes at most 65,535. */
const UPSERT_ROWS_MAX = 1_000;

/** Writes the states that are newer than what is stored; answers those that won. */
async function upsert(type: StripeObjectType, snapshots: readonly Snapshot[], tx: EntityManager): Promise<Snapshot[]> {
  const winners = new Set<string>();
  for (let from = 0; from < snapshots.length; from += UPSERT_ROWS_MAX) {
    const chunk = snapshots.slice(from, from + UPSERT_ROWS_MAX);
    const rows = (await tx.query(upsertStatement(type, chunk.length), upsertParameters(type, chunk))) as WrittenRow[];
    for (const row of rows) winners.add(`${type.table}\n${row.workspace_id}\n${row.account}\n${row.id}`);
  }
  return snapshots.filter((snapshot) => winners.has(snapshotKey(snapshot)));
}

interface WrittenRow {
  workspace_id: string;
  account: string;
  id: string;
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
    snapshots.map((s) => s.deleted),
    snapshots.map((s) => s.eventId),
    ...(type.hasParent ? [snapshots.map((s) => s.parent)] : []),
    ...snapshots.map((s) => storableJson(s.data)),
  ];
}

/** Unix seconds in v1, ISO 8601 text in v2; null where there is none. */
function createdSeconds(created: unknown): number | null {
  const seconds = typeof created === 'string' ? Math.floor(Date.parse(created) / 1_000) : created;
  return typeof seconds === 'number' && Number.isSafeInteger(seconds) ? seconds : null;
}

/** The objects are parameters of their own: inside an array's text every quotation mark of theirs would be escaped here and unescaped there. */
function upsertStatement(type: StripeObjectType, rows: number): string {
  const parent = type.hasParent
    ? {
        column: ', parent',
        value: ', u.parent',
        input: ', $11::text[]',
        set: ', parent = excluded.parent',
      }
    : { column: '', value: '', input: '', set: '' };
  const firstData = type.hasParent ? 12 : 11;
  const data = Array.from({ length: rows }, (_, index) => `$${firstData + index}`).join(', ');
  // The WHERE is the mirror's rule (snapshot.ts, `supersedes`): a later second wins; within it the higher rank; a fetch
  // replaces a fetch; states seen only inside others go by their events' ids. A fetch that changes nothing writes nothing.
  // Stripe's answer for a deleted object is a stub; the last full state is worth more, so it stays as the tombstone's data.
  return `
    INSERT INTO stripe.${type.table} AS held
      (workspace_id, account, id, data, api_version, created, source_updated_at, source_rank, undecided, deleted_at,
       source_event_id${parent.column})
    SELECT u.workspace_id, u.account, u.id, u.data, u.api_version, to_timestamp(u.created), to_timestamp(u.stamp),
           u.rank, u.undecided, CASE WHEN u.deleted THEN to_timestamp(u.stamp) END, u.event_id${parent.value}
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::boolean[],
                  $9::boolean[], $10::text[]${parent.input}, ARRAY[${data}]::jsonb[])
           AS u(workspace_id, account, id, api_version, created, stamp, rank, undecided, deleted, event_id${parent.column}, data)
    ON CONFLICT (workspace_id, account, id) DO UPDATE SET
      data = CASE WHEN excluded.data->>'deleted' = 'true' THEN held.data ELSE excluded.data END,
      api_version = excluded.api_version, created = coalesce(excluded.created, held.created),
      source_updated_at = excluded.source_updated_at, source_rank = excluded.source_rank,
      source_event_id = excluded.source_event_id, undecided = excluded.undecided, deleted_at = excluded.deleted_at, synced_at = now()${parent.set}
    WHERE ((excluded.source_updated_at, excluded.source_rank) > (held.source_updated_at, held.source_rank)
        OR ((excluded.source_updated_at, excluded.source_rank) = (held.source_updated_at, held.source_rank)
            AND (excluded.source_rank = 0 OR (excluded.source_rank < 0 AND coalesce(excluded.source_event_id, '') COLLATE "C" > coalesce(held.source_event_id, '') COLLATE "C"))))
      AND (excluded.source_rank > 0 OR held.undecided OR excluded.data IS DISTINCT FROM held.data
           OR excluded.deleted_at IS DISTINCT FROM held.deleted_at)
    RETURNING workspace_id, account, id`;
}

async function bury(child: StripeObjectType, owners: readonly Snapshot[], tx: EntityManager): Promise<void> {
  await tx.query(
    `UPDATE stripe.${child.table} AS member
        SET deleted_at = to_timestamp(owner.stamp), source_updated_at = to_timestamp(owner.stamp),
            source_rank = owner.rank, synced_at = now()
       FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::int[]) AS owner(workspace_id, account, id, stamp, rank)
      WHERE member.workspace_id = owner.workspace_id AND member.account = owner.account AND member.parent = owner.id
        AND member.deleted_at IS NULL
        AND (member.source_updated_at, member.source_rank) < (to_timestamp(owner.stamp), owner.rank)`,
    [
      owners.map((s) => s.workspaceId),
      owners.map((s) => s.account),
      owners.map((s) => s.id),
      owners.map((s) => s.stampSeconds),
      owners.map((s) => s.rank),
    ],
  );
}
