import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { MirrorWriter } from '../mirror/mirror-writer.js';
import { RefetchQueue } from '../mirror/refetch-queue.js';
import { SettleQueue } from '../mirror/settle-queue.js';
import type { Snapshot } from '../mirror/snapshot.js';
import { typeOfObject } from '../objects/registry.js';
import { isOfV2, type Verdict } from './row-verdicts.js';
import type { ListedPage } from './stripe-lists.service.js';

/** A member that is held and that its owner no longer has. */
export interface Stray {
  id: string;
  table: string;
  owner: Snapshot;
}

/** Sets right what a comparison found, through the mirror's one writer: what is held and newer stays. */
@Injectable()
export class Repairs {
  constructor(
    private readonly db: DataSource,
    private readonly mirror: MirrorWriter,
    private readonly refetches: RefetchQueue,
    private readonly settling: SettleQueue,
  ) {}

  /** Living members of the owners that Stripe does not list, of owners that are not newer here. */
  async straysIn(owners: ListedPage['owners']): Promise<Stray[]> {
    const strays: Stray[] = [];
    const byTable = new Map<string, ListedPage['owners']>();
    for (const owned of owners) {
      const tables = owned.owner.type.embedded
        .filter((rule) => rule.owned)
        .flatMap((rule) => memberTables(rule.objects));
      for (const table of tables) byTable.set(table, [...(byTable.get(table) ?? []), owned]);
    }
    for (const [table, group] of byTable) {
      const [{ owner }] = group as [ListedPage['owners'][number]];
      const rows = (await this.db.query(
        `SELECT m.id, m.parent FROM stripe.${table} m
           JOIN unnest($3::text[], $4::bigint[]) AS o(id, stamp) ON m.parent = o.id
          WHERE m.workspace_id = $1 AND m.account = $2 AND m.deleted_at IS NULL
            AND m.source_updated_at < to_timestamp(o.stamp) AND NOT m.id = ANY($5::text[])`,
        [
          owner.workspaceId,
          owner.account,
          group.map((owned) => owned.owner.id),
          group.map((owned) => owned.owner.stampSeconds),
          group.flatMap((owned) => owned.members.map(({ id }) => id)),
        ],
      )) as Array<{ id: string; parent: string }>;
      for (const { id, parent } of rows) {
        const found = group.find((owned) => owned.owner.id === parent);
        if (found !== undefined) strays.push({ id, table, owner: found.owner });
      }
    }
    return strays;
  }

  /** Answers how many objects were written or will be, asked for once more because their lists are incomplete here. */
  async write(wrong: readonly Verdict[], owners: ListedPage['owners'], strays: readonly Stray[]): Promise<number> {
    if (wrong.length === 0 && strays.length === 0) return 0;
    const wrongIds = new Set(wrong.map(({ state }) => `${state.type.table}/${state.id}`));
    const ofMembers = owners.filter(
      ({ owner, members }) =>
        strays.some((stray) => stray.owner.id === owner.id) ||
        members.some((member) => wrongIds.has(`${member.type.table}/${member.id}`)),
    );
    const whole = wrong.filter(({ state }) => !state.type.hasParent || state.parent !== null).map(({ state }) => state);
    // The second version's lists leave parts of their objects out, so that a listed one must not replace what is held.
    const partly = whole.filter((state) => isOfV2(state.type) && !state.deleted);
    const named = [
      ...ofMembers.map(({ owner }) => ({ ...owner, reason: 'members' as const, minStamp: owner.stampSeconds })),
      ...partly.map((state) => ({ ...state, reason: 'named' as const, minStamp: state.stampSeconds })),
    ];
    await this.db.transaction(async (tx) => {
      await this.mirror.apply(
        whole.filter((state) => !partly.includes(state)),
        tx,
      );
      await this.refetches.requestObjects(named, tx);
    });
    this.settling.announce();
    return wrong.length + strays.length;
  }
}

function memberTables(objects: readonly string[]): string[] {
  return objects.map((object) => typeOfObject(object).table);
}
