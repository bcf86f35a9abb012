import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { SkippedPartner } from './run-plan.js';

export type PayoutRunState = 'draft' | 'approved' | 'canceled';

/** Everything that is due in one currency until a cut-off, as payouts to be approved together. */
@Entity({ schema: 'tributary', name: 'payout_run' })
@Check('payout_run_state', `state IN ('draft', 'approved', 'canceled')`)
@Check('payout_run_approved', `(state = 'approved') = (approved_at IS NOT NULL)`)
@Check('payout_run_canceled', `(state = 'canceled') = (canceled_at IS NOT NULL)`)
@Index('payout_run_listed', ['workspaceId', 'state', 'id'])
export class PayoutRun {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ type: 'text' })
  currency: string;

  /** Entries that are due at it, itself included, are in the run. */
  @Column({ type: 'timestamptz' })
  cutoff: Date;

  @Column({ type: 'text' })
  state: PayoutRunState;

  /** 1, 2, 3, …: grows whenever the draft changes, and an approval names the one it saw. */
  @Column({ type: 'integer' })
  revision: number;

  /** Who is owed something and is not paid by this run. */
  @Column({ type: 'jsonb' })
  skipped: SkippedPartner[];

  /** The API key's id. */
  @Column({ name: 'created_by', type: 'text' })
  createdBy: string;

  @Column({ name: 'approved_by', type: 'text', nullable: true })
  approvedBy: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'approved_at', type: 'timestamptz', nullable: true })
  approvedAt: Date | null;

  @Column({ name: 'canceled_at', type: 'timestamptz', nullable: true })
  canceledAt: Date | null;
}
