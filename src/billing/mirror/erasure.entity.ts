import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A customer whose personal data is erased, for good: whatever comes of it later is erased too. */
@Entity({ schema: 'tributary', name: 'customer_erasure' })
@Index('customer_erasure_due', ['dueAt'], { where: 'due_at IS NOT NULL' })
export class CustomerErasure {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'customer_erasure_pkey' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'customer_erasure_pkey' })
  account: string;

  @PrimaryColumn({ name: 'customer_id', type: 'text', primaryKeyConstraintName: 'customer_erasure_pkey' })
  customerId: string;

  @Column({ name: 'requested_at', type: 'timestamptz', default: () => 'now()' })
  requestedAt: Date;

  /** When Stripe had deleted the customer. */
  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt: Date | null;

  /** When rows and stored events are gone through (again): something came late, or may have come meanwhile. */
  @Column({ name: 'due_at', type: 'timestamptz', nullable: true })
  dueAt: Date | null;
}

/** An object that shows an erased customer's person: the customer itself, its payment methods, charges, invoices and so on. */
@Entity({ schema: 'tributary', name: 'erased_object' })
@Index('erased_object_customer', ['workspaceId', 'account', 'customerId'])
export class ErasedObject {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'erased_object_pkey' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'erased_object_pkey' })
  account: string;

  @PrimaryColumn({ name: 'object_id', type: 'text', primaryKeyConstraintName: 'erased_object_pkey' })
  objectId: string;

  @Column({ name: 'customer_id', type: 'text' })
  customerId: string;
}
