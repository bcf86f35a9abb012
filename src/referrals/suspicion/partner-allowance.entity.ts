import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { SuspicionCheck } from './suspicion-rules.js';

/** What a partner, such as an agency that buys for its clients, is allowed from one moment on. Only added to. */
@Entity({ schema: 'tributary', name: 'partner_allowance' })
@Index('partner_allowance_partner', ['workspaceId', 'partnerId', 'effectiveAt', 'id'])
export class PartnerAllowance {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  /** The checks that are left out; empty for none. */
  @Column({ type: 'jsonb' })
  checks: SuspicionCheck[];

  @Column({ type: 'text' })
  reason: string;

  /** The API key. */
  @Column({ name: 'allowed_by', type: 'text' })
  allowedBy: string;

  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;
}
