import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import type { PayoutObstacle } from './payout-obstacles.js';

/** A partner asks to be paid. Open until the company closes it; one open request per partner and currency. */
@Entity({ schema: 'tributary', name: 'payout_request' })
@Check('payout_request_closed', `(closed_at IS NULL) = (closed_by IS NULL)`)
@Index('payout_request_open', { synchronize: false })
@Index('payout_request_partner', ['workspaceId', 'partnerId', 'id'])
export class PayoutRequest {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ type: 'text' })
  currency: string;

  /** What a run would have paid when it was asked for, in minor units; 0 or less where there was nothing. */
  @Column({ name: 'payable_minor', type: 'bigint', transformer: bigintAsNumber })
  payableMinor: number;

  /** Why a run would have paid nothing then; empty where it would. */
  @Column({ type: 'jsonb' })
  obstacles: PayoutObstacle[];

  @Column({ name: 'requested_at', type: 'timestamptz' })
  requestedAt: Date;

  @Column({ name: 'closed_at', type: 'timestamptz', nullable: true })
  closedAt: Date | null;

  /** The API key. */
  @Column({ name: 'closed_by', type: 'text', nullable: true })
  closedBy: string | null;

  @Column({ name: 'closed_reason', type: 'text', nullable: true })
  closedReason: string | null;
}
