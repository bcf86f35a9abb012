import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import { Backfill } from './backfill.entity.js';
import type { TaskCursor } from './task.js';

export type BackfillTaskState = 'open' | 'done' | 'skipped' | 'failed';

/** A piece of a backfill that one process at a time works on: a list, a window of one, or a list for each object of a type. */
@Entity({ name: 'backfill_task' })
@Check('backfill_task_state', `state IN ('open', 'done', 'skipped', 'failed')`)
@Index('backfill_task_open', ['backfillId', 'account', 'objectTable'], { where: `state = 'open'` })
@Index('backfill_task_job', ['backfillId', 'id'])
export class BackfillTask {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'backfill_task_pkey',
  })
  id: string;

  @Column('text', { name: 'backfill_id' })
  backfillId: string;

  @ManyToOne(() => Backfill, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'backfill_id', foreignKeyConstraintName: 'backfill_task_of' })
  backfill: Backfill;

  /** The connected account in whose name Stripe is asked, '' for the workspace's own. */
  @Column('text')
  account: string;

  @Column('text', { name: 'object_table' })
  objectTable: string;

  /** Which of the type's lists; -1 plans the tasks of the connected accounts. */
  @Column('integer')
  rule: number;

  /** The one object whose list it is; null where every object is gone through. */
  @Column('text', { nullable: true })
  parent: string | null;

  /** Of the same job and account these come first. */
  @Column('text', { name: 'after_tables', array: true })
  afterTables: string[];

  /** The window's first second (Unix time); open below when null. */
  @Column('bigint', { name: 'created_from', nullable: true, transformer: bigintAsNumber })
  createdFrom: number | null;

  /** The second after its last one; open above when null. */
  @Column('bigint', { name: 'created_to', nullable: true, transformer: bigintAsNumber })
  createdTo: number | null;

  /** Where it goes on; committed together with the rows before that place. */
  @Column('jsonb', { nullable: true })
  cursor: TaskCursor | null;

  @Column('text', { default: 'open' })
  state: BackfillTaskState;

  /** Why it was skipped, failed or is tried again. */
  @Column('text', { nullable: true })
  reason: string | null;

  /** Failures since the last page. */
  @Column('integer', { default: 0 })
  attempts: number;

  @Column('timestamptz', { name: 'available_at', default: () => 'now()' })
  availableAt: Date;

  /** Names the process that works on it. */
  @Column('text', { name: 'lease_token', nullable: true })
  leaseToken: string | null;

  @Column('timestamptz', { name: 'leased_until', nullable: true })
  leasedUntil: Date | null;

  @Column('bigint', { default: 0, transformer: bigintAsNumber })
  requests: number;

  /** How many more requests it will take, as far as one can tell; null when one cannot. */
  @Column('bigint', { nullable: true, transformer: bigintAsNumber })
  remaining: number | null;
}
