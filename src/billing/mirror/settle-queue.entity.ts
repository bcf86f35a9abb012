import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/**
 * A key that something touched and that has not been settled since. Append-only while mirrors are written: a writer never
 * waits for the settling of an earlier touch, and a touch that arrives during a settling is seen by the next.
 */
@Entity({ schema: 'tributary', name: 'settle_queue' })
@Index('settle_queue_available', ['availableAt', 'id'])
@Index('settle_queue_key', ['workspaceId', 'account', 'kind', 'key'])
export class SettleQueueEntry {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id: string;

  @Column({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @Column({ type: 'text' })
  account: string;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'text' })
  key: string;

  @Column({ name: 'queued_at', type: 'timestamptz', default: () => 'now()' })
  queuedAt: Date;

  /** Real time, the database's. Infinity once it is parked. */
  @Column({ name: 'available_at', type: 'timestamptz', default: () => 'now()' })
  availableAt: Date;

  @Column({ type: 'integer', default: 0 })
  attempts: number;

  @Column({ type: 'text', nullable: true })
  error: string | null;
}
