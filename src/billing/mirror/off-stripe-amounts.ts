import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { OffStripeAmount } from './off-stripe-amount.entity.js';

/** Whose invoices are meant. */
export interface InvoiceOwner {
  workspaceId: string;
  account: string;
}

/** Names an invoice of the mirror. */
export interface InvoiceAddress extends InvoiceOwner {
  id: string;
}

/** Knows how much of a paid invoice was paid out of band: by cheque, by bank transfer, in cash. */
@Injectable()
export class OffStripeAmounts {
  constructor(private readonly clock: Clock) {}

  /**
   * In minor units of the invoice's currency. What Stripe said of it goes first; else nothing was paid out of band when the
   * payments through Stripe account for all that was paid. Null while neither tells.
   */
  async find({ id, ...owner }: InvoiceAddress, tx: EntityManager): Promise<number | null> {
    return (await this.findMany(owner, [id], tx)).get(id) ?? null;
  }

  /** The same of many, by their ids. Of an invoice that the mirror has not, nothing was paid. */
  async findMany(
    { workspaceId, account }: InvoiceOwner,
    ids: readonly string[],
    tx: EntityManager,
  ): Promise<Map<string, number | null>> {
    const rows = (await tx.query(KNOWN, [workspaceId, account, ids])) as KnownRow[];
    return new Map([...ids.map((id) => [id, 0] as const), ...rows.map((row) => [row.id, offStripeOf(row)] as const)]);
  }

  /** What Stripe answered; the first answer stays, since a paid invoice stays paid as it is. */
  async record({ workspaceId, account, id }: InvoiceAddress, amountMinor: number, tx: EntityManager): Promise<void> {
    const told = { workspaceId, account, invoiceId: id, amountMinor, toldAt: this.clock.now() };
    await tx.createQueryBuilder().insert().into(OffStripeAmount).values(told).orIgnore().execute();
  }
}

interface KnownRow {
  id: string;
  paid: number;
  /** Stripe's answer. */
  told: number | null;
  /** Said by invoices until 2025. */
  out_of_band: boolean | null;
  has_charge: boolean;
  through_stripe: number;
}

function offStripeOf({ paid, told, out_of_band, has_charge, through_stripe }: KnownRow): number | null {
  if (told !== null) return Math.min(told, paid);
  if (has_charge || through_stripe >= paid || out_of_band === false) return 0;
  return out_of_band === true ? paid - through_stripe : null;
}

// An invoice payment that names a payment record tells of money outside of Stripe. Charges named their invoice until 2025,
// when invoice payments came.
const KNOWN = `
  SELECT i.id, coalesce((i.data->>'amount_paid')::float8, 0) AS paid,
         coalesce(told.amount_minor, (i.data->>'amount_paid_off_stripe')::bigint)::float8 AS told,
         (i.data->>'paid_out_of_band')::boolean AS out_of_band, i.charge IS NOT NULL AS has_charge,
         greatest((SELECT coalesce(sum((p.data->>'amount_paid')::bigint), 0) FROM stripe.invoice_payments p
                    WHERE p.workspace_id = $1 AND p.account = $2 AND p.invoice = i.id AND p.status = 'paid'
                      AND coalesce(p.payment_intent, p.charge) IS NOT NULL AND p.deleted_at IS NULL),
                  (SELECT coalesce(sum(coalesce(c.data->>'amount_captured', c.data->>'amount')::bigint), 0) FROM stripe.charges c
                    WHERE c.workspace_id = $1 AND c.account = $2 AND c.invoice = i.id AND c.status = 'succeeded'))::float8 AS through_stripe
    FROM stripe.invoices i
    LEFT JOIN tributary.off_stripe_amount told
      ON told.workspace_id = i.workspace_id AND told.account = i.account AND told.invoice_id = i.id
   WHERE i.workspace_id = $1 AND i.account = $2 AND i.id = ANY($3) AND i.deleted_at IS NULL`;
