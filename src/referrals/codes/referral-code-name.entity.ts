import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A text that leads to a code: its own, or one that it had before. Held for good, so that no old link leads to another. */
@Entity({ schema: 'tributary', name: 'referral_code_name' })
@Index('referral_code_name_code', ['workspaceId', 'codeId'])
export class ReferralCodeName {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  /** Upper case: codes are compared without regard to case. */
  @PrimaryColumn({ name: 'code_key', type: 'text' })
  codeKey: string;

  @Column({ name: 'code_id', type: 'text' })
  codeId: string;

  /** As it was written when it was given. */
  @Column({ type: 'text' })
  code: string;

  @Column({ name: 'given_at', type: 'timestamptz' })
  givenAt: Date;
}
