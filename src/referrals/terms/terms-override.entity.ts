import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { CountedBy } from '../rules/counted-by.js';
import type { Cap, RewardRule } from '../rules/reward-rule.js';
import type { TermsScope } from './terms-precedence.js';

/**
 * What a program says of a group, a partner or a code from one moment on, in place of what it says of everyone; a field that
 * is null is as the next wider scope has it. With all of them null the terms are ended. Never changed; of several rows of the
 * same moment the highest version holds.
 */
@Entity({ schema: 'tributary', name: 'terms_override' })
@Check('terms_override_scope', `scope IN ('group', 'partner', 'code')`)
export class TermsOverride {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'program_id', type: 'text' })
  programId: string;

  @PrimaryColumn({ type: 'text' })
  scope: TermsScope;

  /** The group's key, or the id of the partner or code. */
  @PrimaryColumn({ name: 'scope_id', type: 'text' })
  scopeId: string;

  /** 1, 2, 3, … */
  @PrimaryColumn({ type: 'integer' })
  version: number;

  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  @Column({ type: 'jsonb', nullable: true })
  rules: RewardRule[] | null;

  /** Empty: none at all. */
  @Column({ type: 'jsonb', nullable: true })
  caps: Cap[] | null;

  @Column({ name: 'hold_days', type: 'integer', nullable: true })
  holdDays: number | null;

  /** By what its rules and caps count, sorted. Follows from them; kept because every settling of the program asks. */
  @Column({ name: 'counts_by', type: 'text', array: true })
  countsBy: CountedBy[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
