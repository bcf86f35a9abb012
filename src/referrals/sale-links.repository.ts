import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { SettleKey } from '../billing/mirror/settle-queue.js';
import type { SaleReference } from './sale-key.js';

/** A key with the Stripe customer that it leads to; a guest's checkout session stands for its missing customer. */
export interface CustomerOfKey {
  key: SettleKey;
  stripeCustomerId: string;
}

/** A key with a sale that it leads to, and whose that is. */
export interface SaleOfKey extends CustomerOfKey {
  sale: SaleReference;
}

/** Follows the mirror's links between payments, invoices, sessions and customers, in every version's way. */
@Injectable()
export class SaleLinks {
  /** Keys of our own facts, and those that fan out, need no look into the mirror before they are settled. */
  isOwnFact({ kind }: SettleKey): boolean {
    return kind === 'sale' || kind === 'referred_customer' || kind === 'lead' || kind === 'promotion_code';
  }

  /** Of customers and checkout sessions. */
  async customersOf(keys: readonly SettleKey[], tx: EntityManager): Promise<CustomerOfKey[]> {
    const sessions = await this.rowsOf<{ n: string; customer: string }>(
      CUSTOMERS_OF_SESSIONS,
      keys.filter(({ kind }) => kind === 'checkout_session'),
      tx,
    );
    const customers = keys.filter(({ kind }) => kind === 'customer');
    return [
      ...customers.map((key) => ({ key, stripeCustomerId: key.id })),
      ...sessions.map(({ key, customer }) => ({ key, stripeCustomerId: customer })),
    ];
  }

  /**
   * Of invoices, payments and charges: the sales that they belong to, as far as these have a customer; a payment that paid no
   * invoice is a sale itself. Invoices count once they are paid. A link that comes later touches the keys again.
   */
  async salesOfKeys(keys: readonly SettleKey[], tx: EntityManager): Promise<SaleOfKey[]> {
    const payable = keys.filter(({ kind }) => kind === 'invoice' || kind === 'payment_intent' || kind === 'charge');
    const rows = await this.rowsOf<SaleRow & { customer: string }>(SALES_OF_KEYS, payable, tx);
    return rows.map(({ key, source, source_id: sourceId, customer }) => ({
      key,
      stripeCustomerId: customer,
      sale: { workspaceId: key.workspaceId, account: key.account, source, sourceId },
    }));
  }

  /** The rows that a statement finds for the keys, each with its own. */
  private async rowsOf<T>(
    sql: string,
    keys: readonly SettleKey[],
    tx: EntityManager,
  ): Promise<Array<T & { key: SettleKey }>> {
    if (keys.length === 0) return [];
    const rows = (await tx.query(sql, [
      keys.map((key) => key.workspaceId),
      keys.map((key) => key.kind),
      keys.map((key) => key.id),
    ])) as Array<T & { n: string }>;
    return rows.flatMap((row) => {
      const key = keys[Number(row.n) - 1];
      return key === undefined ? [] : [{ ...row, key }];
    });
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

const KEYS = `k AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k(workspace_id, kind, id, n))`;

const CUSTOMERS_OF_SESSIONS = `
  WITH ${KEYS}
  SELECT n, coalesce(s.customer, s.id) AS customer FROM k
    JOIN stripe.checkout_sessions s ON s.workspace_id = k.workspace_id AND s.account = '' AND s.id = k.id`;

/** A table of the mirror beside the rows of `with`, of the workspace's own objects. */
const beside = (rows: string, table: string, condition: string): string =>
  `${rows} f JOIN stripe.${table} t ON t.workspace_id = f.workspace_id AND t.account = '' AND ${condition}`;

// A noted sale is asked again when it is not paid any more.
const SALES_OF_KEYS = `
  WITH ${KEYS},
  charges AS (SELECT * FROM k WHERE kind = 'charge'),
  payments AS (
    SELECT n, workspace_id, id FROM k WHERE kind = 'payment_intent'
    UNION SELECT n, f.workspace_id, t.payment_intent FROM ${beside('charges', 'charges', 't.id = f.id')} WHERE t.payment_intent IS NOT NULL
    UNION SELECT n, f.workspace_id, t.payment_intent FROM ${beside('charges', 'refunds', 't.charge = f.id')} WHERE t.payment_intent IS NOT NULL),
  invoices AS (
    SELECT n, workspace_id, id FROM k WHERE kind = 'invoice'
    UNION SELECT n, f.workspace_id, t.invoice FROM ${beside('payments', 'invoice_payments', 't.payment_intent = f.id')} WHERE t.invoice IS NOT NULL
    UNION SELECT n, f.workspace_id, t.id FROM ${beside('payments', 'invoices', 't.payment_intent = f.id')}
    UNION SELECT n, f.workspace_id, t.invoice FROM ${beside('payments', 'payment_intents', 't.id = f.id')} WHERE t.invoice IS NOT NULL
    UNION SELECT n, f.workspace_id, t.invoice FROM ${beside('charges', 'invoice_payments', 't.charge = f.id')} WHERE t.invoice IS NOT NULL
    UNION SELECT n, f.workspace_id, t.invoice FROM ${beside('charges', 'charges', 't.id = f.id')} WHERE t.invoice IS NOT NULL
    UNION SELECT n, f.workspace_id, t.id FROM ${beside('charges', 'invoices', 't.charge = f.id')}),
  noted AS (
    SELECT p.n, p.id FROM payments p
      JOIN tributary.sale s ON s.workspace_id = p.workspace_id AND s.source = 'payment_intent' AND s.account = '' AND s.source_id = p.id)
  SELECT n, 'invoice' AS source, f.id AS source_id, t.customer FROM ${beside('invoices', 'invoices', 't.id = f.id')}
   WHERE t.customer IS NOT NULL
     AND (t.paid_at IS NOT NULL OR EXISTS (
       SELECT 1 FROM tributary.sale s WHERE s.workspace_id = f.workspace_id AND s.source = 'invoice' AND s.account = '' AND s.source_id = f.id))
  UNION ALL
  SELECT n, 'payment_intent', p.id, session.customer FROM payments p
   CROSS JOIN LATERAL (
         SELECT coalesce(s.customer, s.id) AS customer FROM stripe.checkout_sessions s
          WHERE s.workspace_id = p.workspace_id AND s.account = '' AND s.payment_intent = p.id ORDER BY s.created, s.id LIMIT 1) AS session
   WHERE NOT EXISTS (SELECT 1 FROM invoices i WHERE i.n = p.n) OR EXISTS (SELECT 1 FROM noted WHERE noted.n = p.n AND noted.id = p.id)
   ORDER BY n, source_id`;

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
