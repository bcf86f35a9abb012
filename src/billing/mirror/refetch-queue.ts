import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import type { RefetchReason } from './refetch.entity.js';
import { mayContradictItems } from './moved-items.js';
import { RefetchMetrics } from './refetch-metrics.js';
import { isRetrievable } from '../objects/registry.js';
import { discountRefs, isTruncatedList, minorOf } from '../objects/shapes.js';
import { namedInStates, type NamedInState } from './awaited-objects.js';
import type { Snapshot } from './snapshot.js';

/** A tie can only be decided by an answer of a later second, so that it is not asked for at once. */
const TIE_DELAY_SECONDS = 1.2;

/** What a webhook usually brings by itself a moment later is asked for only when it has not come by then. */
const COMPANION_DELAY_SECONDS = 4;

/** An object to be asked for, of which perhaps nothing but its name is known. */
export interface NamedObject extends Subject {
  reason: RefetchReason;
  /** The answer counts only when it is stamped with this second or a later one. */
  minStamp: number;
}

/** `known` holds the fields that the path to the object needs besides its id. */
type Subject = Pick<Snapshot, 'workspaceId' | 'account' | 'type' | 'id'> & { known?: StripeData };

interface RefetchRequest {
  snapshot: Subject;
  reason: RefetchReason;
  minStamp: number;
  delaySeconds: number;
}

/** Notes what the payloads alone cannot tell, in the transaction that wrote them. Without a key for Stripe nothing is noted. */
@Injectable()
export class RefetchQueue {
  private listener: ((named: readonly NamedInState[]) => void) | null = null;

  constructor(
    private readonly stripe: StripeGateway,
    private readonly metrics: RefetchMetrics,
  ) {}

  async requestWhatIsMissing(snapshots: readonly Snapshot[], tx: EntityManager): Promise<void> {
    this.listener?.(namedInStates(snapshots));
    const known = snapshots.filter((s) => this.stripe.isConfigured(s.workspaceId));
    const askable = known.filter((s) => !s.deleted);
    const requests = [
      ...askable.filter((s) => s.undecided && isRetrievable(s.type)).map((s) => tieRequest(s)),
      ...askable.filter(hasTruncatedMembers).map((s) => request(s, 'members', 0)),
      ...askable.filter(mayLackPayments).map((s) => request(s, 'payments', COMPANION_DELAY_SECONDS)),
      ...(await withUnknownDiscounts(askable, tx)).map((s) => request(s, 'discounts', 0)),
      ...(await withUnknownTiers(askable, tx)).map((s) => request(s, 'tiers', 0)),
      ...known.filter(mayContradictItems).map((s) => movedRequest(s)),
    ];
    await this.request(requests, tx);
  }

  /** Told of objects that states name and that come only with a list. The states may not be committed yet. */
  onNamed(listener: (named: readonly NamedInState[]) => void): void {
    this.listener = listener;
  }

  /** Objects that were deleted and that something later told of. */
  async requestWhatIsContested(snapshots: readonly Snapshot[], tx: EntityManager): Promise<void> {
    await this.request(
      snapshots
        .filter((s) => this.stripe.isConfigured(s.workspaceId))
        .map((s) => ({ ...tieRequest(s), reason: 'contested' })),
      tx,
    );
  }

  /** Objects that something names without showing them. Those of workspaces without a key are left out. */
  async requestObjects(objects: readonly NamedObject[], tx: EntityManager): Promise<void> {
    await this.request(
      objects
        .filter(({ workspaceId }) => this.stripe.isConfigured(workspaceId))
        .map(({ minStamp, reason, ...snapshot }) => ({ snapshot, reason, minStamp, delaySeconds: 0 })),
      tx,
    );
  }

  /**
   * Invoices of which it matters what was paid out of band. Asked a moment later, and only when their payments through Stripe
   * do not account for everything by then.
   */
  async requestOffStripe(invoices: readonly Subject[], tx: EntityManager): Promise<void> {
    await this.request(
      invoices
        .filter(({ workspaceId }) => this.stripe.isConfigured(workspaceId))
        .map((snapshot) => ({ snapshot, reason: 'off_stripe', minStamp: 0, delaySeconds: COMPANION_DELAY_SECONDS })),
      tx,
      STAYS_AS_IT_IS,
    );
  }

  private async request(
    requests: readonly RefetchRequest[],
    tx: EntityManager,
    whenOpen = ASKED_AFRESH,
  ): Promise<void> {
    if (requests.length === 0) return;
    await enqueue(requests, whenOpen, tx);
    for (const { reason } of requests) this.metrics.requested(reason);
  }
}

function tieRequest(snapshot: Snapshot): RefetchRequest {
  return { snapshot, reason: 'undecided', minStamp: snapshot.stampSeconds + 1, delaySeconds: TIE_DELAY_SECONDS };
}

function request(snapshot: Snapshot, reason: RefetchReason, delaySeconds: number): RefetchRequest {
  return { snapshot, reason, minStamp: snapshot.stampSeconds, delaySeconds };
}

/** The other side of the contradiction may be written by another worker at this very moment, so that it is looked for later. */
function movedRequest(snapshot: Snapshot): RefetchRequest {
  return { snapshot, reason: 'moved', minStamp: snapshot.stampSeconds + 1, delaySeconds: COMPANION_DELAY_SECONDS };
}

function hasTruncatedMembers(snapshot: Snapshot): boolean {
  return snapshot.type.embedded.some((rule) => rule.list !== undefined && isTruncatedList(snapshot.data[rule.field]));
}

/** Since 2025-03-31 a paid invoice does not say by which payments; they come as objects of their own. */
function mayLackPayments({ type, data }: Snapshot): boolean {
  return (
    type.object === 'invoice' && minorOf(data.amount_paid) > 0 && !('charge' in data) && !('payment_intent' in data)
  );
}

async function withUnknownDiscounts(snapshots: readonly Snapshot[], tx: EntityManager): Promise<Snapshot[]> {
  const carriers = snapshots
    .filter((s) => s.type.object === 'invoice' || s.type.object === 'subscription')
    .map((snapshot) => ({ snapshot, ids: discountRefs(snapshot.data).ids }))
    .filter(({ ids }) => ids.length > 0);
  if (carriers.length === 0) return [];
  const rows = (await tx.query(
    `SELECT id FROM stripe.discounts WHERE workspace_id = ANY($1::text[]) AND id = ANY($2::text[])`,
    [[...new Set(carriers.map((c) => c.snapshot.workspaceId))], carriers.flatMap((c) => c.ids)],
  )) as Array<{ id: string }>;
  const known = new Set(rows.map((row) => row.id));
  return carriers.filter(({ ids }) => ids.some((id) => !known.has(id))).map(({ snapshot }) => snapshot);
}

async function withUnknownTiers(snapshots: readonly Snapshot[], tx: EntityManager): Promise<Snapshot[]> {
  const tiered = snapshots.filter(
    ({ type, data }) => type.object === 'price' && data.billing_scheme === 'tiered' && !('tiers' in data),
  );
  if (tiered.length === 0) return [];
  const rows = (await tx.query(
    `SELECT u.n FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS u(workspace_id, account, id, n)
      WHERE NOT EXISTS (SELECT FROM stripe.price_tiers t
                         WHERE t.workspace_id = u.workspace_id AND t.account = u.account AND t.id = u.id)`,
    [tiered.map((s) => s.workspaceId), tiered.map((s) => s.account), tiered.map((s) => s.id)],
  )) as Array<{ n: string }>;
  return rows.flatMap(({ n }) => tiered[Number(n) - 1] ?? []);
}

/** Something new was told of the object: an answer that is under way may be too old. */
const ASKED_AFRESH = `DO UPDATE
  SET min_stamp = greatest(refetch.min_stamp, excluded.min_stamp),
      -- While a question is being asked its row waits for the end of the lease, which says nothing of when to ask again.
      available_at = CASE WHEN refetch.lease_token IS NULL
        THEN greatest(refetch.available_at, excluded.available_at) ELSE excluded.available_at END,
      attempts = 0, lease_token = NULL,
      known = coalesce(excluded.known, refetch.known), requested_at = least(refetch.requested_at, now())`;

/** Any answer will do, so that its failures count on. */
const STAYS_AS_IT_IS = 'DO NOTHING';

async function enqueue(requests: readonly RefetchRequest[], whenOpen: string, tx: EntityManager): Promise<void> {
  // One statement may not meet a key twice; of equal ones the strictest stays.
  const distinct = new Map<string, RefetchRequest>();
  for (const one of requests) {
    const held = distinct.get(sortKey(one));
    if (held === undefined || held.minStamp < one.minStamp) distinct.set(sortKey(one), one);
  }
  const ordered = [...distinct.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  await tx.query(
    `INSERT INTO tributary.refetch (workspace_id, account, object_table, object_id, reason, min_stamp, available_at, known)
     SELECT u.workspace_id, u.account, u.object_table, u.object_id, u.reason, u.min_stamp,
            now() + u.delay * interval '1 second', u.known::jsonb
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::float8[], $8::text[])
            AS u(workspace_id, account, object_table, object_id, reason, min_stamp, delay, known)
     ON CONFLICT (workspace_id, account, object_table, object_id, reason) ${whenOpen}`,
    [
      ordered.map((r) => r.snapshot.workspaceId),
      ordered.map((r) => r.snapshot.account),
      ordered.map((r) => r.snapshot.type.table),
      ordered.map((r) => r.snapshot.id),
      ordered.map((r) => r.reason),
      ordered.map((r) => r.minStamp),
      ordered.map((r) => r.delaySeconds),
      ordered.map((r) => (r.snapshot.known === undefined ? null : JSON.stringify(r.snapshot.known))),
    ],
  );
}

function sortKey({ snapshot, reason }: RefetchRequest): string {
  return `${snapshot.workspaceId}/${snapshot.account}/${snapshot.type.table}/${snapshot.id}/${reason}`;
}
