import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { invoiceSubscription, minorOf, refId } from '../billing/objects/shapes.js';
import { OffStripeAmounts } from '../billing/mirror/off-stripe-amounts.js';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import { groupBy } from '../common/group-by.js';
import type { SaleFigures, SaleLine } from './rules/rule-matching.js';
import {
  INVOICE_FIELDS,
  invoiceFigures,
  LINE_FIELDS,
  sessionFigures,
  UNKNOWN_THING,
  type LineRow,
} from './sale-figures.js';
import { INVOICE_MOVEMENTS, PAYMENT_MOVEMENTS, type ChargeStory } from './sale-movements.js';
import { reasonsOf, type HoldReason } from './holds/hold-reasons.js';
import { moneyOut, type MoneyOut } from './money-out.js';
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

/** Reads what sales came to and what was given back, through every link that Stripe's API versions have had. */
@Injectable()
export class SaleFactsRepository {
  constructor(private readonly offStripe: OffStripeAmounts) {}

  /** Null while nothing was collected. */
  async find(reference: SaleReference, tx: EntityManager): Promise<SaleFacts | null> {
    return (await this.findMany([reference], tx))[0] ?? null;
  }

  /** The same of many sales of one workspace and account, in their order. */
  async findMany(references: readonly SaleReference[], tx: EntityManager): Promise<Array<SaleFacts | null>> {
    const found = new Map<string, SaleFacts>();
    for (const [source, group] of groupBy(references, (reference) => reference.source)) {
      const facts = await this.ofSource(source as SaleReference['source'], group, tx);
      for (const one of facts) found.set(`${source}/${one.sourceId}`, one);
    }
    return references.map(({ source, sourceId }) => found.get(`${source}/${sourceId}`) ?? null);
  }

  private async ofSource(
    source: SaleReference['source'],
    references: readonly SaleReference[],
    tx: EntityManager,
  ): Promise<SaleFacts[]> {
    const { workspaceId, account } = references[0] as SaleReference;
    const sales: SalesAsked = { workspaceId, account, ids: references.map(({ sourceId }) => sourceId) };
    switch (source) {
      case 'invoice':
        return this.ofInvoices(sales, tx);
      case 'payment_intent':
        return this.ofOneOffPayments(sales, tx);
      case 'external':
        return this.ofExternalSales(sales, tx);
      default:
        throw new Error(`${source} is a lead, which is no sale`);
    }
  }

  private async ofInvoices({ workspaceId, account, ids }: SalesAsked, tx: EntityManager): Promise<SaleFacts[]> {
    const rows = (await tx.query(PAID_INVOICES, [workspaceId, account, ids])) as PaidInvoiceRow[];
    const paid = rows.filter(({ data }) => minorOf(data.amount_paid) > 0);
    if (paid.length === 0) return [];
    const key = [workspaceId, account, paid.map(({ id }) => id)];
    const stories = groupBy((await tx.query(INVOICE_MOVEMENTS, key)) as ChargeStory[], ({ sale }) => sale);
    const offStripe = await this.offStripe.findMany({ workspaceId, account }, key[2] as string[], tx);
    return paid.map(({ id, data, lines, ...row }) => ({
      ...{ workspaceId, account, source: 'invoice', sourceId: id },
      figures: invoiceFigures(data, lines, offStripe.get(id) ?? null),
      belongsTo: idsOf(id, refId(data.customer), invoiceSubscription(data)),
      ...happened(row, stories.get(id) ?? []),
    }));
  }

  private async ofOneOffPayments({ workspaceId, account, ids }: SalesAsked, tx: EntityManager): Promise<SaleFacts[]> {
    const key = [workspaceId, account, ids];
    const paid = (await tx.query(PAID_SESSIONS, key)) as PaidRow[];
    if (paid.length === 0) return [];
    const stories = groupBy((await tx.query(PAYMENT_MOVEMENTS, key)) as ChargeStory[], ({ sale }) => sale);
    return paid.map(({ id, data, ...row }) => ({
      ...{ workspaceId, account, source: 'payment_intent', sourceId: id },
      figures: sessionFigures(data),
      belongsTo: idsOf(id, refId(data.customer)),
      ...happened(row, stories.get(id) ?? []),
    }));
  }

  private async ofExternalSales({ workspaceId, account, ids }: SalesAsked, tx: EntityManager): Promise<SaleFacts[]> {
    const where = { workspaceId, source: 'external' as const, account, sourceId: In([...ids]) };
    return (await tx.getRepository(Sale).findBy(where)).map(externalFacts);
  }
}

interface SalesAsked {
  workspaceId: string;
  account: string;
  ids: readonly string[];
}

/** When a sale was, who told of it, and what became of its charges. */
function happened(
  { paid_at: occurredAt, event_id: eventId }: Pick<PaidRow, 'paid_at' | 'event_id'>,
  stories: readonly ChargeStory[],
): Pick<SaleFacts, 'occurredAt' | 'out' | 'complaints' | 'eventId'> {
  const complaints = reasonsOf(stories.flatMap((story) => story.complaints));
  return { occurredAt, out: moneyOut(stories), complaints, eventId };
}

function externalFacts({ workspaceId, source, account, sourceId, currency, cashMinor, occurredAt }: Sale): SaleFacts {
  const nothingOff = { discountMinor: 0, inclusiveTaxMinor: 0, exclusiveTaxMinor: 0 };
  const line: SaleLine = { ...UNKNOWN_THING, id: sourceId, amountMinor: cashMinor, ...nothingOff };
  const amounts = { cashMinor, offStripeMinor: 0, totalMinor: cashMinor };
  return {
    ...{ workspaceId, source, account, sourceId, occurredAt },
    figures: { currency, ...amounts, lines: [line], shipping: null, country: null, metadata: {} },
    ...{ belongsTo: [], out: moneyOut([]), complaints: [], eventId: null },
  };
}

interface PaidRow {
  id: string;
  data: StripeData;
  paid_at: Date;
  event_id: string | null;
}

type PaidInvoiceRow = PaidRow & { lines: LineRow[] };

const idsOf = (...ids: Array<string | null>): string[] => ids.filter((id) => id !== null);

/** A few fields of `data`, unpacked at once: each look at a stored object unpacks all of it. */
const picked = (row: string, fields: readonly string[]): string =>
  `jsonb_to_record(${row}.data) AS picked(${fields.map((field) => `${field} jsonb`).join(', ')})`;

const LINES = `
  SELECT jsonb_build_object('id', l.id, 'data', to_jsonb(picked), 'price_type', coalesce(p.data->>'type', picked.price->>'type'),
           'interval', coalesce(p.data#>>'{recurring,interval}', picked.price#>>'{recurring,interval}', picked.plan->>'interval')) AS line
    FROM stripe.invoice_line_items l CROSS JOIN LATERAL ${picked('l', LINE_FIELDS)}
    LEFT JOIN stripe.prices p ON p.workspace_id = l.workspace_id AND p.account = l.account AND p.id = stripe.line_price(to_jsonb(picked))
   WHERE l.workspace_id = i.workspace_id AND l.account = i.account AND l.parent = i.id AND l.deleted_at IS NULL ORDER BY l.id`;

const PAID_INVOICES = `
  SELECT i.id, to_jsonb(picked) AS data, i.paid_at, i.source_event_id AS event_id,
         (SELECT coalesce(jsonb_agg(line), '[]') FROM (${LINES}) AS lines) AS lines
    FROM stripe.invoices i CROSS JOIN LATERAL ${picked('i', INVOICE_FIELDS)}
   WHERE i.workspace_id = $1 AND i.account = $2 AND i.id = ANY($3) AND i.paid_at IS NOT NULL AND i.deleted_at IS NULL`;

/** A payment-mode session that was paid and has no invoice; it is a sale at the moment of its charge. */
const PAID_SESSIONS = `
  SELECT s.payment_intent AS id, s.data, min(c.created) AS paid_at, s.source_event_id AS event_id
    FROM stripe.checkout_sessions s
    JOIN stripe.charges c ON c.workspace_id = s.workspace_id AND c.account = s.account AND c.payment_intent = s.payment_intent
                         AND c.status = 'succeeded'
   WHERE s.workspace_id = $1 AND s.account = $2 AND s.payment_intent = ANY($3) AND s.invoice IS NULL
     AND s.data->>'mode' = 'payment' AND s.data->>'payment_status' = 'paid' AND s.deleted_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM stripe.invoice_payments p
                      WHERE p.workspace_id = s.workspace_id AND p.payment_intent = s.payment_intent)
   GROUP BY s.payment_intent, s.data, s.source_event_id`;
