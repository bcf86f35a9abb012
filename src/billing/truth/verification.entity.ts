import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ComparisonResult } from './comparison-result.js';

export type VerificationState = 'pending' | 'done' | 'failed';

/** One comparison of the mirror with Stripe that somebody asked for. */
@Entity({ schema: 'tributary', name: 'verification' })
@Check('verification_state', `state IN ('pending', 'done', 'failed')`)
@Index('verification_available', { synchronize: false })
export class Verification {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ type: 'text', default: 'pending' })
  state: VerificationState;

  /** A connected account's id, or `platform`; '' for all. */
  @Column({ type: 'text', default: '' })
  account: string;

  /** Tables; null for all. */
  @Column({ type: 'text', array: true, nullable: true })
  types: string[] | null;

  /** At most so many objects of a type; null for all. */
  @Column({ type: 'integer', nullable: true })
  sample: number | null;

  /** Also write what was found to be wrong. */
  @Column({ type: 'boolean', default: false })
  repair: boolean;

  /** So far while it runs, whole when it is done. */
  @Column({ type: 'jsonb', nullable: true })
  result: ComparisonResult | null;

  @Column({ type: 'text', nullable: true })
  error: string | null;

  @Column({ type: 'integer', default: 0 })
  attempts: number;

  @Column({ name: 'available_at', type: 'timestamptz', default: () => 'now()' })
  availableAt: Date;

  /** Names the claim; only its holder may write the result. */
  @Column({ name: 'lease_token', type: 'text', nullable: true })
  leaseToken: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt: Date | null;
}
