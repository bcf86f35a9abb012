import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * The Stripe objects of a person whose metadata say `referral: false`, as they were when the person was last settled: what
 * belongs to them earns nothing. Kept so that a change of it is noticed and the person's sales are asked again.
 */
@Entity({ schema: 'tributary', name: 'customer_exemption' })
export class CustomerExemption {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'customer_id', type: 'text' })
  customerId: string;

  /** Customers, subscriptions, invoices and payments, sorted. */
  @Column({ name: 'object_ids', type: 'jsonb' })
  objectIds: string[];
}
