export const STEPS = ['day', 'week', 'month'] as const;
export type Step = (typeof STEPS)[number];
export const SPLITS = ['program', 'partner', 'code', 'group'] as const;
export type Split = (typeof SPLITS)[number];

/** Which figures are asked for, in ids. `from` is included, `to` excluded; null where nothing is narrowed or divided. */
export interface Slice {
  workspaceId: string;
  programId: string | null;
  partnerId: string | null;
  codeId: string | null;
  groupKey: string | null;
  from: Date;
  to: Date;
  /** IANA; in it the days, weeks (from Monday) and months begin. */
  timeZone: string;
  by: Step | null;
  split: Split | null;
}

/** The expressions by which one table's rows are narrowed and divided. */
export interface Columns {
  workspace: string;
  at: string;
  program: string;
  partner: string;
  code: string;
}

/** A slice as parts of statements, and the parameters that they speak of. One for each statement. */
export class Cut {
  readonly parameters: unknown[] = [];

  constructor(readonly slice: Slice) {}

  /** The placeholder of a value. */
  bind(value: unknown): string {
    const known = this.parameters.indexOf(value);
    return `$${known === -1 ? this.parameters.push(value) : known + 1}`;
  }

  where(columns: Columns): string {
    const { workspaceId, from, to, ...ids } = this.slice;
    const equal = (column: string, id: string | null): string =>
      id === null ? '' : ` AND ${column} = ${this.bind(id)}`;
    const within = `${columns.at} >= ${this.bind(from)}::timestamptz AND ${columns.at} < ${this.bind(to)}::timestamptz`;
    return (
      `${columns.workspace} = ${this.bind(workspaceId)} AND ${within}` +
      equal(columns.partner, ids.partnerId) +
      equal(columns.program, ids.programId) +
      equal(columns.code, ids.codeId) +
      equal(groupOf(columns), ids.groupKey)
    );
  }

  /** The first day of the row's period, as text. */
  period({ at }: Pick<Columns, 'at'>): string {
    const { by } = this.slice;
    return by === null ? 'NULL::text' : `${this.startOf(by, at)}::date::text`;
  }

  /** The beginning of a step in the slice's time zone, as a time without zone. */
  startOf(step: Step, at: string): string {
    return `date_trunc('${step}', ${at} AT TIME ZONE ${this.bind(this.slice.timeZone)}::text)`;
  }

  /** The id of what the row is told under. */
  key(columns: Columns): string {
    const { split } = this.slice;
    if (split === null) return 'NULL::text';
    return split === 'group' ? groupOf(columns) : columns[split];
  }

  get needsCode(): boolean {
    return this.slice.codeId !== null || this.slice.split === 'code';
  }

  get needsProgram(): boolean {
    return this.slice.programId !== null || this.slice.split === 'program' || this.needsCode;
  }
}

/** The group that the partner was in at the row's time; null for none. */
const groupOf = ({ workspace, partner, at }: Columns): string => `(
      SELECT m.group_key FROM tributary.partner_group_member m
       WHERE m.workspace_id = ${workspace} AND m.partner_id = ${partner} AND m.effective_at <= ${at}
       ORDER BY m.effective_at DESC, m.seq DESC LIMIT 1)`;
