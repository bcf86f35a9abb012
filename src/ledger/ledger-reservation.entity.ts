import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../database/bigint-column.js';

/**
 * A line of a payout: this entry is paid by that payout. At most one live line per entry; the partial unique index
 * `ledger_reservation_live` holds it.
 */
@Entity({ schema: 'tributary', name: 'ledger_reservation' })
@Index('ledger_reservation_live', { synchronize: false })
@Index('ledger_reservation_payout', ['workspaceId', 'payoutId'])
export class LedgerReservation {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'entry_id', type: 'text' })
  entryId: string;

  @PrimaryColumn({ name: 'payout_id', type: 'text' })
  payoutId: string;

  @Column({ name: 'amount_minor', type: 'bigint', transformer: bigintAsNumber })
  amountMinor: number;

  /** Set when the payout was approved; from then on nothing holds the entry back. */
  @Column({ name: 'frozen_at', type: 'timestamptz', nullable: true })
  frozenAt: Date | null;

  /** Set when the payout was canceled or blocked; the entry may then be a line of another one. */
  @Column({ name: 'released_at', type: 'timestamptz', nullable: true })
  releasedAt: Date | null;
}
