import { Column, Entity, PrimaryColumn } from 'typeorm';

/** That a customer came by a code when all its uses had been given away. It stays so: uses are given in the order of acceptance. */
@Entity({ schema: 'tributary', name: 'referral_code_refusal' })
export class ReferralCodeRefusal {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'code_id', type: 'text' })
  codeId: string;

  @PrimaryColumn({ name: 'customer_id', type: 'text' })
  customerId: string;

  @Column({ name: 'refused_at', type: 'timestamptz' })
  refusedAt: Date;
}
