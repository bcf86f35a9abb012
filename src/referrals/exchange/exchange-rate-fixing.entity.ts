import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SaleSource } from '../sale.entity.js';

/**
 * Which rate a sale was counted at, once and for all (rule R7): a fact of its own, so that rates that are told of later change
 * nothing, and a rebuild finds the same.
 */
@Entity({ schema: 'tributary', name: 'exchange_rate_fixing' })
export class ExchangeRateFixing {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  source: SaleSource;

  @PrimaryColumn({ type: 'text' })
  account: string;

  @PrimaryColumn({ name: 'source_id', type: 'text' })
  sourceId: string;

  @PrimaryColumn({ type: 'text' })
  quote: string;

  @Column({ name: 'rate_id', type: 'text' })
  rateId: string;

  @Column({ name: 'fixed_at', type: 'timestamptz' })
  fixedAt: Date;
}
