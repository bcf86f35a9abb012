import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

export type WebhookEndpointKind = 'platform' | 'connect';

/** A further address for Stripe to deliver to, with its own secrets. The default endpoint is configuration and has no row. */
@Entity({ schema: 'tributary', name: 'webhook_endpoint' })
@Check('webhook_endpoint_kind', `kind IN ('platform', 'connect')`)
export class WebhookEndpoint {
  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  /** `platform` endpoints take the workspace's own events, `connect` endpoints those of its connected accounts. */
  @Column({ type: 'text' })
  kind: WebhookEndpointKind;

  /** Signing secrets that are valid now, newest first, each encrypted (see secret-box.ts). */
  @Column({ name: 'sealed_secrets', type: 'text', array: true })
  sealedSecrets: string[];

  /** The endpoint at Stripe (`we_…`) that was made from here; null for one that was made by hand, or is being made. */
  @Column({ name: 'stripe_id', type: 'text', nullable: true })
  stripeId: string | null;

  /** The endpoint at Stripe that it replaces, until that one is retired. */
  @Column({ name: 'retiring_stripe_id', type: 'text', nullable: true })
  retiringStripeId: string | null;

  /** The whole address that Stripe delivers to. */
  @Column({ type: 'text', nullable: true })
  url: string | null;

  @Column({ name: 'event_types', type: 'text', array: true, nullable: true })
  eventTypes: string[] | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;
}
