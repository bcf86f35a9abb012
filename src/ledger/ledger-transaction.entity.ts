import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What a transaction says. Earning, reversal, reinstatement, rejection and adjustment change what is owed, and so does an
 * opening balance, which was earned elsewhere; hold, release, reserve and unreserve move it between accounts; pay and return
 * move it out and back.
 */
export type LedgerTransactionKind =
  | 'earning'
  | 'reversal'
  | 'reinstatement'
  | 'rejection'
  | 'adjustment'
  | 'opening_balance'
  | 'hold'
  | 'release'
  | 'reserve'
  | 'unreserve'
  | 'pay'
  | 'return';

/** One posting. Never updated, deleted or truncated: triggers refuse it to everyone. */
@Entity({ schema: 'tributary', name: 'ledger_transaction' })
@Index('ledger_transaction_fact', ['workspaceId', 'factKey'], { unique: true })
@Index('ledger_transaction_commission', ['workspaceId', 'commissionId'])
@Index('ledger_transaction_payout', ['workspaceId', 'payoutId'])
export class LedgerTransaction {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ type: 'text' })
  kind: LedgerTransactionKind;

  /** Names the business fact; posting the same fact twice is refused by the unique index. */
  @Column({ name: 'fact_key', type: 'text' })
  factKey: string;

  /** When it happened, in business time (Stripe's). */
  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt: Date;

  /** When it was posted, in business time; statements go by it, so that a closed period never changes. */
  @Column({ name: 'posted_at', type: 'timestamptz' })
  postedAt: Date;

  @Column({ name: 'commission_id', type: 'text', nullable: true })
  commissionId: string | null;

  @Column({ name: 'payout_id', type: 'text', nullable: true })
  payoutId: string | null;

  /** What caused it, in figures and ids: the sale, the refunds, the run. */
  @Column({ type: 'jsonb' })
  cause: Record<string, unknown>;
}
