import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';

export type BackfillState = 'running' | 'done' | 'failed' | 'canceled';

/** One order to take in what Stripe lists. `running` also while nobody works on it: whoever comes goes on with it. */
@Entity({ name: 'backfill' })
@Check('backfill_state', `state IN ('running', 'done', 'failed', 'canceled')`)
@Check('backfill_finished', `(state = 'running') = (finished_at IS NULL)`)
@Index('backfill_running', ['workspaceId', 'scope'], { unique: true, where: `state = 'running'` })
@Index('backfill_created', ['workspaceId', 'createdAt', 'id'])
export class Backfill {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'backfill_pkey' })
  id: string;

  @Column('text', { name: 'workspace_id' })
  workspaceId: string;

  @Column('text', { default: 'running' })
  state: BackfillState;

  /** Compares and counts, and leaves the mirror as it is. */
  @Column('boolean', { name: 'dry_run' })
  dryRun: boolean;

  /** Only what Stripe created from then on, where its lists can be asked so. */
  @Column('timestamptz', { nullable: true })
  since: Date | null;

  /** The tables that were asked for; null for all. */
  @Column('text', { array: true, nullable: true })
  types: string[] | null;

  /** One connected account, or `platform` for the workspace's own; null for all. */
  @Column('text', { nullable: true })
  account: string | null;

  /** What was asked for, as one text: of equal orders only one runs. */
  @Column('text')
  scope: string;

  @Column('text', { nullable: true })
  error: string | null;

  /** For how long replicas worked on it, pauses left out. */
  @Column('bigint', { name: 'worked_ms', default: 0, transformer: bigintAsNumber })
  workedMs: number;

  /** When a replica last said that it works on it. */
  @Column('timestamptz', { name: 'worked_at', nullable: true })
  workedAt: Date | null;

  /** By the `Clock`, as `finishedAt`: what a backfill listed is held against seconds of Stripe's. */
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;
}
