import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { invoiceSubscription, minorOf, refId } from '../billing/objects/shapes.js';
import { OffStripeAmounts } from '../billing/mirror/off-stripe-amounts.js';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import type { SaleFigures, SaleLine } from './rules/rule-matching.js';
import { invoiceFigures, sessionFigures, UNKNOWN_THING, type LineRow } from './sale-figures.js';
import { reasonsOf, type Complaint, type HoldReason } from './holds/hold-reasons.js';
import { moneyOut, type ChargeMovements, type MoneyOut } from './money-out.js';
import { Sale } from './sale.entity.js';
import type { SaleReference } from './sale-key.js';

/** All that the mirror (or our own record) says of a sale that has been paid. */
export interface SaleFacts extends SaleReference {
  figures: SaleFigures;
  occurredAt: Date;
  /** Stripe's ids of the sale and of what it belongs to: its customer, its subscription. */
  belongsTo: string[];
  out: MoneyOut;
  /** Open disputes and warnings of its charges. */
  complaints: HoldReason[];
  /** The event that told of the sale; null when it was fetched, or is our own. */
  eventId: string | null;
}

/** Reads what a sale came to and what was given back, through every link that Stripe's API versions have had. */
@Injectable()
export class SaleFactsRepository {
  constructor(private readonly offStripe: OffStripeAmounts) {}

  /** Null while nothing was collected. */
  async find(reference: SaleReference, tx: EntityManager): Promise<SaleFacts | null> {
    switch (reference.source) {
      case 'invoice':
        return this.ofInvoice(reference, tx);
      case 'payment_intent':
        return this.ofOneOffPayment(reference, tx);
      case 'external':
        return this.ofExternalSale(reference, tx);
      default:
        throw new Error(`${reference.source} is a lead, which is no sale`);
    }
  }

  private async ofInvoice(reference: SaleReference, tx: EntityManager): Promise<SaleFacts | null> {
    const key = [reference.workspaceId, reference.account, reference.sourceId];
    const [invoice] = (await tx.query(PAID_INVOICE, key)) as PaidRow[];
    if (invoice === undefined || minorOf(invoice.data.amount_paid) <= 0) return null;
    const lines = (await tx.query(INVOICE_LINES, key)) as LineRow[];
    const movements = (await tx.query(INVOICE_MOVEMENTS, key)) as ChargeStory[];
    const offStripeMinor = await this.offStripe.find({ ...reference, id: reference.sourceId }, tx);
    return {
      ...reference,
      figures: invoiceFigures(invoice.data, lines, offStripeMinor),
      occurredAt: invoice.paid_at,
      belongsTo: idsOf(reference.sourceId, refId(invoice.data.customer), invoiceSubscription(invoice.data)),
      out: moneyOut(movements),
      complaints: reasonsOf(movements.flatMap(({ complaints }) => complaints)),
      eventId: invoice.event_id,
    };
  }

  private async ofOneOffPayment(reference: SaleReference, tx: EntityManager): Promise<SaleFacts | null> {
    const key = [reference.workspaceId, reference.account, reference.sourceId];
    const [paid] = (await tx.query(PAID_SESSION, key)) as PaidRow[];
    if (paid === undefined) return null;
    const movements = (await tx.query(PAYMENT_MOVEMENTS, key)) as ChargeStory[];
    return {
      ...reference,
      figures: sessionFigures(paid.data),
      occurredAt: paid.paid_at,
      belongsTo: idsOf(reference.sourceId, refId(paid.data.customer)),
      out: moneyOut(movements),
      complaints: reasonsOf(movements.flatMap(({ complaints }) => complaints)),
      eventId: paid.event_id,
    };
  }

  private async ofExternalSale(reference: SaleReference, tx: EntityManager): Promise<SaleFacts | null> {
    const { workspaceId, source, account, sourceId } = reference;
    const sale = await tx.getRepository(Sale).findOneBy({ workspaceId, source, account, sourceId });
    if (sale === null) return null;
    const { currency, cashMinor } = sale;
    const line: SaleLine = {
      ...UNKNOWN_THING,
      id: sourceId,
      amountMinor: cashMinor,
      discountMinor: 0,
      inclusiveTaxMinor: 0,
      exclusiveTaxMinor: 0,
    };
    const figures = {
      currency,
      cashMinor,
      offStripeMinor: 0,
      totalMinor: cashMinor,
      lines: [line],
      shipping: null,
      country: null,
      metadata: {},
    };
    return {
      ...reference,
      figures,
      occurredAt: sale.occurredAt,
      belongsTo: [],
      out: moneyOut([]),
      complaints: [],
      eventId: null,
    };
  }
}

/** A charge with what moved on it and what was said against it. */
type ChargeStory = ChargeMovements & { complaints: Complaint[] };

interface PaidRow {
  data: StripeData;
  paid_at: Date;
  event_id: string | null;
}

const idsOf = (...ids: Array<string | null>): string[] => ids.filter((id) => id !== null);

const PAID_INVOICE = `
  SELECT data, paid_at, source_event_id AS event_id FROM stripe.invoices
   WHERE workspace_id = $1 AND account = $2 AND id = $3 AND paid_at IS NOT NULL AND deleted_at IS NULL`;

const INVOICE_LINES = `
  SELECT l.id, l.data, coalesce(p.data->>'type', l.data#>>'{price,type}') AS price_type,
         coalesce(p.data#>>'{recurring,interval}', l.data#>>'{price,recurring,interval}', l.data#>>'{plan,interval}') AS interval
    FROM stripe.invoice_line_items l
    LEFT JOIN stripe.prices p ON p.workspace_id = l.workspace_id AND p.account = l.account AND p.id = stripe.line_price(l.data)
   WHERE l.workspace_id = $1 AND l.account = $2 AND l.parent = $3 AND l.deleted_at IS NULL ORDER BY l.id`;

/**
 * What moved on the charges in `charge_ids` and the payments in `intents`. A refund or dispute that names only its payment
 * belongs to the payment's charge, or stands for it while that is not mirrored.
 */
const MOVEMENTS = `
  refund_rows AS (
    SELECT r.*, coalesce(r.charge, paid.id, r.payment_intent) AS owner FROM stripe.refunds r
      LEFT JOIN LATERAL (SELECT min(c.id) AS id FROM stripe.charges c
                          WHERE c.workspace_id = $1 AND c.account = $2 AND c.payment_intent = r.payment_intent AND c.status = 'succeeded') AS paid ON true
     WHERE r.workspace_id = $1 AND r.account = $2 AND r.deleted_at IS NULL
       AND r.id IN (SELECT id FROM stripe.refunds WHERE workspace_id = $1 AND charge IN (SELECT id FROM charge_ids)
                    UNION SELECT id FROM stripe.refunds WHERE workspace_id = $1 AND payment_intent IN (SELECT id FROM intents))),
  dispute_rows AS (
    SELECT d.*, coalesce(d.charge, paid.id, d.payment_intent) AS owner FROM stripe.disputes d
      LEFT JOIN LATERAL (SELECT min(c.id) AS id FROM stripe.charges c
                          WHERE c.workspace_id = $1 AND c.account = $2 AND c.payment_intent = d.payment_intent AND c.status = 'succeeded') AS paid ON true
     WHERE d.workspace_id = $1 AND d.account = $2 AND d.deleted_at IS NULL
       AND d.id IN (SELECT id FROM stripe.disputes WHERE workspace_id = $1 AND charge IN (SELECT id FROM charge_ids)
                    UNION SELECT id FROM stripe.disputes WHERE workspace_id = $1 AND payment_intent IN (SELECT id FROM intents))),
  warning_rows AS (
    SELECT w.*, coalesce(w.charge, w.payment_intent) AS owner FROM stripe.radar_early_fraud_warnings w
     WHERE w.workspace_id = $1 AND w.account = $2 AND w.deleted_at IS NULL
       AND w.id IN (SELECT id FROM stripe.radar_early_fraud_warnings WHERE workspace_id = $1 AND charge IN (SELECT id FROM charge_ids)
                    UNION SELECT id FROM stripe.radar_early_fraud_warnings WHERE workspace_id = $1 AND payment_intent IN (SELECT id FROM intents))),
  complaint AS (
    SELECT owner, jsonb_build_object('kind', 'dispute', 'id', id, 'chargeId', charge, 'status', status, 'actionable', NULL,
                                     'reason', data->'reason', 'amountMinor', data->'amount', 'created', data->'created') AS told
      FROM dispute_rows
    UNION ALL
    SELECT owner, jsonb_build_object('kind', 'early_fraud_warning', 'id', id, 'chargeId', charge, 'status', NULL, 'actionable', actionable,
                                     'reason', data->'fraud_type', 'amountMinor', NULL, 'created', data->'created')
      FROM warning_rows),
  ids AS (SELECT id FROM charge_ids UNION SELECT owner FROM refund_rows UNION SELECT owner FROM complaint)
  SELECT ids.id AS "chargeId",
         coalesce((c.data->>'amount_refunded')::bigint, 0)::float8 AS "amountRefunded", c.source_event_id AS "eventId",
         coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.id, 'amount', r.data->'amount', 'status', r.status, 'created', r.data->'created', 'eventId', r.source_event_id) ORDER BY r.id)
                     FROM refund_rows r WHERE r.owner = ids.id), '[]') AS refunds,
         coalesce((SELECT jsonb_agg(jsonb_build_object('id', d.id, 'amount', d.data->'amount', 'movements', d.data->'balance_transactions', 'created', d.data->'created', 'eventId', d.source_event_id) ORDER BY d.id)
                     FROM dispute_rows d WHERE d.owner = ids.id), '[]') AS disputes,
         coalesce((SELECT jsonb_agg(told ORDER BY told->>'id') FROM complaint WHERE owner = ids.id), '[]') AS complaints
    FROM ids LEFT JOIN stripe.charges c ON c.workspace_id = $1 AND c.account = $2 AND c.id = ids.id
   WHERE ids.id IS NOT NULL ORDER BY ids.id`;

const INVOICE_MOVEMENTS = `
  WITH intents AS (
    SELECT payment_intent AS id FROM stripe.invoice_payments WHERE workspace_id = $1 AND account = $2 AND invoice = $3
    UNION SELECT payment_intent FROM stripe.invoices WHERE workspace_id = $1 AND account = $2 AND id = $3
    UNION SELECT id FROM stripe.payment_intents WHERE workspace_id = $1 AND account = $2 AND invoice = $3),
  charge_ids AS (
    SELECT charge AS id FROM stripe.invoice_payments WHERE workspace_id = $1 AND account = $2 AND invoice = $3
    UNION SELECT charge FROM stripe.invoices WHERE workspace_id = $1 AND account = $2 AND id = $3
    UNION SELECT id FROM stripe.charges WHERE workspace_id = $1 AND account = $2 AND invoice = $3
    UNION SELECT id FROM stripe.charges WHERE workspace_id = $1 AND account = $2 AND payment_intent IN (SELECT id FROM intents)),
  ${MOVEMENTS}`;

const PAYMENT_MOVEMENTS = `
  WITH intents AS (SELECT $3::text AS id),
  charge_ids AS (SELECT id FROM stripe.charges WHERE workspace_id = $1 AND account = $2 AND payment_intent = $3),
  ${MOVEMENTS}`;

/** A payment-mode session that was paid and has no invoice; it is a sale at the moment of its charge. */
const PAID_SESSION = `
  SELECT s.data, min(c.created) AS paid_at, s.source_event_id AS event_id
    FROM stripe.checkout_sessions s
    JOIN stripe.charges c ON c.workspace_id = s.workspace_id AND c.account = s.account AND c.payment_intent = s.payment_intent
                         AND c.status = 'succeeded'
   WHERE s.workspace_id = $1 AND s.account = $2 AND s.payment_intent = $3 AND s.invoice IS NULL
     AND s.data->>'mode' = 'payment' AND s.data->>'payment_status' = 'paid' AND s.deleted_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM stripe.invoice_payments p
                      WHERE p.workspace_id = s.workspace_id AND p.payment_intent = s.payment_intent)
   GROUP BY s.data, s.source_event_id`;
