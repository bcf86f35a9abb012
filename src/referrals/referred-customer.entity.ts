import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A person who may have been referred. The only row of the referral rooms that holds personal data of theirs. */
@Entity({ schema: 'tributary', name: 'referred_customer' })
@Index('referred_customer_external', ['workspaceId', 'externalId'], { unique: true })
export class ReferredCustomer {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  /** The company's own id of the person; null until it tells. */
  @Column({ name: 'external_id', type: 'text', nullable: true })
  externalId: string | null;

  @Column({ type: 'text', nullable: true })
  email: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
