import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../database/bigint-column.js';

export type EventSource = 'v1' | 'v2';

/** How far Stripe's own list of events was compared with the inbox, for one account and one of its two lists. */
@Entity({ schema: 'tributary', name: 'event_poll' })
@Check('event_poll_source', `source IN ('v1', 'v2')`)
export class EventPoll {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  /** '' for the workspace's own. */
  @PrimaryColumn({ type: 'text' })
  account: string;

  @PrimaryColumn({ type: 'text' })
  source: EventSource;

  /** Every event that Stripe had listed by this instant (its clock) is stored; null before the first complete look. */
  @Column({ name: 'complete_until', type: 'timestamptz', nullable: true })
  completeUntil: Date | null;

  /** The same for the last look with a wide margin, for events that appeared late in Stripe's list. */
  @Column({ name: 'wide_until', type: 'timestamptz', nullable: true })
  wideUntil: Date | null;

  /** Between these nobody looked for longer than Stripe keeps events: only listing the objects closes that gap. */
  @Column({ name: 'lost_from', type: 'timestamptz', nullable: true })
  lostFrom: Date | null;

  @Column({ name: 'lost_until', type: 'timestamptz', nullable: true })
  lostUntil: Date | null;

  @Column({ type: 'bigint', default: 0, transformer: bigintAsNumber })
  looks: number;

  /** Events that no delivery had brought, ever and in the last look that found any. */
  @Column({ type: 'bigint', default: 0, transformer: bigintAsNumber })
  recovered: number;

  @Column({ name: 'recovered_last', type: 'integer', default: 0 })
  recoveredLast: number;

  @Column({ name: 'recovered_at', type: 'timestamptz', nullable: true })
  recoveredAt: Date | null;

  @Column({ name: 'looked_at', type: 'timestamptz', nullable: true })
  lookedAt: Date | null;

  /** When the next look is due, or the lease of the one under way ends. Real time, the database's. */
  @Column({ name: 'due_at', type: 'timestamptz', default: () => 'now()' })
  dueAt: Date;

  @Column({ name: 'lease_token', type: 'text', nullable: true })
  leaseToken: string | null;

  /** Why the last look was not complete. */
  @Column({ type: 'text', nullable: true })
  error: string | null;
}
