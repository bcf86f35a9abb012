import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TypeComparison } from './comparison-result.js';

/** When one type of one account was last compared with Stripe and repaired, and when it is again. */
@Entity({ schema: 'tributary', name: 'sweep' })
export class Sweep {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  account: string;

  @PrimaryColumn({ name: 'object_table', type: 'text' })
  objectTable: string;

  /** Real time; while it is swept, when its lease ends. */
  @Column({ name: 'due_at', type: 'timestamptz', default: () => 'now()' })
  dueAt: Date;

  @Column({ name: 'lease_token', type: 'text', nullable: true })
  leaseToken: string | null;

  @Column({ name: 'started_at', type: 'timestamptz', nullable: true })
  startedAt: Date | null;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt: Date | null;

  /** The second, by Stripe's clock, as of which the last finished sweep found or made the rows true. */
  @Column({ name: 'listed_at', type: 'timestamptz', nullable: true })
  listedAt: Date | null;

  /** What the last finished sweep found. */
  @Column({ type: 'jsonb', nullable: true })
  result: TypeComparison | null;

  /** Why the last one did not finish. */
  @Column({ type: 'text', nullable: true })
  error: string | null;
}
