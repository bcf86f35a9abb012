import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A version of Stripe's API in whose shapes events have come. */
@Entity({ schema: 'tributary', name: 'api_version_seen' })
export class ApiVersionSeen {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'api_version', type: 'text' })
  apiVersion: string;

  @Column({ name: 'first_seen_at', type: 'timestamptz', default: () => 'now()' })
  firstSeenAt: Date;

  /** Within a minute. */
  @Column({ name: 'last_seen_at', type: 'timestamptz', default: () => 'now()' })
  lastSeenAt: Date;
}
