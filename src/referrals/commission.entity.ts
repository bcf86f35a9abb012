import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../database/bigint-column.js';
import type { HoldReason } from './holds/hold-reasons.js';
import type { CommissionExplanation } from './rules/commission-rules.js';

/**
 * What one sale earns one partner by one rule. Its money is in the ledger; here stands how the figure came about, frozen
 * with the program's version at the sale's business time. One live commission per (program, sale, rule): the partial unique
 * index `commission_live` holds it.
 */
@Entity({ schema: 'tributary', name: 'commission' })
@Check('commission_status', `status IN ('posted', 'pending_fx', 'pending_cash', 'superseded')`)
@Index('commission_live', { synchronize: false })
@Index('commission_time', { synchronize: false })
@Index('commission_partner_time', { synchronize: false })
@Index('commission_person', { synchronize: false })
@Index('commission_listed', ['workspaceId', 'createdAt', 'id'])
@Index('commission_partner', ['workspaceId', 'partnerId', 'createdAt', 'id'])
@Index('commission_customer', ['workspaceId', 'customerId'])
@Index('commission_sale', ['workspaceId', 'saleId'])
export class Commission {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'program_id', type: 'text' })
  programId: string;

  @Column({ name: 'program_version', type: 'integer' })
  programVersion: number;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ name: 'customer_id', type: 'text' })
  customerId: string;

  @Column({ name: 'sale_id', type: 'text' })
  saleId: string;

  @Column({ name: 'code_id', type: 'text' })
  codeId: string;

  /** The rule of the program that earned it. */
  @Column({ type: 'text' })
  rule: string;

  /**
   * `pending_fx`: waits for an exchange rate, nothing is posted. `pending_cash`: Stripe has yet to say what it collected,
   * nothing is posted. `superseded`: earlier evidence gave the customer to another partner, and what was posted has been
   * taken back.
   */
  @Column({ type: 'text' })
  status: 'posted' | 'pending_fx' | 'pending_cash' | 'superseded';

  @Column({ type: 'text' })
  currency: string;

  /** What the sale earned, before anything was taken back. */
  @Column({ name: 'amount_minor', type: 'bigint', transformer: bigintAsNumber })
  amountMinor: number;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt: Date;

  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt: Date;

  @Column({ type: 'jsonb' })
  explanation: CommissionExplanation;

  /** What holds it, or would if there were something left to hold; as of its last settling. */
  @Column({ type: 'jsonb' })
  holds: HoldReason[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
