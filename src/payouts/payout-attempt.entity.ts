import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Exactly what is sent to `POST /v1/transfers`; every repetition under the same key sends it unchanged. */
export interface TransferBody extends Record<string, unknown> {
  amount: number;
  currency: string;
  destination: string;
  transfer_group: string;
  metadata: Record<string, string>;
}

/**
 * An intent to call Stripe, committed before the call. At most one per payout is open (`outcome` null): the partial unique
 * index `payout_attempt_live` holds it, and a trigger keeps key and body as they are.
 */
@Entity({ schema: 'tributary', name: 'payout_attempt' })
@Check('payout_attempt_outcome', `outcome IN ('sent', 'rejected', 'expired')`)
@Index('payout_attempt_key', ['workspaceId', 'idempotencyKey'], { unique: true })
@Index('payout_attempt_live', { synchronize: false })
export class PayoutAttempt {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'payout_id', type: 'text' })
  payoutId: string;

  /** 1, 2, 3, … */
  @PrimaryColumn({ type: 'integer' })
  attempt: number;

  /** `payout:<payout id>:<attempt>` */
  @Column({ name: 'idempotency_key', type: 'text' })
  idempotencyKey: string;

  @Column({ type: 'jsonb' })
  body: TransferBody;

  /** When the key was first used, in business time, which is what Stripe (or the sandbox) forgets keys by. */
  @Column({ name: 'started_at', type: 'timestamptz' })
  startedAt: Date;

  /** How often the payout was taken up under this key. */
  @Column({ type: 'integer' })
  tries: number;

  /** Null while it may still be sent. `expired`: its key became too old, and a look-up found no transfer. */
  @Column({ type: 'text', nullable: true })
  outcome: 'sent' | 'rejected' | 'expired' | null;

  @Column({ type: 'text', nullable: true })
  failure: string | null;

  /** Stripe's request id, for their support. */
  @Column({ name: 'provider_request', type: 'text', nullable: true })
  providerRequest: string | null;
}
