import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What is kept of a key: never the secret, only its SHA-256, which is enough because the secret is 256 random bits. */
@Entity({ schema: 'tributary', name: 'api_key' })
@Index('api_key_workspace_idx', ['workspaceId', 'keyId'])
@Index('api_key_partner_idx', ['workspaceId', 'partnerId', 'keyId'])
export class ApiKey {
  @PrimaryColumn('text', { name: 'key_id', primaryKeyConstraintName: 'api_key_pkey' })
  keyId: string;

  @Column('text', { name: 'workspace_id' })
  workspaceId: string;

  @Column('bytea', { name: 'secret_hash', select: false })
  secretHash: Buffer;

  @Column('text')
  name: string;

  @Column('text', { array: true })
  scopes: string[];

  /** Whose token it is: it reads this partner's own things and nothing else, and has no scopes. Null for the company's keys. */
  @Column('text', { name: 'partner_id', nullable: true })
  partnerId: string | null;

  /** Whether a partner's token shows the names of the customers they referred, or only initials. */
  @Column('boolean', { name: 'customer_names', default: false })
  customerNames: boolean;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt: Date | null;

  /** Written in the background, so it lags by up to a minute. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt: Date | null;
}
