import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../database/bigint-column.js';
import type { ProgramPolicies } from './rules/program-policies.js';
import type { SuspicionTerms } from './suspicion/suspicion-rules.js';
import type { Cap, RewardRule } from './rules/reward-rule.js';

/**
 * The terms of a program from one moment on. Every edit adds a version; a sale is judged by the one in force at its business
 * time, the first counting for everything before it.
 */
@Entity({ schema: 'tributary', name: 'referral_program_version' })
export class ReferralProgramVersion {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'program_id', type: 'text' })
  programId: string;

  /** 1, 2, 3, … */
  @PrimaryColumn({ type: 'integer' })
  version: number;

  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  /** In their order: of several that fit, the first decides. */
  @Column({ type: 'jsonb' })
  rules: RewardRule[];

  @Column({ type: 'jsonb' })
  caps: Cap[];

  /** IANA; where the days, months and quarters of tiers, caps and terms begin. */
  @Column({ name: 'time_zone', type: 'text' })
  timeZone: string;

  @Column({ name: 'hold_days', type: 'integer' })
  holdDays: number;

  @Column({ name: 'conversion_window_days', type: 'integer' })
  conversionWindowDays: number;

  @Column({ name: 'min_payout_minor', type: 'bigint', transformer: bigintAsNumber })
  minPayoutMinor: number;

  @Column({ type: 'text' })
  touch: 'last' | 'first';

  @Column({ type: 'jsonb' })
  policies: ProgramPolicies;

  /** What of its sales is looked at. */
  @Column({ type: 'jsonb' })
  suspicion: SuspicionTerms;
}
