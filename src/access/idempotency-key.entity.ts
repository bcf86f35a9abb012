import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The first answer to a request that carried an `Idempotency-Key`, kept for a day. */
@Entity({ schema: 'tributary', name: 'idempotency_key' })
@Index('idempotency_key_created_idx', ['createdAt'])
export class IdempotencyKey {
  @PrimaryColumn('text', { name: 'workspace_id', primaryKeyConstraintName: 'idempotency_key_pkey' })
  workspaceId: string;

  /** Route or gRPC method: the same key may be used once for each. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'idempotency_key_pkey' })
  operation: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'idempotency_key_pkey' })
  key: string;

  /** SHA-256 of the canonical request, to tell a repetition from another request under the same key. */
  @Column('bytea', { name: 'request_hash' })
  requestHash: Buffer;

  /** `in_flight` exists only for operations that call Stripe outside a transaction. */
  @Column('text')
  state: string;

  /** Names the run that holds an in-flight row, so that one whose lease ran out cannot overwrite its successor. */
  @Column('text', { name: 'lease_token', nullable: true })
  leaseToken: string | null;

  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil: Date | null;

  /** JSON text of the answer, or of the error `{ kind, code, message, field? }`. */
  @Column('text', { nullable: true })
  answer: string | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
