import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { refId } from '../objects/shapes.js';
import type { StripeData, StripeModel } from '../objects/stripe-model.entity.js';

/** What a charge paid for, as far as the mirror knows. */
export interface PaidFor {
  invoices: string[];
  subscriptions: string[];
  prices: string[];
  products: string[];
}

/** What was paid on an invoice, and what went back. */
export interface PaidWith {
  invoicePayments: StripeData[];
  charges: StripeData[];
  refunds: StripeData[];
  disputes: StripeData[];
  creditNotes: StripeData[];
}

/**
 * How charges and invoices belong together, out of the mirror alone. Until 2025-03-31 each named the other; since then
 * invoice payments link them, through a payment intent mostly. Both are read, as rows of both times stay.
 */
@Injectable()
export class PaymentLinks {
  constructor(private readonly db: DataSource) {}

  async paidFor(charge: StripeModel): Promise<PaidFor> {
    const at = [charge.workspaceId, charge.account];
    const rows = await this.rows<{ invoice: string }>(
      `SELECT link.invoice FROM (
         SELECT c.invoice, c.created FROM stripe.charges c
          WHERE c.workspace_id = $1 AND c.account = $2 AND c.id = $3
         UNION ALL SELECT p.invoice, p.created FROM stripe.invoice_payments p
          WHERE p.workspace_id = $1 AND p.account = $2 AND (p.charge = $3 OR p.payment_intent = $4) AND p.deleted_at IS NULL
         UNION ALL SELECT i.id, i.created FROM stripe.invoices i
          WHERE i.workspace_id = $1 AND i.account = $2 AND (i.charge = $3 OR i.payment_intent = $4)
         UNION ALL SELECT n.invoice, n.created FROM stripe.payment_intents n
          WHERE n.workspace_id = $1 AND n.account = $2 AND n.id = $4
       ) AS link WHERE link.invoice IS NOT NULL GROUP BY link.invoice ORDER BY min(link.created), link.invoice`,
      [...at, charge.id, refId(charge.data.payment_intent)],
    );
    const invoices = rows.map(({ invoice }) => invoice);
    if (invoices.length === 0) return { invoices, subscriptions: [], prices: [], products: [] };
    const [sold] = await this.rows<Omit<PaidFor, 'invoices'>>(
      `SELECT coalesce(array_agg(DISTINCT sold.subscription) FILTER (WHERE sold.subscription IS NOT NULL), '{}') AS subscriptions,
              coalesce(array_agg(DISTINCT sold.price) FILTER (WHERE sold.price IS NOT NULL), '{}') AS prices,
              coalesce(array_agg(DISTINCT sold.product) FILTER (WHERE sold.product IS NOT NULL), '{}') AS products
         FROM (SELECT i.subscription, NULL AS price, NULL AS product FROM stripe.invoices i
                WHERE i.workspace_id = $1 AND i.account = $2 AND i.id = ANY($3::text[])
               UNION ALL SELECT l.subscription, l.price, l.product FROM stripe.invoice_line_items l
                WHERE l.workspace_id = $1 AND l.account = $2 AND l.parent = ANY($3::text[]) AND l.deleted_at IS NULL) AS sold`,
      [...at, invoices],
    );
    return { invoices, ...(sold ?? { subscriptions: [], prices: [], products: [] }) };
  }

  async paidWith(invoice: StripeModel): Promise<PaidWith> {
    const at = [invoice.workspaceId, invoice.account];
    const invoicePayments = await this.objects(
      `SELECT data FROM stripe.invoice_payments WHERE workspace_id = $1 AND account = $2 AND invoice = $3 AND deleted_at IS NULL
        ORDER BY created, id`,
      [...at, invoice.id],
    );
    const payments = invoicePayments.map(
      (payment) => payment.payment as { payment_intent?: unknown; charge?: unknown },
    );
    const intents = [invoice.data.payment_intent, ...payments.map((payment) => payment?.payment_intent)].flatMap(ids);
    const named = [invoice.data.charge, ...payments.map((payment) => payment?.charge)].flatMap(ids);
    const charges = await this.objects(
      `SELECT data FROM stripe.charges WHERE workspace_id = $1 AND account = $2 AND deleted_at IS NULL
          AND (invoice = $3 OR id = ANY($4::text[]) OR payment_intent = ANY($5::text[]) OR payment_intent IN (
               SELECT id FROM stripe.payment_intents WHERE workspace_id = $1 AND account = $2 AND invoice = $3))
        ORDER BY created, id`,
      [...at, invoice.id, named, intents],
    );
    const chargeIds = charges.map(({ id }) => String(id));
    const [refunds, disputes, creditNotes] = await Promise.all([
      this.refundsOf(invoice, chargeIds),
      this.disputesOf(invoice, chargeIds),
      this.objects(
        `SELECT data FROM stripe.credit_notes WHERE workspace_id = $1 AND account = $2 AND invoice = $3 AND deleted_at IS NULL
          ORDER BY created, id`,
        [...at, invoice.id],
      ),
    ]);
    return { invoicePayments, charges, refunds, disputes, creditNotes };
  }

  refundsOf({ workspaceId, account }: StripeModel, charges: readonly string[]): Promise<StripeData[]> {
    return this.objects(
      `SELECT data FROM stripe.refunds WHERE workspace_id = $1 AND account = $2 AND charge = ANY($3::text[]) AND deleted_at IS NULL
        ORDER BY created, id`,
      [workspaceId, account, charges],
    );
  }

  disputesOf({ workspaceId, account }: StripeModel, charges: readonly string[]): Promise<StripeData[]> {
    return this.objects(
      `SELECT data FROM stripe.disputes WHERE workspace_id = $1 AND account = $2 AND charge = ANY($3::text[]) AND deleted_at IS NULL
        ORDER BY created, id`,
      [workspaceId, account, charges],
    );
  }

  private async objects(sql: string, parameters: unknown[]): Promise<StripeData[]> {
    return (await this.rows<{ data: StripeData }>(sql, parameters)).map(({ data }) => data);
  }

  private rows<T>(sql: string, parameters: unknown[]): Promise<T[]> {
    return this.db.query(sql, parameters);
  }
}

function ids(reference: unknown): string[] {
  const id = refId(reference);
  return id === null ? [] : [id];
}
