import { Column, Entity, PrimaryColumn } from 'typeorm';

export const PAYOUT_METHOD_TYPES = ['stripe_connect', 'manual'] as const;
export type PayoutMethodType = (typeof PAYOUT_METHOD_TYPES)[number];

/** Where a partner is paid; one at a time, and a payout keeps the one it was approved with. */
@Entity({ schema: 'tributary', name: 'payout_method' })
export class PayoutMethod {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ type: 'text' })
  type: PayoutMethodType;

  /** The connected account; only with `stripe_connect`. */
  @Column({ name: 'account_id', type: 'text', nullable: true })
  accountId: string | null;

  /** What the person who pays by hand needs to know; only with `manual`. Personal data: never logged. */
  @Column({ type: 'text', nullable: true })
  details: string | null;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
