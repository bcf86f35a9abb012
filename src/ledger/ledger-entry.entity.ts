import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../database/bigint-column.js';
import type { LedgerTransactionKind } from './ledger-transaction.entity.js';

export const LEDGER_ACCOUNTS = ['expense', 'earned', 'held', 'in_payout', 'paid'] as const;

/**
 * `expense` is the company's side; the others are what a partner is owed (earned, held, in_payout) or has got (paid).
 * An earning of 20.00 is earned +2000, expense −2000.
 */
export type LedgerAccount = (typeof LEDGER_ACCOUNTS)[number];

/** One line of a transaction. The lines of a transaction sum to zero per currency; a trigger refuses anything else. */
@Entity({ schema: 'tributary', name: 'ledger_entry' })
@Check('ledger_entry_account', `account IN ('expense', 'earned', 'held', 'in_payout', 'paid')`)
@Check('ledger_entry_due', `(account = 'earned') = (due_at IS NOT NULL)`)
@Check('ledger_entry_payable_account', `NOT payable OR account = 'earned'`)
@Index('ledger_entry_transaction', ['workspaceId', 'transactionId'])
@Index('ledger_entry_partner', ['workspaceId', 'partnerId', 'currency', 'account'])
@Index('ledger_entry_commission', ['workspaceId', 'commissionId'])
@Index('ledger_entry_payable', { synchronize: false })
@Index('ledger_entry_held', { synchronize: false })
@Index('ledger_entry_partner_time', { synchronize: false })
@Index('ledger_entry_time', { synchronize: false })
export class LedgerEntry {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'transaction_id', type: 'text' })
  transactionId: string;

  @Column({ type: 'text' })
  account: LedgerAccount;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ name: 'program_id', type: 'text', nullable: true })
  programId: string | null;

  @Column({ name: 'commission_id', type: 'text', nullable: true })
  commissionId: string | null;

  @Column({ type: 'text' })
  currency: string;

  /** Signed, in minor units. */
  @Column({ name: 'amount_minor', type: 'bigint', transformer: bigintAsNumber })
  amountMinor: number;

  /** From when it may be paid, itself included; only in `earned`. */
  @Column({ name: 'due_at', type: 'timestamptz', nullable: true })
  dueAt: Date | null;

  /** Whether it can be a line of a payout. Reservations and what undoes them are not. */
  @Column({ type: 'boolean' })
  payable: boolean;

  /** Of its transaction, as is the time; a trigger refuses anything else. */
  @Column({ type: 'text' })
  kind: LedgerTransactionKind;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt: Date;
}
