import type { EntityManager } from 'typeorm';
import type { EmbeddedRule, StripeObjectType } from '../objects/object-type.js';
import { ownersOf } from '../objects/registry.js';
import type { Snapshot } from './snapshot.js';

/**
 * The states without members that a list has shown which is out of date: their owner is gone, or a later state of it has
 * the whole list without them. The owners stay locked, so that whoever changes or buries one at this moment comes after.
 */
export async function withoutOutdatedMembers(states: readonly Snapshot[], tx: EntityManager): Promise<Snapshot[]> {
  const outdated = new Set<Snapshot>();
  for (const [type, members] of byType(states.filter(({ parent, deleted }) => parent !== null && !deleted)))
    for (const { owner, rule } of ownersOf(type))
      for (const member of await outdatedAmong(members, owner, rule, tx)) outdated.add(member);
  return states.filter((state) => !outdated.has(state));
}

async function outdatedAmong(
  members: readonly Snapshot[],
  owner: StripeObjectType,
  { field }: EmbeddedRule,
  tx: EntityManager,
): Promise<Snapshot[]> {
  const keys = [members.map((s) => s.workspaceId), members.map((s) => s.account), members.map((s) => s.parent)];
  await tx.query(
    `SELECT FROM stripe.${owner.table} AS owner
      WHERE (workspace_id, account, id) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))
      ORDER BY id COLLATE "C" FOR SHARE`,
    keys,
  );
  // A statement of its own: only its snapshot is sure to see what the locks' last holders committed.
  const rows = (await tx.query(
    `SELECT u.n
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) WITH ORDINALITY
            AS u(workspace_id, account, parent, id, stamp, n)
       JOIN stripe.${owner.table} AS owner
         ON owner.workspace_id = u.workspace_id AND owner.account = u.account AND owner.id = u.parent
      WHERE owner.deleted_at IS NOT NULL
         OR (owner.source_updated_at > to_timestamp(u.stamp) AND owner.data#>>ARRAY[$6, 'has_more'] = 'false'
             AND NOT owner.data#>ARRAY[$6, 'data'] @> jsonb_build_array(jsonb_build_object('id', u.id)))`,
    [...keys, members.map((s) => String(s.data.id)), members.map((s) => s.stampSeconds), field],
  )) as Array<{ n: string }>;
  return rows.flatMap(({ n }) => members[Number(n) - 1] ?? []);
}

function byType(states: readonly Snapshot[]): Map<StripeObjectType, Snapshot[]> {
  const groups = new Map<StripeObjectType, Snapshot[]>();
  for (const state of states) groups.set(state.type, [...(groups.get(state.type) ?? []), state]);
  return groups;
}
