import type { Client } from 'pg';
import { NAMES, SUBJECTS, TRACE_NAMES, type Subject } from './subjects.js';

/** So many findings are told one by one; the counts are of all. */
export const FINDINGS_MAX = 100_000;

export interface Compared {
  subject: Subject['name'];
  agree: number;
  differ: number;
  /** Worked out anew, and not there. */
  missing: number;
  /** There, and not worked out anew. */
  extra: number;
}

export interface DifferingField {
  field: string;
  stands: unknown;
  recomputed: unknown;
}

export interface Finding {
  subject: Subject['name'];
  what: 'differs' | 'missing' | 'extra';
  /** Workspace, program and so on, by name. */
  of: Record<string, string>;
  fields: DifferingField[];
  /** Ids of the commission that stands, its sale and the event that told of it, where there are such. */
  trace: Record<string, string>;
}

/** Holds what stands (`rebuild.standing_…`) against what the scratch database says now. Findings are in the order of their keys. */
export async function compare(scratch: Client): Promise<{ compared: Compared[]; findings: Finding[] }> {
  const compared: Compared[] = [];
  const findings: Finding[] = [];
  for (const subject of SUBJECTS) {
    await scratch.query(`CREATE TABLE rebuild.recomputed_${subject.name} AS ${subject.query}`);
    const { rows } = await scratch.query<Omit<Compared, 'subject'>>(countsOf(subject.name));
    compared.push({ subject: subject.name, ...(rows[0] as (typeof rows)[number]) });
    const left = FINDINGS_MAX - findings.length;
    const found = await scratch.query<FoundRow>(`${findingsOf(subject.name)} LIMIT ${left}`);
    findings.push(...found.rows.map((row) => findingOf(subject.name, row)));
  }
  return { compared, findings };
}

/** Where what stands is kept, with the columns of a subject's query. */
export const standingTable = (subject: Subject['name']): string => `rebuild.standing_${subject}`;

interface FoundRow {
  key: string[];
  stands: Record<string, unknown> | null;
  recomputed: Record<string, unknown> | null;
  trace: Record<string, string | null> | null;
}

function findingOf(subject: Subject['name'], { key, stands, recomputed, trace }: FoundRow): Finding {
  const { key: names, said } = NAMES[subject];
  const fields = said
    .filter((field) => stands?.[field] !== recomputed?.[field])
    .map((field) => ({ field, stands: stands?.[field] ?? null, recomputed: recomputed?.[field] ?? null }));
  return {
    subject,
    what: stands === null ? 'missing' : recomputed === null ? 'extra' : 'differs',
    of: Object.fromEntries(names.map((name, index) => [name, key[index] ?? ''])),
    fields,
    trace: Object.fromEntries(TRACE_NAMES.flatMap((name) => (trace?.[name] == null ? [] : [[name, trace[name]]]))),
  };
}

// What is in an approved payout is not held, and payouts are not repeated: the recomputation holds that much less.
const pairs = (subject: Subject['name']): string => `
  (SELECT coalesce(s.key, r.key) AS key, s.said AS stands, coalesce(s.trace, r.trace) AS trace,
          CASE WHEN s.frozen_minor > 0 AND (r.said->>'heldMinor')::bigint > 0 THEN r.said || jsonb_build_object(
            'heldMinor', greatest(0, (r.said->>'heldMinor')::bigint - s.frozen_minor),
            'payableMinor', (r.said->>'netMinor')::bigint - greatest(0, (r.said->>'heldMinor')::bigint - s.frozen_minor))
          ELSE r.said END AS recomputed
     FROM ${standingTable(subject)} s FULL JOIN rebuild.recomputed_${subject} r ON r.key = s.key) AS pair`;

const countsOf = (subject: Subject['name']): string => `
  SELECT count(*) FILTER (WHERE stands = recomputed)::int AS agree,
         count(*) FILTER (WHERE stands <> recomputed)::int AS differ,
         count(*) FILTER (WHERE stands IS NULL)::int AS missing,
         count(*) FILTER (WHERE recomputed IS NULL)::int AS extra
    FROM ${pairs(subject)}`;

const findingsOf = (subject: Subject['name']): string => `
  SELECT key, stands, recomputed, trace FROM ${pairs(subject)}
   WHERE stands IS DISTINCT FROM recomputed ORDER BY key::text COLLATE "C"`;
