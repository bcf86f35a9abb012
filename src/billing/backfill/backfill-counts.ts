import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Change, Difference } from '../mirror/bulk-writer.js';
import { snapshotKey, type Snapshot } from '../mirror/snapshot.js';
import { typeOfTable } from '../objects/registry.js';
import type { JobFacts } from './task.js';

export interface TypeCounts extends Record<Difference, number> {
  /** That lists showed. */
  objects: number;
}

/** What was listed, and the rows that changed with it, by table. Pure. */
export function countsOf(listed: readonly Snapshot[], changes: readonly Change[]): Map<string, TypeCounts> {
  const counts = new Map<string, TypeCounts>();
  const of = ({ type }: Snapshot): TypeCounts => {
    const held = counts.get(type.table) ?? { objects: 0, added: 0, changed: 0, unchanged: 0 };
    counts.set(type.table, held);
    return held;
  };
  const changed = new Set(changes.map(({ state }) => snapshotKey(state)));
  for (const state of listed) {
    of(state).objects += 1;
    if (!changed.has(snapshotKey(state))) of(state).unchanged += 1;
  }
  for (const { state, difference } of changes) of(state)[difference] += 1;
  return counts;
}

/** The figures of jobs by type, and what their dry runs have met. */
@Injectable()
export class BackfillCounts {
  /** In the order of the tables, so that two writers cannot wait for each other. */
  async add(job: string, counts: ReadonlyMap<string, TypeCounts>, tx: EntityManager): Promise<void> {
    const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
    if (rows.length === 0) return;
    const column = (name: keyof TypeCounts): number[] => rows.map(([, one]) => one[name]);
    await tx.query(
      `INSERT INTO tributary.backfill_count AS held (backfill_id, object_table, objects, added, changed, unchanged)
       SELECT $1, u.* FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) AS u
       ON CONFLICT (backfill_id, object_table) DO UPDATE
          SET objects = held.objects + excluded.objects, added = held.added + excluded.added,
              changed = held.changed + excluded.changed, unchanged = held.unchanged + excluded.unchanged`,
      [job, rows.map(([table]) => table), column('objects'), column('added'), column('changed'), column('unchanged')],
    );
  }

  /** Notes what a dry run met; answers the keys of what it had not met before. */
  async meet(job: string, states: readonly Snapshot[], tx: EntityManager): Promise<Set<string>> {
    const byKey = new Map(states.map((state) => [snapshotKey(state), state]));
    const ordered = [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state);
    const rows = (await tx.query(
      `INSERT INTO tributary.backfill_seen (backfill_id, object_table, account, id)
       SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::text[]) AS u ON CONFLICT DO NOTHING
       RETURNING object_table, account, id`,
      [job, ordered.map((s) => s.type.table), ordered.map((s) => s.account), ordered.map((s) => s.id)],
    )) as Array<{ object_table: string; account: string; id: string }>;
    const workspaceId = ordered[0]?.workspaceId ?? '';
    return new Set(rows.map((row) => [row.object_table, workspaceId, row.account, row.id].join('\n')));
  }

  /** At the end of a dry run: what is held as living and was not listed, for the lists that were read to their end. */
  async countDeleted({ id, workspaceId, since }: JobFacts, tx: EntityManager): Promise<void> {
    const read = (await tx.query(
      `SELECT object_table, account FROM tributary.backfill_task WHERE backfill_id = $1 AND rule >= 0
        GROUP BY object_table, account HAVING bool_and(state = 'done')`,
      [id],
    )) as Array<{ object_table: string; account: string }>;
    for (const table of new Set(read.map((row) => row.object_table))) {
      const accounts = read.filter((row) => row.object_table === table).map(({ account }) => account);
      if (typeOfTable(table)?.hasParent !== false) continue;
      await tx.query(
        `INSERT INTO tributary.backfill_count AS held (backfill_id, object_table, deleted)
         SELECT $1, $2, count(*) FROM stripe.${table} AS m
          WHERE m.workspace_id = $3 AND m.account = ANY($4::text[]) AND m.deleted_at IS NULL
            AND ($5::bigint IS NULL OR m.created >= to_timestamp($5::bigint))
            AND NOT EXISTS (SELECT FROM tributary.backfill_seen s WHERE s.backfill_id = $1 AND s.object_table = $2
                               AND s.account = m.account AND s.id = m.id)
         HAVING count(*) > 0
         ON CONFLICT (backfill_id, object_table) DO UPDATE SET deleted = excluded.deleted`,
        [id, table, workspaceId, accounts, since],
      );
    }
    await this.forget(id, tx);
  }

  async forget(job: string, tx: EntityManager): Promise<void> {
    await tx.query(`DELETE FROM tributary.backfill_seen WHERE backfill_id = $1`, [job]);
  }
}
