import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import type { RefetchReason } from './refetch.entity.js';
import { RefetchMetrics } from './refetch-metrics.js';
import { isRetrievable, typeOfObject } from '../objects/registry.js';
import { discountRefs, embeddedObjects, isObject, isTruncatedList, minorOf, refId } from '../objects/shapes.js';
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
  constructor(
    private readonly stripe: StripeGateway,
    private readonly metrics: RefetchMetrics,
  ) {}

  async requestWhatIsMissing(snapshots: readonly Snapshot[], tx: EntityManager): Promise<void> {
    const known = snapshots.filter((s) => this.stripe.isConfigured(s.workspaceId));
    const askable = known.filter((s) => !s.deleted);
    const requests = [
      ...askable.filter((s) => s.undecided && isRetrievable(s.type)).map((s) => tieRequest(s)),
      ...askable.filter(hasTruncatedMembers).map((s) => request(s, 'members', 0)),
      ...askable.filter(mayLackPayments).map((s) => request(s, 'payments', COMPANION_DELAY_SECONDS)),
      ...(await withUnknownDiscounts(askable, tx)).map((s) => request(s, 'discounts', 0)),
      ...(await movedItems(known, tx)),
    ];
    await this.request(requests, tx);
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

  private async request(requests: readonly RefetchRequest[], tx: EntityManager): Promise<void> {
    if (requests.length === 0) return;
    await enqueue(requests, tx);
    for (const { reason } of requests) this.metrics.requested(reason);
  }
}

function tieRequest(snapshot: Snapshot): RefetchRequest {
  return { snapshot, reason: 'undecided', minStamp: snapshot.stampSeconds + 1, delaySeconds: TIE_DELAY_SECONDS };
}

function request(snapshot: Snapshot, reason: RefetchReason, delaySeconds: number): RefetchRequest {
  return { snapshot, reason, minStamp: snapshot.stampSeconds, delaySeconds };
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

/**
 * Stripe moves a pending invoice item onto an invoice, and back when that draft is thrown away, without an event of the
 * item's own: where lines and items contradict each other, the item is asked for.
 */
async function movedItems(snapshots: readonly Snapshot[], tx: EntityManager): Promise<RefetchRequest[]> {
  const invoices = snapshots.filter((s) => s.type.object === 'invoice' && (s.deleted || billsItems(s)));
  const items = snapshots.filter((s) => s.type.object === 'invoiceitem' && !s.deleted);
  if (invoices.length === 0 && items.length === 0) return [];
  const subjects = [...invoices, ...items];
  const rows = (await tx.query(MOVED_ITEMS, [
    invoices.map((s) => s.workspaceId),
    invoices.map((s) => s.account),
    invoices.map((s) => s.id),
    items.map((s) => s.workspaceId),
    items.map((s) => s.account),
    items.map((s) => s.id),
  ])) as Array<{ workspace_id: string; account: string; id: string }>;
  const latest = subjects.reduce((seconds, s) => Math.max(seconds, s.stampSeconds), 0);
  const type = typeOfObject('invoiceitem');
  return rows.map(({ workspace_id: workspaceId, account, id }) => ({
    snapshot: { ...(subjects[0] as Snapshot), type, workspaceId, account, id },
    reason: 'moved',
    minStamp: latest + 1,
    delaySeconds: TIE_DELAY_SECONDS,
  }));
}

function billsItems({ data }: Snapshot): boolean {
  return embeddedObjects(data.lines).some(
    (line) =>
      refId(line.invoice_item) !== null || (isObject(line.parent) && isObject(line.parent.invoice_item_details)),
  );
}

/** Items that an invoice bills and that name another, items that name a deleted invoice, and items that a line contradicts. */
const MOVED_ITEMS = `
  WITH invoice AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS i(workspace_id, account, id)),
       item AS (SELECT * FROM unnest($4::text[], $5::text[], $6::text[]) AS i(workspace_id, account, id))
  SELECT held.workspace_id, held.account, held.id
    FROM invoice
    JOIN stripe.invoice_line_items line
      ON line.workspace_id = invoice.workspace_id AND line.account = invoice.account AND line.parent = invoice.id
     AND line.deleted_at IS NULL AND line.invoice_item IS NOT NULL
    JOIN stripe.invoice_items held
      ON held.workspace_id = line.workspace_id AND held.account = line.account AND held.id = line.invoice_item
   WHERE held.deleted_at IS NULL AND held.invoice IS DISTINCT FROM line.parent
  UNION
  SELECT held.workspace_id, held.account, held.id
    FROM invoice
    JOIN stripe.invoices gone
      ON gone.workspace_id = invoice.workspace_id AND gone.account = invoice.account AND gone.id = invoice.id
     AND gone.deleted_at IS NOT NULL
    JOIN stripe.invoice_items held
      ON held.workspace_id = gone.workspace_id AND held.account = gone.account AND held.invoice = gone.id
   WHERE held.deleted_at IS NULL
  UNION
  SELECT held.workspace_id, held.account, held.id
    FROM item
    JOIN stripe.invoice_items held
      ON held.workspace_id = item.workspace_id AND held.account = item.account AND held.id = item.id
    LEFT JOIN stripe.invoices gone
      ON gone.workspace_id = held.workspace_id AND gone.account = held.account AND gone.id = held.invoice
    LEFT JOIN stripe.invoice_line_items line
      ON line.workspace_id = held.workspace_id AND line.account = held.account AND line.invoice_item = held.id
     AND line.deleted_at IS NULL
   WHERE held.deleted_at IS NULL
     AND (gone.deleted_at IS NOT NULL OR (line.id IS NOT NULL AND held.invoice IS DISTINCT FROM line.parent))`;

async function enqueue(requests: readonly RefetchRequest[], tx: EntityManager): Promise<void> {
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
     ON CONFLICT (workspace_id, account, object_table, object_id, reason) DO UPDATE
        SET min_stamp = greatest(refetch.min_stamp, excluded.min_stamp),
            -- While a question is being asked its row waits for the end of the lease, which says nothing of when to ask again.
            available_at = CASE WHEN refetch.lease_token IS NULL
              THEN greatest(refetch.available_at, excluded.available_at) ELSE excluded.available_at END,
            attempts = 0, lease_token = NULL,
            known = coalesce(excluded.known, refetch.known), requested_at = least(refetch.requested_at, now())`,
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
