import type { DataSource } from 'typeorm';
import { asKept } from '../mirror/erasure.js';
import { storableJson } from '../mirror/json-text.js';
import { snapshotKey, type Snapshot } from '../mirror/snapshot.js';
import type { StripeObjectType } from '../objects/object-type.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { differingFields } from './differing-fields.js';

/** What a row is beside Stripe's answer about its object. */
export interface Verdict {
  state: Snapshot;
  what: 'agrees' | 'differs' | 'missing';
  fields: string[];
  /** Another API version shaped the row: only what both versions have was compared. */
  otherVersion: boolean;
}

interface HeldRow {
  id: string;
  data: StripeData;
  api_version: string | null;
  stamp: string;
  source_rank: number;
  gone: string | null;
}

/** Holds what Stripe answered against the rows. Reads only; the states are of one workspace and account each. */
export async function verdictsOn(states: readonly Snapshot[], db: DataSource): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  // A person who was erased here is still there at Stripe, and that is no difference.
  for (const group of groupsOf(await asKept(states, db.manager))) {
    const rows = await heldRows(group.type, group.states, db);
    for (const state of group.states) verdicts.push(verdictOn(state, rows.get(state.id)));
  }
  return verdicts;
}

function groupsOf(states: readonly Snapshot[]): Array<{ type: StripeObjectType; states: Snapshot[] }> {
  const groups = new Map<string, { type: StripeObjectType; states: Snapshot[] }>();
  for (const state of new Map(states.map((one) => [snapshotKey(one), one])).values()) {
    const key = `${state.type.table}\n${state.account}`;
    const group = groups.get(key) ?? { type: state.type, states: [] };
    group.states.push(state);
    groups.set(key, group);
  }
  return [...groups.values()];
}

async function heldRows(
  type: StripeObjectType,
  states: readonly Snapshot[],
  db: DataSource,
): Promise<Map<string, HeldRow>> {
  const [{ workspaceId, account }] = states as [Snapshot];
  const rows = (await db.query(
    `SELECT id, data, api_version, extract(epoch FROM source_updated_at)::bigint AS stamp, source_rank,
            extract(epoch FROM deleted_at)::bigint AS gone
       FROM stripe.${type.table} WHERE workspace_id = $1 AND account = $2 AND id = ANY($3::text[])`,
    [workspaceId, account, states.map(({ id }) => id)],
  )) as HeldRow[];
  return new Map(rows.map((row) => [row.id, row]));
}

function verdictOn(state: Snapshot, row: HeldRow | undefined): Verdict {
  if (row === undefined) return { state, what: 'missing', fields: [], otherVersion: false };
  const sameVersion = row.api_version === state.apiVersion;
  const agrees: Verdict = { state, what: 'agrees', fields: [], otherVersion: !sameVersion };
  if (isNewer(row, state)) return { ...agrees, otherVersion: false };
  if (row.gone !== null) return { state, what: 'differs', fields: ['deleted'], otherVersion: false };
  // What jsonb refuses was replaced when the row was written.
  const listed = JSON.parse(storableJson(state.data)) as StripeData;
  const fields = differingFields(row.data, listed, { sameVersion, nullIsSilence: isOfV2(state.type) });
  return fields.length === 0 ? agrees : { state, what: 'differs', fields, otherVersion: false };
}

/** The row tells of a later moment than the answer: it cannot be judged by it, and by the mirror's rule it stays. */
function isNewer(row: HeldRow, state: Snapshot): boolean {
  const stamp = Number(row.gone ?? row.stamp);
  if (stamp !== state.stampSeconds) return stamp > state.stampSeconds;
  return row.gone !== null || row.source_rank > state.rank;
}

export function isOfV2(type: StripeObjectType): boolean {
  return type.object.startsWith('v2.');
}
