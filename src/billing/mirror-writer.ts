import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { storableJson } from './json-text.js';
import { RefetchQueue } from './refetch-queue.js';
import { STRIPE_OBJECT_TYPES, writeOrder, type StripeObjectType } from './registry.js';
import { isTruncatedList } from './shapes.js';
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

    await this.settling.touch(
      states.flatMap(({ workspaceId, account, type, data, id }) =>
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
          (rule) => rule.owned && rule.object === child.object && !isTruncatedList(owner.data[rule.field]),
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

/** Writes the states that are newer than what is stored; answers those that won. */
async function upsert(type: StripeObjectType, snapshots: readonly Snapshot[], tx: EntityManager): Promise<Snapshot[]> {
  const rows = (await tx.query(upsertStatement(type), [
    snapshots.map((s) => s.workspaceId),
    snapshots.map((s) => s.account),
    snapshots.map((s) => s.id),
    snapshots.map((s) => storableJson(s.data)),
    snapshots.map((s) => s.apiVersion),
    snapshots.map((s) => (typeof s.data.created === 'number' ? s.data.created : null)),
    snapshots.map((s) => s.stampSeconds),
    snapshots.map((s) => s.rank),
    snapshots.map((s) => s.undecided),
    snapshots.map((s) => s.deleted),
    snapshots.map((s) => s.eventId),
    ...(type.hasParent ? [snapshots.map((s) => s.parent)] : []),
  ])) as Array<{ workspace_id: string; account: string; id: string }>;
  const winners = new Set(rows.map((row) => `${type.table}\n${row.workspace_id}\n${row.account}\n${row.id}`));
  return snapshots.filter((snapshot) => winners.has(snapshotKey(snapshot)));
}

const statements = new Map<string, string>();

function upsertStatement(type: StripeObjectType): string {
  const known = statements.get(type.table);
  if (known !== undefined) return known;
  const parent = type.hasParent
    ? {
        column: ', parent',
        value: ', u.parent',
        list: ', parent',
        input: ', $12::text[]',
        set: ', parent = excluded.parent',
      }
    : { column: '', value: '', list: '', input: '', set: '' };
  // The WHERE is the mirror's rule (snapshot.ts, `supersedes`): a later second wins; within it the higher rank; a fetch
  // replaces a fetch; states seen only inside others are ordered by their text. A fetch that changes nothing writes nothing.
  // Stripe's answer for a deleted object is a stub; the last full state is worth more, so it stays as the tombstone's data.
  const statement = `
    INSERT INTO stripe.${type.table} AS held
      (workspace_id, account, id, data, api_version, created, source_updated_at, source_rank, undecided, deleted_at,
       source_event_id${parent.column})
    SELECT u.workspace_id, u.account, u.id, u.data::jsonb, u.api_version, to_timestamp(u.created), to_timestamp(u.stamp),
           u.rank, u.undecided, CASE WHEN u.deleted THEN to_timestamp(u.stamp) END, u.event_id${parent.value}
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::int[],
                  $9::boolean[], $10::boolean[], $11::text[]${parent.input})
           AS u(workspace_id, account, id, data, api_version, created, stamp, rank, undecided, deleted, event_id${parent.list})
    ON CONFLICT (workspace_id, account, id) DO UPDATE SET
      data = CASE WHEN excluded.data->>'deleted' = 'true' THEN held.data ELSE excluded.data END,
      api_version = excluded.api_version, created = coalesce(excluded.created, held.created),
      source_updated_at = excluded.source_updated_at, source_rank = excluded.source_rank,
      source_event_id = excluded.source_event_id, undecided = excluded.undecided, deleted_at = excluded.deleted_at, synced_at = now()${parent.set}
    WHERE ((excluded.source_updated_at, excluded.source_rank) > (held.source_updated_at, held.source_rank)
        OR ((excluded.source_updated_at, excluded.source_rank) = (held.source_updated_at, held.source_rank)
            AND (excluded.source_rank = 0 OR (excluded.source_rank < 0 AND excluded.data::text > held.data::text))))
      AND (excluded.source_rank > 0 OR held.undecided OR excluded.data IS DISTINCT FROM held.data
           OR excluded.deleted_at IS DISTINCT FROM held.deleted_at)
    RETURNING workspace_id, account, id`;
  statements.set(type.table, statement);
  return statement;
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
