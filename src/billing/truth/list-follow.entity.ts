import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';

/** How far a list of Stripe's that no events tell of was read on, for one account and type. Instants by Stripe's clock. */
@Entity({ schema: 'tributary', name: 'list_follow' })
export class ListFollow {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  /** '' for the workspace's own. */
  @PrimaryColumn({ type: 'text' })
  account: string;

  @PrimaryColumn({ name: 'object_table', type: 'text' })
  objectTable: string;

  /** From when on nothing is missing: where the first look began. */
  @Column({ name: 'complete_from', type: 'timestamptz', nullable: true })
  completeFrom: Date | null;

  /** Everything that had been made by this instant is held; null before the first complete look. */
  @Column({ name: 'complete_until', type: 'timestamptz', nullable: true })
  completeUntil: Date | null;

  /** The same for changes that were announced for a time: as of then, what was due had been asked for again. */
  @Column({ name: 'changes_until', type: 'timestamptz', nullable: true })
  changesUntil: Date | null;

  @Column({ type: 'bigint', default: 0, transformer: bigintAsNumber })
  looks: number;

  /** Objects that were written because of it, ever. */
  @Column({ type: 'bigint', default: 0, transformer: bigintAsNumber })
  brought: number;

  /** Real time, the database's. */
  @Column({ name: 'looked_at', type: 'timestamptz', nullable: true })
  lookedAt: Date | null;

  /** When the next look is due, or the lease of the one under way ends. Real time, the database's. */
  @Column({ name: 'due_at', type: 'timestamptz', default: () => 'now()' })
  dueAt: Date;

  @Column({ name: 'lease_token', type: 'text', nullable: true })
  leaseToken: string | null;

  /** Why the last look was not complete. */
  @Column({ type: 'text', nullable: true })
  error: string | null;
}
