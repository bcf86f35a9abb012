import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ConsideredEvidence } from './attribution-rules.js';

/** The binding of a customer to a partner in a program, decided over all evidence up to the customer's first sale (rule R9). */
@Entity({ schema: 'tributary', name: 'attribution' })
@Index('attribution_partner', ['workspaceId', 'partnerId'])
export class Attribution {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'program_id', type: 'text' })
  programId: string;

  @PrimaryColumn({ name: 'customer_id', type: 'text' })
  customerId: string;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ name: 'code_id', type: 'text' })
  codeId: string;

  /** When the winning evidence bound the customer, in business time. */
  @Column({ name: 'bound_at', type: 'timestamptz' })
  boundAt: Date;

  /** Everything that spoke for a binding, with the reason for or against each. */
  @Column({ type: 'jsonb' })
  evidence: ConsideredEvidence[];
}
