import type { ChargeMovements } from './money-out.js';
import type { Complaint } from './holds/hold-reasons.js';

/** A charge of a sale with what moved on it and what was said against it. */
export type ChargeStory = ChargeMovements & { sale: string; complaints: Complaint[] };

/**
 * What moved on the charges in `charge_ids` and the payments in `intents`, which say the sale of each. A refund or dispute
 * that names only its payment belongs to the payment's charge, or stands for it while that is not mirrored.
 */
const MOVEMENTS = `
  refund_rows AS (
    SELECT f.sale, r.id, r.data, r.status, r.source_event_id, coalesce(r.charge, paid.id, r.payment_intent) AS owner
      FROM (${namedBy('refunds')}) AS f
      JOIN stripe.refunds r ON r.workspace_id = $1 AND r.account = $2 AND r.id = f.id AND r.deleted_at IS NULL
      LEFT JOIN LATERAL (${chargeOf('r')}) AS paid ON r.charge IS NULL),
  dispute_rows AS (
    SELECT f.sale, d.id, d.data, d.status, d.source_event_id, d.charge, coalesce(d.charge, paid.id, d.payment_intent) AS owner
      FROM (${namedBy('disputes')}) AS f
      JOIN stripe.disputes d ON d.workspace_id = $1 AND d.account = $2 AND d.id = f.id AND d.deleted_at IS NULL
      LEFT JOIN LATERAL (${chargeOf('d')}) AS paid ON d.charge IS NULL),
  complaints AS (
    SELECT sale, owner, jsonb_build_object('kind', 'dispute', 'id', id, 'chargeId', charge, 'status', status, 'actionable', NULL,
                                           'reason', data->'reason', 'amountMinor', data->'amount', 'created', data->'created') AS told
      FROM dispute_rows
    UNION ALL
    SELECT f.sale, coalesce(w.charge, w.payment_intent),
           jsonb_build_object('kind', 'early_fraud_warning', 'id', w.id, 'chargeId', w.charge, 'status', NULL, 'actionable', w.actionable,
                              'reason', w.data->'fraud_type', 'amountMinor', NULL, 'created', w.data->'created')
      FROM (${namedBy('radar_early_fraud_warnings')}) AS f
      JOIN stripe.radar_early_fraud_warnings w ON w.workspace_id = $1 AND w.account = $2 AND w.id = f.id AND w.deleted_at IS NULL),
  refunded AS (
    SELECT sale, owner, jsonb_agg(jsonb_build_object('id', id, 'amount', data->'amount', 'status', status, 'created', data->'created',
                                                     'eventId', source_event_id) ORDER BY id) AS all_of
      FROM refund_rows GROUP BY sale, owner),
  disputed AS (
    SELECT sale, owner, jsonb_agg(jsonb_build_object('id', id, 'amount', data->'amount', 'movements', data->'balance_transactions',
                                                     'created', data->'created', 'eventId', source_event_id) ORDER BY id) AS all_of
      FROM dispute_rows GROUP BY sale, owner),
  complained AS (SELECT sale, owner, jsonb_agg(told ORDER BY told->>'id') AS all_of FROM complaints GROUP BY sale, owner),
  owners AS (
    SELECT sale, id FROM charge_ids UNION SELECT sale, owner FROM refund_rows UNION SELECT sale, owner FROM complaints)
  SELECT o.sale, o.id AS "chargeId", coalesce((c.data->>'amount_refunded')::bigint, 0)::float8 AS "amountRefunded",
         c.source_event_id AS "eventId", coalesce(r.all_of, '[]') AS refunds, coalesce(d.all_of, '[]') AS disputes,
         coalesce(w.all_of, '[]') AS complaints
    FROM owners o
    LEFT JOIN stripe.charges c ON c.workspace_id = $1 AND c.account = $2 AND c.id = o.id
    LEFT JOIN refunded r ON r.sale = o.sale AND r.owner = o.id
    LEFT JOIN disputed d ON d.sale = o.sale AND d.owner = o.id
    LEFT JOIN complained w ON w.sale = o.sale AND w.owner = o.id
   WHERE o.id IS NOT NULL ORDER BY o.sale, o.id`;

/** The rows of a table that name a charge or a payment of a sale. */
function namedBy(table: string): string {
  return `SELECT c.sale, t.id FROM charge_ids c JOIN stripe.${table} t ON t.workspace_id = $1 AND t.charge = c.id
          UNION SELECT i.sale, t.id FROM intents i JOIN stripe.${table} t ON t.workspace_id = $1 AND t.payment_intent = i.id`;
}

function chargeOf(row: string): string {
  return `SELECT min(c.id) AS id FROM stripe.charges c
           WHERE c.workspace_id = $1 AND c.account = $2 AND c.payment_intent = ${row}.payment_intent AND c.status = 'succeeded'`;
}

/** Of the invoices `$3`, through every link that Stripe's API versions have had. */
export const INVOICE_MOVEMENTS = `
  WITH intents AS (
    SELECT invoice AS sale, payment_intent AS id FROM stripe.invoice_payments
     WHERE workspace_id = $1 AND account = $2 AND invoice = ANY($3) AND payment_intent IS NOT NULL
    UNION SELECT id, payment_intent FROM stripe.invoices
           WHERE workspace_id = $1 AND account = $2 AND id = ANY($3) AND payment_intent IS NOT NULL
    UNION SELECT invoice, id FROM stripe.payment_intents WHERE workspace_id = $1 AND account = $2 AND invoice = ANY($3)),
  charge_ids AS (
    SELECT invoice AS sale, charge AS id FROM stripe.invoice_payments
     WHERE workspace_id = $1 AND account = $2 AND invoice = ANY($3) AND charge IS NOT NULL
    UNION SELECT id, charge FROM stripe.invoices
           WHERE workspace_id = $1 AND account = $2 AND id = ANY($3) AND charge IS NOT NULL
    UNION SELECT invoice, id FROM stripe.charges WHERE workspace_id = $1 AND account = $2 AND invoice = ANY($3)
    UNION SELECT i.sale, c.id FROM intents i
            JOIN stripe.charges c ON c.workspace_id = $1 AND c.account = $2 AND c.payment_intent = i.id),
  ${MOVEMENTS}`;

/** Of the payments `$3`. */
export const PAYMENT_MOVEMENTS = `
  WITH intents AS (SELECT id AS sale, id FROM unnest($3::text[]) AS id),
  charge_ids AS (
    SELECT payment_intent AS sale, id FROM stripe.charges
     WHERE workspace_id = $1 AND account = $2 AND payment_intent = ANY($3)),
  ${MOVEMENTS}`;
