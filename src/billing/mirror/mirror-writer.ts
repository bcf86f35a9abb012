import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { withoutErasedPersons } from './erasure.js';
import { RefetchQueue } from './refetch-queue.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES, writeOrder } from '../objects/registry.js';
import { isTruncatedList } from '../objects/shapes.js';
import { withoutOutdatedMembers } from './outdated-members.js';
import { SettleQueue } from './settle-queue.js';
import { embeddedStates, newestOfEach, ownedMembers, type Snapshot } from './snapshot.js';
import { upsert, type Win } from './mirror-upsert.js';

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

  /** Safe to repeat, in any order and any grouping: the rows depend on the set of states alone. Answers what it wrote. */
  async apply(shown: readonly Snapshot[], tx: EntityManager): Promise<Win[]> {
    const snapshots = await withoutErasedPersons(shown, tx);
    const states = newestOfEach([...snapshots, ...snapshots.flatMap(embeddedStates)]);
    const wins: Win[] = [];
    for (const [type, group] of byTable(states.filter((state) => !state.type.hasParent)))
      wins.push(...(await upsert(type, group, tx)));
    const members = await withoutOutdatedMembers(
      states.filter((state) => state.type.hasParent),
      tx,
    );
    for (const [type, group] of byTable(members)) wins.push(...(await upsert(type, group, tx)));
    const won = wins.map(({ state }) => state);

    const owners = won.filter((snapshot) => snapshot.type.embedded.some((rule) => rule.owned));
    const owned: Win[] = [];
    for (const [type, group] of byTable(newestOfEach(owners.flatMap(ownedMembers))))
      owned.push(...(await upsert(type, group, tx)));
    await this.buryMissingMembers(owners, tx);

    // What an event tells is settled whoever won; what was fetched and changes nothing concerns nobody.
    const winners = new Set(wins.map(({ snapshot }) => snapshot));
    await this.settling.touch(
      states
        .filter((state) => state.eventId !== null || winners.has(state))
        .flatMap(({ workspaceId, account, type, data, id }) =>
          type.touches(data, id).map((key) => ({ workspaceId, account, ...key })),
        ),
      tx,
    );
    await this.refetches.requestWhatIsMissing(won, tx);
    await this.refetches.requestWhatIsContested(
      wins.filter(({ contested, state }) => contested || (state.deleted && state.undecided)).map(({ state }) => state),
      tx,
    );
    return [...wins, ...owned];
  }

  /** Members of a complete list that are no longer in it are gone, as of their owner's version. */
  async buryMissingMembers(owners: readonly Snapshot[], tx: EntityManager): Promise<void> {
    for (const child of STRIPE_OBJECT_TYPES.filter((type) => type.hasParent)) {
      const complete = owners.filter((owner) =>
        owner.type.embedded.some(
          (rule) =>
            rule.owned &&
            rule.objects.includes(child.object) &&
            (owner.deleted || !isTruncatedList(owner.data[rule.field])),
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

async function bury(child: StripeObjectType, owners: readonly Snapshot[], tx: EntityManager): Promise<void> {
  // A member that is still listed and did not change keeps its older version, and is not missing for that.
  const listed = owners.flatMap(ownedMembers).filter((member) => member.type === child);
  await tx.query(
    `UPDATE stripe.${child.table} AS member
        SET deleted_at = to_timestamp(owner.stamp), source_updated_at = to_timestamp(owner.stamp),
            source_rank = owner.rank, synced_at = now()
       FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::int[], $6::boolean[])
            AS owner(workspace_id, account, id, stamp, rank, gone)
      WHERE member.workspace_id = owner.workspace_id AND member.account = owner.account AND member.parent = owner.id
        AND member.deleted_at IS NULL
        AND (owner.gone OR (member.source_updated_at, member.source_rank) <= (to_timestamp(owner.stamp), owner.rank))
        AND NOT EXISTS (SELECT FROM unnest($7::text[], $8::text[], $9::text[]) AS listed(workspace_id, account, id)
                         WHERE listed.workspace_id = member.workspace_id AND listed.account = member.account AND listed.id = member.id)`,
    [
      owners.map((s) => s.workspaceId),
      owners.map((s) => s.account),
      owners.map((s) => s.id),
      owners.map((s) => s.stampSeconds),
      owners.map((s) => s.rank),
      owners.map((s) => s.deleted),
      listed.map((s) => s.workspaceId),
      listed.map((s) => s.account),
      listed.map((s) => s.id),
    ],
  );
}
