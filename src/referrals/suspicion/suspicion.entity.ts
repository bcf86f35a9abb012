import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SuspicionCheck } from './suspicion-rules.js';

/** What a check found of a commission, once per check and never taken away: what was seen then was seen. */
@Entity({ schema: 'tributary', name: 'suspicion' })
export class SuspicionFound {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'commission_id', type: 'text' })
  commissionId: string;

  @PrimaryColumn({ type: 'text' })
  rule: SuspicionCheck;

  /** Ids and figures; no names and no addresses. */
  @Column({ type: 'jsonb' })
  evidence: Record<string, string | number | boolean>;

  /** Whether it holds the commission, by the program's terms at the sale; otherwise it is only reported. */
  @Column({ type: 'boolean' })
  holds: boolean;

  @Column({ name: 'found_at', type: 'timestamptz' })
  foundAt: Date;
}
