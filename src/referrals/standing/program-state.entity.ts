import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ProgramState } from '../rules/program-lifecycle.js';

/** What state a program is in from one moment on; sales and bindings are judged by the state of their business time. */
@Entity({ schema: 'tributary', name: 'referral_program_state' })
export class ProgramStateChange {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'program_id', type: 'text' })
  programId: string;

  /** 1, 2, 3, … */
  @PrimaryColumn({ type: 'integer' })
  seq: number;

  @Column({ type: 'text' })
  state: ProgramState;

  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
