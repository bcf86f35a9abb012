import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { SettleKey } from '../billing/mirror/settle-queue.js';
import type { SaleReference } from './sale-key.js';

/** A key with the Stripe customer that it leads to; a guest's checkout session stands for its missing customer. */
export interface CustomerOfKey {
  key: SettleKey;
  stripeCustomerId: string;
}

/** Follows the mirror's links between payments, invoices, sessions and customers, in every version's way. */
@Injectable()
export class SaleLinks {
  /** Keys of our own facts, and those that fan out, need no look into the mirror before they are settled. */
  isOwnFact({ kind }: SettleKey): boolean {
    return kind === 'sale' || kind === 'referred_customer' || kind === 'lead' || kind === 'promotion_code';
  }

  /** A key may lead to several customers, or to none that is known yet. Invoices count once they are paid. */
  async customersOf(keys: readonly SettleKey[], tx: EntityManager): Promise<CustomerOfKey[]> {
    if (keys.length === 0) return [];
    const rows = (await tx.query(CUSTOMERS_OF_KEYS, [
      keys.map((key) => key.workspaceId),
      keys.map((key) => key.kind),
      keys.map((key) => key.id),
    ])) as Array<{ n: string; customer: string }>;
    return rows.flatMap(({ n, customer }) => {
      const key = keys[Number(n) - 1];
      return key === undefined ? [] : [{ key, stripeCustomerId: customer }];
    });
  }

  /** The sales that an invoice, payment or charge belongs to; a payment that paid no invoice is a sale itself. */
  async salesOf(key: SettleKey, tx: EntityManager): Promise<SaleReference[]> {
    const { workspaceId, account, kind, id } = key;
    if (kind === 'invoice') return [{ workspaceId, account, source: 'invoice', sourceId: id }];
    const rows = (await tx.query(kind === 'charge' ? SALES_OF_CHARGE : SALES_OF_PAYMENT, [
      workspaceId,
      id,
    ])) as SaleRow[];
    return rows.map(({ source, source_id: sourceId }) => ({ workspaceId, account, source, sourceId }));
  }

  async customerOf(sale: SaleReference, tx: EntityManager): Promise<string | null> {
    const sql = sale.source === 'invoice' ? CUSTOMER_OF_INVOICE : CUSTOMER_OF_PAYMENT;
    const [row] = (await tx.query(sql, [sale.workspaceId, sale.sourceId])) as Array<{ customer: string | null }>;
    return row?.customer ?? null;
  }

  async session(
    key: SettleKey,
    tx: EntityManager,
  ): Promise<{ customer: string | null; paymentIntent: string | null } | null> {
    const [row] = (await tx.query(
      `SELECT customer, payment_intent FROM stripe.checkout_sessions WHERE workspace_id = $1 AND account = '' AND id = $2`,
      [key.workspaceId, key.id],
    )) as Array<{ customer: string | null; payment_intent: string | null }>;
    return row === undefined ? null : { customer: row.customer, paymentIntent: row.payment_intent };
  }

  /** Stripe customers, and guests' sessions, that used the promotion code: a page of them, after `after` in their order. */
  async usersOfPromotionCode(key: SettleKey, after: string, limit: number, tx: EntityManager): Promise<string[]> {
    const rows = (await tx.query(USERS_OF_PROMOTION_CODE, [key.workspaceId, key.id, after, limit])) as Array<{
      id: string;
    }>;
    return rows.map((row) => row.id);
  }

  /** Every paid sale of a person, for when what they earn must be asked again. */
  async salesOfPerson(
    workspaceId: string,
    customerId: string,
    tx: EntityManager,
  ): Promise<Array<SaleReference & { id?: string }>> {
    const rows = (await tx.query(SALES_OF_PERSON, [workspaceId, customerId])) as Array<SaleRow & { id: string | null }>;
    return rows.map(({ source, source_id: sourceId, id }) => ({
      workspaceId,
      account: '',
      source,
      sourceId,
      id: id ?? undefined,
    }));
  }
}

interface SaleRow {
  source: SaleReference['source'];
  source_id: string;
}

const CUSTOMERS_OF_KEYS = `
  WITH k AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k(workspace_id, kind, id, n))
  SELECT n, id AS customer FROM k WHERE kind = 'customer'
  UNION
  SELECT n, i.customer FROM k JOIN stripe.invoices i ON i.workspace_id = k.workspace_id AND i.account = '' AND i.id = k.id
   WHERE kind = 'invoice' AND i.customer IS NOT NULL
     AND (i.paid_at IS NOT NULL OR EXISTS (
       SELECT 1 FROM tributary.sale s WHERE s.workspace_id = k.workspace_id AND s.source = 'invoice' AND s.account = '' AND s.source_id = k.id))
  UNION
  SELECT n, c.customer FROM k JOIN stripe.charges c ON c.workspace_id = k.workspace_id AND c.account = '' AND c.id = k.id
   WHERE kind = 'charge' AND c.customer IS NOT NULL
  UNION
  SELECT n, coalesce(s.customer, s.id) FROM k JOIN stripe.charges c ON c.workspace_id = k.workspace_id AND c.account = '' AND c.id = k.id
    JOIN stripe.checkout_sessions s ON s.workspace_id = k.workspace_id AND s.account = '' AND s.payment_intent = c.payment_intent
   WHERE kind = 'charge'
  UNION
  SELECT n, p.customer FROM k JOIN stripe.payment_intents p ON p.workspace_id = k.workspace_id AND p.account = '' AND p.id = k.id
   WHERE kind = 'payment_intent' AND p.customer IS NOT NULL
  UNION
  SELECT n, i.customer FROM k
    JOIN stripe.invoice_payments p ON p.workspace_id = k.workspace_id AND p.account = '' AND p.payment_intent = k.id
    JOIN stripe.invoices i ON i.workspace_id = k.workspace_id AND i.account = '' AND i.id = p.invoice
   WHERE kind = 'payment_intent' AND i.customer IS NOT NULL
  UNION
  SELECT n, coalesce(s.customer, s.id) FROM k
    JOIN stripe.checkout_sessions s ON s.workspace_id = k.workspace_id AND s.account = '' AND s.payment_intent = k.id
   WHERE kind = 'payment_intent'
  UNION
  SELECT n, coalesce(s.customer, s.id) FROM k
    JOIN stripe.checkout_sessions s ON s.workspace_id = k.workspace_id AND s.account = '' AND s.id = k.id
   WHERE kind = 'checkout_session'`;

const INVOICES_OF_PAYMENTS = `
  SELECT invoice AS id FROM stripe.invoice_payments
   WHERE workspace_id = $1 AND account = '' AND payment_intent IN (SELECT id FROM payments) AND invoice IS NOT NULL
  UNION SELECT id FROM stripe.invoices WHERE workspace_id = $1 AND account = '' AND payment_intent IN (SELECT id FROM payments)
  UNION SELECT invoice FROM stripe.payment_intents
         WHERE workspace_id = $1 AND account = '' AND id IN (SELECT id FROM payments) AND invoice IS NOT NULL`;

const SALES_FOUND = `
  SELECT 'invoice' AS source, id AS source_id FROM invoices
  UNION ALL SELECT 'payment_intent', id FROM payments
   WHERE NOT EXISTS (SELECT 1 FROM invoices)
      OR EXISTS (SELECT 1 FROM tributary.sale s
                  WHERE s.workspace_id = $1 AND s.source = 'payment_intent' AND s.account = '' AND s.source_id = payments.id)
  ORDER BY source_id`;

const SALES_OF_PAYMENT = `
  WITH payments AS (SELECT $2::text AS id), invoices AS (${INVOICES_OF_PAYMENTS}) ${SALES_FOUND}`;

const SALES_OF_CHARGE = `
  WITH payments AS (
    SELECT payment_intent AS id FROM stripe.charges
     WHERE workspace_id = $1 AND account = '' AND id = $2 AND payment_intent IS NOT NULL
    UNION SELECT payment_intent FROM stripe.refunds
           WHERE workspace_id = $1 AND account = '' AND charge = $2 AND payment_intent IS NOT NULL),
  invoices AS (
    ${INVOICES_OF_PAYMENTS}
    UNION SELECT invoice FROM stripe.invoice_payments WHERE workspace_id = $1 AND account = '' AND charge = $2 AND invoice IS NOT NULL
    UNION SELECT invoice FROM stripe.charges WHERE workspace_id = $1 AND account = '' AND id = $2 AND invoice IS NOT NULL
    UNION SELECT id FROM stripe.invoices WHERE workspace_id = $1 AND account = '' AND charge = $2)
  ${SALES_FOUND}`;

const CUSTOMER_OF_INVOICE = `SELECT customer FROM stripe.invoices WHERE workspace_id = $1 AND account = '' AND id = $2`;

const CUSTOMER_OF_PAYMENT = `
  SELECT coalesce(customer, id) AS customer FROM stripe.checkout_sessions
   WHERE workspace_id = $1 AND account = '' AND payment_intent = $2 ORDER BY created, id LIMIT 1`;

const USERS_OF_PROMOTION_CODE = `
  SELECT id FROM (
    SELECT customer AS id FROM stripe.discounts
     WHERE workspace_id = $1 AND account = '' AND promotion_code = $2 AND customer IS NOT NULL
    UNION
    SELECT coalesce(customer, id) FROM stripe.checkout_sessions
     WHERE workspace_id = $1 AND account = '' AND promotion_code = $2) AS users
   WHERE id > $3 ORDER BY id LIMIT $4`;

const SALES_OF_PERSON = `
  WITH mine AS (
    SELECT stripe_customer_id AS id FROM tributary.customer_link WHERE workspace_id = $1 AND account = '' AND customer_id = $2),
  sessions AS (
    SELECT payment_intent, data FROM stripe.checkout_sessions
     WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM mine)
    UNION ALL
    SELECT payment_intent, data FROM stripe.checkout_sessions
     WHERE workspace_id = $1 AND account = '' AND customer IS NULL AND id IN (SELECT id FROM mine))
  SELECT 'invoice' AS source, id AS source_id, NULL AS id FROM stripe.invoices
   WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM mine) AND paid_at IS NOT NULL
  UNION
  SELECT 'payment_intent', payment_intent, NULL FROM sessions WHERE payment_intent IS NOT NULL AND data->>'mode' = 'payment'
  UNION
  SELECT source, source_id, CASE WHEN source = 'external' THEN id END FROM tributary.sale
   WHERE workspace_id = $1 AND customer_id = $2 AND source IN ('invoice', 'payment_intent', 'external')`;
