import { Column, Entity, PrimaryColumn } from 'typeorm';

/** That a code was suspended or reactivated at a moment; what it brings is judged by its status at that time. */
@Entity({ schema: 'tributary', name: 'referral_code_status' })
export class ReferralCodeStatus {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'code_id', type: 'text' })
  codeId: string;

  @PrimaryColumn({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  @Column({ type: 'boolean' })
  active: boolean;
}
