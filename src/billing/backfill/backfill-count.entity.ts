import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import { Backfill } from './backfill.entity.js';

/** What a backfill did to one type, or would do. */
@Entity({ name: 'backfill_count' })
export class BackfillCount {
  @PrimaryColumn('text', { name: 'backfill_id', primaryKeyConstraintName: 'backfill_count_pkey' })
  backfillId: string;

  @ManyToOne(() => Backfill, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'backfill_id', foreignKeyConstraintName: 'backfill_count_of' })
  backfill: Backfill;

  @PrimaryColumn('text', { name: 'object_table', primaryKeyConstraintName: 'backfill_count_pkey' })
  objectTable: string;

  /** That Stripe's lists showed. */
  @Column('bigint', { default: 0, transformer: bigintAsNumber })
  objects: number;

  @Column('bigint', { default: 0, transformer: bigintAsNumber })
  added: number;

  @Column('bigint', { default: 0, transformer: bigintAsNumber })
  changed: number;

  @Column('bigint', { default: 0, transformer: bigintAsNumber })
  unchanged: number;

  /** Only of a dry run: held as living, and not listed by Stripe. */
  @Column('bigint', { default: 0, transformer: bigintAsNumber })
  deleted: number;
}

/** What a dry run has met, so that nothing is counted twice and what was not met is known. Emptied when it ends. */
@Entity({ name: 'backfill_seen' })
export class BackfillSeen {
  @PrimaryColumn('text', { name: 'backfill_id', primaryKeyConstraintName: 'backfill_seen_pkey' })
  backfillId: string;

  @PrimaryColumn('text', { name: 'object_table', primaryKeyConstraintName: 'backfill_seen_pkey' })
  objectTable: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'backfill_seen_pkey' })
  account: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'backfill_seen_pkey' })
  id: string;
}
