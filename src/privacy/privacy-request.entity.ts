import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Who asked for a person's data, or for its erasure, and when. Never changed and never deleted: triggers refuse it. */
@Entity({ schema: 'tributary', name: 'privacy_request' })
@Check('privacy_request_kind', `kind IN ('export', 'erasure')`)
@Index('privacy_request_customer', ['workspaceId', 'customerId', 'id'])
export class PrivacyRequest {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ type: 'text' })
  kind: 'export' | 'erasure';

  /** The person's id here, which says nothing of who they are. */
  @Column({ name: 'customer_id', type: 'text' })
  customerId: string;

  /** The API key. */
  @Column({ name: 'made_by', type: 'text' })
  madeBy: string;

  @Column({ name: 'made_at', type: 'timestamptz' })
  madeAt: Date;
}
