import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The last delivery to an endpoint that was not taken, and why. Never what it said. */
@Entity({ schema: 'tributary', name: 'webhook_refusal' })
export class WebhookRefusal {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'webhook_refusal_pkey' })
  workspaceId: string;

  /** '' for the default endpoint. */
  @PrimaryColumn({ name: 'endpoint_id', type: 'text', primaryKeyConstraintName: 'webhook_refusal_pkey' })
  endpointId: string;

  @Column({ name: 'refused_at', type: 'timestamptz' })
  refusedAt: Date;

  @Column({ type: 'text' })
  code: string;

  @Column({ type: 'text' })
  message: string;
}
