import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

export const WEBHOOK_EVENT_STATES = ['pending', 'applied', 'parked', 'quarantined'] as const;
export type WebhookEventState = (typeof WEBHOOK_EVENT_STATES)[number];

/**
 * An event as it was received. The table is partitioned by month of `created`, so that old payloads can be dropped without
 * touching the rest; a unique key must then hold the partition column, and Stripe's `created` of an event never changes.
 */
@Entity({ schema: 'tributary', name: 'webhook_event' })
@Check('webhook_event_state', `state IN ('pending', 'applied', 'parked', 'quarantined')`)
@Index('webhook_event_object', ['workspaceId', 'objectId', 'created'])
@Index('webhook_event_claimable', { synchronize: false })
@Index('webhook_event_listed', { synchronize: false })
export class WebhookEvent {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'timestamptz' })
  created: Date;

  @PrimaryColumn({ type: 'text' })
  id: string;

  /** '' for the default endpoint. */
  @Column({ name: 'endpoint_id', type: 'text' })
  endpointId: string;

  /** The connected account that the event is about, '' for the workspace's own. */
  @Column({ type: 'text' })
  account: string;

  @Column({ type: 'boolean' })
  livemode: boolean;

  @Column({ type: 'text' })
  type: string;

  @Column({ name: 'api_version', type: 'text', nullable: true })
  apiVersion: string | null;

  @Column({ name: 'object_id', type: 'text', nullable: true })
  objectId: string | null;

  /** The text that was signed, byte for byte (jsonb would refuse some of it); null once its retention is over. */
  @Column({ type: 'text', nullable: true })
  body: string | null;

  @Column({ type: 'text' })
  state: WebhookEventState;

  @Column({ type: 'integer', default: 0 })
  attempts: number;

  /** When a worker may take it (again): now, after its back-off, or when the lease of the one that has it ends. Real time. */
  @Column({ name: 'available_at', type: 'timestamptz', default: () => 'now()' })
  availableAt: Date;

  /** Names the claim; only its holder may complete the event. */
  @Column({ name: 'lease_token', type: 'text', nullable: true })
  leaseToken: string | null;

  /** Why it was parked or quarantined, or what its last attempt ended with. */
  @Column({ type: 'text', nullable: true })
  error: string | null;

  @Column({ name: 'received_at', type: 'timestamptz', default: () => 'now()' })
  receivedAt: Date;

  @Column({ name: 'applied_at', type: 'timestamptz', nullable: true })
  appliedAt: Date | null;
}
