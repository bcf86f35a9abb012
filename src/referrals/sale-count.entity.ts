import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../database/bigint-column.js';

/**
 * What a sale adds to the counts that tiers, phases, terms and caps go by, for one rule; and, with `seq` above 0, what left
 * of it again, dated when it left. Derived from the same facts as the commission, and written anew with it. Later sales are
 * judged by the sum of what lies before them in the order of (business time, source id) (rule R5).
 */
@Entity({ schema: 'tributary', name: 'sale_count' })
@Index('sale_count_partner', ['workspaceId', 'programId', 'partnerId', 'at'])
@Index('sale_count_customer', ['workspaceId', 'programId', 'customerId', 'at'])
@Index('sale_count_sale', ['workspaceId', 'saleId'])
export class SaleCount {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'program_id', type: 'text' })
  programId: string;

  @PrimaryColumn({ name: 'sale_id', type: 'text' })
  saleId: string;

  @PrimaryColumn({ type: 'text' })
  rule: string;

  /** 0 for the sale itself. */
  @PrimaryColumn({ type: 'integer' })
  seq: number;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ name: 'customer_id', type: 'text' })
  customerId: string;

  /** Business time, and with it what decides between sales of the same instant. */
  @Column({ type: 'timestamptz' })
  at: Date;

  @Column({ name: 'source_id', type: 'text' })
  sourceId: string;

  /** 1 for the sale, −1 when all of it has left again. */
  @Column({ type: 'integer' })
  sales: number;

  /** Of the base, in minor units of the commission's currency; negative for what left. */
  @Column({ name: 'revenue_minor', type: 'bigint', transformer: bigintAsNumber })
  revenueMinor: number;

  /** In minor units of the commission's currency. */
  @Column({ name: 'earned_minor', type: 'bigint', transformer: bigintAsNumber })
  earnedMinor: number;
}
