import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../database/bigint-column.js';
import type { PayoutMethod } from '../partners/payout-method.entity.js';
import type { PayoutState } from './payout-states.js';

const STATES = `'draft', 'approved', 'sending', 'sent', 'settled', 'failed', 'unknown', 'returned', 'partially_reversed', 'reversed', 'canceled', 'blocked'`;

/**
 * What one partner gets by one run. Its lines are reservations in the ledger, and its amount is their sum; from the approval
 * on a trigger keeps amount, method and destination as they are.
 */
@Entity({ schema: 'tributary', name: 'payout' })
@Check('payout_state', `state IN (${STATES})`)
@Check('payout_method_type', `method IN ('stripe_connect', 'manual')`)
@Check('payout_amount', `amount_minor > 0 AND reversed_minor BETWEEN 0 AND amount_minor AND minimum_minor > 0`)
@Check('payout_lease', `(state = 'sending') = (lease_token IS NOT NULL)`)
@Check('payout_destination', `state IN ('draft', 'canceled') OR method = 'manual' OR destination IS NOT NULL`)
@Check(
  'payout_reference',
  `(state IN ('sent', 'settled', 'returned', 'partially_reversed', 'reversed')) = (reference IS NOT NULL)`,
)
@Index('payout_run_partner', ['workspaceId', 'runId', 'partnerId'], { unique: true })
@Index('payout_partner', ['workspaceId', 'partnerId', 'id'])
@Index('payout_listed', ['workspaceId', 'state', 'id'])
@Index('payout_transfer', { synchronize: false })
@Index('payout_claimable', { synchronize: false })
export class Payout {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'run_id', type: 'text' })
  runId: string;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ type: 'text' })
  currency: string;

  @Column({ name: 'amount_minor', type: 'bigint', transformer: bigintAsNumber })
  amountMinor: number;

  /** Below it the draft leaves its run. */
  @Column({ name: 'minimum_minor', type: 'bigint', transformer: bigintAsNumber })
  minimumMinor: number;

  @Column({ type: 'text' })
  state: PayoutState;

  @Column({ type: 'text' })
  method: PayoutMethod['type'];

  /** The connected account, or what the person who pays by hand was told (personal data: never logged). Frozen at approval. */
  @Column({ type: 'text', nullable: true })
  destination: string | null;

  /** The transfer's id, or the reference of a payment by hand. */
  @Column({ type: 'text', nullable: true })
  reference: string | null;

  /** Why it is failed or unknown: Stripe's code, or a short word of ours. */
  @Column({ type: 'text', nullable: true })
  failure: string | null;

  /** The attempt that is or will be made; each has an idempotency key of its own. */
  @Column({ type: 'integer' })
  attempt: number;

  /** The worker that holds it; what is recorded under another token is refused. */
  @Column({ name: 'lease_token', type: 'text', nullable: true })
  leaseToken: string | null;

  /** While sending: when the lease ends. Before: from when it may be taken. The database's time. */
  @Column({ name: 'available_at', type: 'timestamptz', default: () => 'now()' })
  availableAt: Date;

  /** What came back of it in all. */
  @Column({ name: 'reversed_minor', type: 'bigint', transformer: bigintAsNumber, default: 0 })
  reversedMinor: number;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'approved_at', type: 'timestamptz', nullable: true })
  approvedAt: Date | null;

  @Column({ name: 'sent_at', type: 'timestamptz', nullable: true })
  sentAt: Date | null;
}
