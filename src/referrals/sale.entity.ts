import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../database/bigint-column.js';
import type { LeadKind } from './rules/reward-rule.js';

export type SaleSource = 'invoice' | 'payment_intent' | 'external' | LeadKind;

/**
 * A sale to a referred customer. Those of Stripe's are noted when they first earn something; their figures stay in the
 * mirror. One from outside Stripe is a fact of its own, with its figures here. A lead that earned is kept like one, with no
 * money in it.
 */
@Entity({ schema: 'tributary', name: 'sale' })
@Index('sale_source', ['workspaceId', 'source', 'account', 'sourceId'], { unique: true })
@Index('sale_customer', ['workspaceId', 'customerId'])
export class Sale {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ type: 'text' })
  source: SaleSource;

  /** The connected account of the Stripe object, '' for the workspace's own. */
  @Column({ type: 'text' })
  account: string;

  /** The Stripe id, or the caller's external id; of a sign-up, whatever told of it. */
  @Column({ name: 'source_id', type: 'text' })
  sourceId: string;

  @Column({ name: 'customer_id', type: 'text' })
  customerId: string;

  /** '' for a lead. */
  @Column({ type: 'text' })
  currency: string;

  /** What was collected, tax and shipping included. */
  @Column({ name: 'cash_minor', type: 'bigint', transformer: bigintAsNumber })
  cashMinor: number;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
