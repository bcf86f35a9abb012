import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where a partner is paid; one at a time, and a payout keeps the one it was approved with. */
@Entity({ schema: 'tributary', name: 'payout_method' })
export class PayoutMethod {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ type: 'text' })
  type: 'stripe_connect' | 'manual';

  /** The connected account; only with `stripe_connect`. */
  @Column({ name: 'account_id', type: 'text', nullable: true })
  accountId: string | null;

  /** What the person who pays by hand needs to know; only with `manual`. Personal data: never logged. */
  @Column({ type: 'text', nullable: true })
  details: string | null;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
