import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Evidence, EvidenceKind, Refusal } from './attribution-rules.js';

/** Metadata keys, on a customer, subscription or checkout session, that name a click or a code. */
export const CLICK_METADATA_KEY = 'tributary_click';
export const CODE_METADATA_KEYS = ['tributary_code', 'referral_code'] as const;

/** The first paid sale of a person, in the order of (business time, source id). */
export interface FirstSale {
  source: string;
  sourceId: string;
  occurredAt: Date;
}

/** Everything that ties persons to codes, gathered from the mirror and from our own facts. Only the workspace's own objects count. */
@Injectable()
export class EvidenceRepository {
  /** All evidence for a person, in no particular order; codes that had expired by then are left out. */
  async ofPerson(workspaceId: string, customerId: string, tx: EntityManager): Promise<FoundEvidence[]> {
    const rows = (await tx.query(EVIDENCE, [workspaceId, customerId])) as EvidenceRow[];
    return rows.map((row) => ({
      kind: row.kind,
      programId: row.program_id,
      partnerId: row.partner_id,
      codeId: row.code_id,
      source: row.source,
      touchedAt: row.touched_at,
      boundAt: row.bound_at,
      ...(row.refusal !== null && { refusal: row.refusal }),
      isExhausted: row.is_exhausted,
    }));
  }

  /** The first of those at `from` or later, in whole seconds, where that is given. */
  async firstSaleOf(
    workspaceId: string,
    customerId: string,
    tx: EntityManager,
    from: Date | null = null,
  ): Promise<FirstSale | null> {
    const [row] = (await tx.query(FIRST_SALE, [workspaceId, customerId, from])) as Array<{
      source: string;
      source_id: string;
      occurred_at: Date;
    }>;
    return row === undefined ? null : { source: row.source, sourceId: row.source_id, occurredAt: row.occurred_at };
  }
}

/** Evidence, and whether its code has no use left for a customer who has not used it yet. */
export type FoundEvidence = Evidence & { isExhausted: boolean };

interface EvidenceRow {
  kind: EvidenceKind;
  program_id: string;
  partner_id: string;
  code_id: string;
  source: string;
  touched_at: Date;
  bound_at: Date;
  refusal: Refusal | null;
  is_exhausted: boolean;
}

const CODE_KEYS_SQL = CODE_METADATA_KEYS.map((key) => `upper(metadata->>'${key}')`).join(', ');

// `mine` are the person's Stripe customers; a guest's checkout session stands in for a missing one. Sessions count once
// they are complete: an abandoned checkout ties nobody to anything. A promotion code is ours when a code names it, when
// it was made for one, or when it carries a code's text, be it an older one.
const EVIDENCE = `
  WITH mine AS (
    SELECT stripe_customer_id AS id FROM tributary.customer_link WHERE workspace_id = $1 AND account = '' AND customer_id = $2),
  sessions AS (
    SELECT s.id, s.created, s.data, s.client_reference_id FROM stripe.checkout_sessions s
     WHERE s.workspace_id = $1 AND s.account = '' AND s.customer IN (SELECT id FROM mine)
       AND coalesce(s.status, 'complete') = 'complete' AND s.deleted_at IS NULL
    UNION ALL
    SELECT s.id, s.created, s.data, s.client_reference_id FROM stripe.checkout_sessions s
     WHERE s.workspace_id = $1 AND s.account = '' AND s.customer IS NULL AND s.id IN (SELECT id FROM mine)
       AND coalesce(s.status, 'complete') = 'complete' AND s.deleted_at IS NULL),
  tagged AS (
    SELECT id, created, data->'metadata' AS metadata FROM sessions
    UNION ALL SELECT id, created, data->'metadata' FROM stripe.customers
               WHERE workspace_id = $1 AND account = '' AND id IN (SELECT id FROM mine)
    UNION ALL SELECT id, created, data->'metadata' FROM stripe.subscriptions
               WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM mine)),
  clicks AS (
    SELECT client_reference_id AS tracking_id, id AS source, created AS bound_at FROM sessions WHERE client_reference_id IS NOT NULL
    UNION ALL SELECT metadata->>'${CLICK_METADATA_KEY}', id, created FROM tagged WHERE metadata ? '${CLICK_METADATA_KEY}'),
  promotions AS (
    SELECT discount->>'promotion_code' AS promotion_code, s.id AS source, s.created AS at
      FROM sessions s, jsonb_array_elements(CASE jsonb_typeof(s.data->'discounts') WHEN 'array' THEN s.data->'discounts' ELSE '[]' END) AS discount
     WHERE discount->>'promotion_code' IS NOT NULL
    UNION ALL SELECT promotion_code, id, stripe.epoch(data->'start') FROM stripe.discounts
               WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM mine)
                 AND promotion_code IS NOT NULL AND stripe.epoch(data->'start') IS NOT NULL),
  found AS (
    SELECT 'link' AS kind, t.code_id, t.id AS source, coalesce(t.clicked_at, t.signed_up_at) AS touched_at, t.signed_up_at AS bound_at
      FROM tributary.referral_tracking t
     WHERE t.workspace_id = $1 AND t.customer_id = $2 AND t.signed_up_at IS NOT NULL
    UNION ALL
    SELECT 'link', t.code_id, c.source, coalesce(t.clicked_at, t.signed_up_at, t.created_at), c.bound_at
      FROM clicks c JOIN tributary.referral_tracking t ON t.workspace_id = $1 AND t.id = c.tracking_id
    UNION ALL
    SELECT 'link', name.code_id, tagged.id, tagged.created, tagged.created
      FROM tagged JOIN tributary.referral_code_name name ON name.workspace_id = $1 AND name.code_key IN (${CODE_KEYS_SQL})
    UNION ALL
    SELECT 'promotion_code', code.id, p.source, p.at, p.at
      FROM promotions p
      LEFT JOIN stripe.promotion_codes held ON held.workspace_id = $1 AND held.account = '' AND held.id = p.promotion_code
     CROSS JOIN LATERAL (
        SELECT id FROM tributary.referral_code WHERE workspace_id = $1 AND stripe_promotion_code_id = p.promotion_code
        UNION SELECT code_id FROM tributary.code_promotion_made WHERE workspace_id = $1 AND id = p.promotion_code
        UNION SELECT named.id FROM tributary.referral_code_name name
                JOIN tributary.referral_code named ON named.workspace_id = $1 AND named.id = name.code_id
               WHERE name.workspace_id = $1 AND name.code_key = upper(held.code)
                 AND named.stripe_promotion_code_id IS NULL) AS code)
  SELECT f.kind, f.source, f.touched_at, f.bound_at, code.id AS code_id, code.program_id, code.partner_id,
         CASE WHEN NOT coalesce(status.active, true) THEN 'code_suspended'
              WHEN EXISTS (SELECT 1 FROM tributary.referral_code_refusal r
                            WHERE r.workspace_id = $1 AND r.code_id = code.id AND r.customer_id = $2) THEN 'code_exhausted' END AS refusal,
         coalesce(code.uses >= code.max_uses, false) AND NOT EXISTS (
           SELECT 1 FROM tributary.referral_tracking t
            WHERE t.workspace_id = $1 AND t.customer_id = $2 AND t.code_id = code.id) AS is_exhausted
    FROM found f JOIN tributary.referral_code code ON code.workspace_id = $1 AND code.id = f.code_id
    LEFT JOIN LATERAL (
         SELECT s.active FROM tributary.referral_code_status s
          WHERE s.workspace_id = $1 AND s.code_id = code.id AND s.effective_at <= f.bound_at
          ORDER BY s.effective_at DESC LIMIT 1) AS status ON true
   WHERE code.expires_at IS NULL OR f.touched_at < code.expires_at`;

const FIRST_SALE = `
  WITH mine AS (
    SELECT stripe_customer_id AS id FROM tributary.customer_link WHERE workspace_id = $1 AND account = '' AND customer_id = $2),
  sessions AS (
    SELECT payment_intent, invoice, data FROM stripe.checkout_sessions
     WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM mine) AND deleted_at IS NULL
    UNION ALL
    SELECT payment_intent, invoice, data FROM stripe.checkout_sessions
     WHERE workspace_id = $1 AND account = '' AND customer IS NULL AND id IN (SELECT id FROM mine) AND deleted_at IS NULL)
  SELECT source, source_id, occurred_at FROM (
    SELECT 'invoice' AS source, id AS source_id, paid_at AS occurred_at FROM stripe.invoices
     WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM mine) AND paid_at IS NOT NULL
       AND (data->>'amount_paid')::bigint > 0 AND deleted_at IS NULL
    UNION ALL
    SELECT 'payment_intent', s.payment_intent, min(c.created) FROM sessions s
      JOIN stripe.charges c ON c.workspace_id = $1 AND c.account = '' AND c.payment_intent = s.payment_intent AND c.status = 'succeeded'
     WHERE s.invoice IS NULL AND s.data->>'mode' = 'payment' AND s.data->>'payment_status' = 'paid'
       AND NOT EXISTS (SELECT 1 FROM stripe.invoice_payments p WHERE p.workspace_id = $1 AND p.payment_intent = s.payment_intent)
     GROUP BY s.payment_intent
    UNION ALL
    SELECT source, source_id, occurred_at FROM tributary.sale
     WHERE workspace_id = $1 AND customer_id = $2 AND source = 'external') AS sales
   WHERE $3::timestamptz IS NULL OR occurred_at >= date_trunc('second', $3::timestamptz)
   ORDER BY occurred_at, source_id LIMIT 1`;
