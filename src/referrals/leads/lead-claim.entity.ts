import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { LeadKind } from '../rules/reward-rule.js';

/**
 * That a person's lead is earned in a program by whoever has this mailbox: of several persons with one mailbox only the first
 * earns. Derived from the same facts as the lead's commission, and written anew with it.
 */
@Entity({ schema: 'tributary', name: 'lead_claim' })
@Index('lead_claim_customer', ['workspaceId', 'customerId'])
export class LeadClaim {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  /** A hash with the workspace's salt: whose mailbox it is need not be known to see that it is the same. */
  @PrimaryColumn({ type: 'text' })
  mailbox: string;

  @PrimaryColumn({ name: 'program_id', type: 'text' })
  programId: string;

  @PrimaryColumn({ type: 'text' })
  kind: LeadKind;

  @PrimaryColumn({ name: 'customer_id', type: 'text' })
  customerId: string;

  /** The lead's moment, and with it what decides between leads of the same instant. */
  @Column({ type: 'timestamptz' })
  at: Date;

  @Column({ name: 'source_id', type: 'text' })
  sourceId: string;
}
