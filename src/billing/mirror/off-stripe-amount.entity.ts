import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';

/**
 * How much of a paid invoice Stripe did not collect, as Stripe answered when it was asked: no event tells it. A fact of its
 * own, so that a mirror that is built again finds it.
 */
@Entity({ schema: 'tributary', name: 'off_stripe_amount' })
export class OffStripeAmount {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  account: string;

  @PrimaryColumn({ name: 'invoice_id', type: 'text' })
  invoiceId: string;

  /** In minor units of the invoice's currency. */
  @Column({ name: 'amount_minor', type: 'bigint', transformer: bigintAsNumber })
  amountMinor: number;

  @Column({ name: 'told_at', type: 'timestamptz' })
  toldAt: Date;
}
