import type { EntityManager } from 'typeorm';
import { refId } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { ALWAYS_KEPT, pairOf, withoutPerson, type KeptPairs } from './erasure-rules.js';
import type { Snapshot } from './snapshot.js';

/** The fields by which an object names what it belongs to. */
const OWNERS = [
  ...['customer', 'related_customer', 'charge', 'payment_intent', 'payment_method', 'invoice', 'setup_intent'],
  'verification_session',
] as const;

/**
 * The states as they may be kept: those of erased customers, and of whatever belongs to them, without the person. A late
 * event or one that is replayed brings nothing back, and has the customer's stored events gone through once more.
 */
export async function withoutErasedPersons(
  states: readonly Snapshot[],
  tx: EntityManager,
): Promise<readonly Snapshot[]> {
  const { kept, late } = await erasedStates(states, tx);
  if (late.length > 0) await noteLate(late, tx);
  return kept;
}

/** The same for comparing: writes nothing. In the order of `states`. */
export async function asKept(states: readonly Snapshot[], manager: EntityManager): Promise<readonly Snapshot[]> {
  return (await erasedStates(states, manager)).kept;
}

/**
 * The pairs of metadata that some version of a program's rules asks for, those for a group, a partner or a code among them:
 * they decided what was earned, and a commission that is derived again must come out as it was.
 */
export async function keptPairsOf(workspaceId: string, manager: EntityManager): Promise<KeptPairs> {
  const rows = (await manager.query(RULE_METADATA, [workspaceId])) as Array<{ name: string; value: string }>;
  return new Set([...ALWAYS_KEPT, ...rows.map(({ name, value }) => pairOf(name, value))]);
}

const RULE_METADATA = `
  SELECT DISTINCT pair.key AS name, pair.value
    FROM (SELECT rules FROM tributary.referral_program_version WHERE workspace_id = $1
          UNION ALL SELECT rules FROM tributary.terms_override WHERE workspace_id = $1) AS terms
   CROSS JOIN LATERAL jsonb_array_elements(terms.rules) AS rule
   CROSS JOIN LATERAL (VALUES (rule->'when'->'metadata'), (rule->'except'->'metadata')) AS asked(metadata)
   CROSS JOIN LATERAL jsonb_each_text(CASE jsonb_typeof(asked.metadata) WHEN 'object' THEN asked.metadata ELSE '{}' END) AS pair`;

async function erasedStates(
  states: readonly Snapshot[],
  tx: EntityManager,
): Promise<{ kept: readonly Snapshot[]; late: ErasedRow[] }> {
  if (states.length === 0) return { kept: states, late: [] };
  const names = new Set(states.flatMap(namesIn));
  const workspaces = new Set(states.map(({ workspaceId }) => workspaceId));
  const rows = (await tx.query(
    `SELECT workspace_id, account, object_id, customer_id FROM tributary.erased_object
      WHERE workspace_id = ANY($1::text[]) AND object_id = ANY($2::text[])`,
    [[...workspaces], [...names]],
  )) as ErasedRow[];
  if (rows.length === 0) return { kept: states, late: [] };
  const pairs = new Map<string, KeptPairs>();
  for (const id of new Set(rows.map((row) => row.workspace_id))) pairs.set(id, await keptPairsOf(id, tx));
  const owners = new Map(rows.map((row) => [keyOf(row.workspace_id, row.account, row.object_id), row]));
  const late: ErasedRow[] = [];
  const kept = states.map((state) => {
    const owner = namesIn(state)
      .map((name) => owners.get(keyOf(state.workspaceId, state.account, name)))
      .find((row) => row !== undefined);
    if (owner === undefined) return state;
    late.push({ ...owner, object_id: state.id });
    return { ...state, data: withoutPerson(state.data, pairs.get(state.workspaceId)) };
  });
  return { kept, late };
}

interface ErasedRow {
  workspace_id: string;
  account: string;
  object_id: string;
  customer_id: string;
}

function namesIn({ id, data }: Snapshot): string[] {
  return [id, ...ownersIn(data)];
}

export function ownersIn(data: StripeData): string[] {
  return OWNERS.flatMap((field) => refId(data[field]) ?? []);
}

function keyOf(workspaceId: string, account: string, id: string): string {
  return `${workspaceId}\n${account}\n${id}`;
}

/** Their events are in the inbox whole, and are gone through next. */
async function noteLate(late: readonly ErasedRow[], tx: EntityManager): Promise<void> {
  const columns = [
    late.map((row) => row.workspace_id),
    late.map((row) => row.account),
    late.map((row) => row.object_id),
    late.map((row) => row.customer_id),
  ];
  await tx.query(
    `INSERT INTO tributary.erased_object (workspace_id, account, object_id, customer_id)
     SELECT DISTINCT ON (u.w, u.a, u.o) u.w, u.a, u.o, u.c
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u(w, a, o, c) ORDER BY u.w, u.a, u.o
     ON CONFLICT DO NOTHING`,
    columns,
  );
  await tx.query(
    `UPDATE tributary.customer_erasure e SET due_at = least(coalesce(e.due_at, now()), now())
       FROM (SELECT DISTINCT u.w, u.a, u.c FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u(w, a, o, c)
              ORDER BY 1, 2, 3) AS late
      WHERE e.workspace_id = late.w AND e.account = late.a AND e.customer_id = late.c`,
    columns,
  );
}
