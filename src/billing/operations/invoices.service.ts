import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Page } from '../../common/pagination.js';
import { BillingReader } from '../billing-reader.service.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import { invoiceTimeline, type InvoiceEvent } from '../objects/invoice-timeline.js';
import { Invoice } from '../objects/invoice.entity.js';
import { invoiceAmounts, minorOf } from '../objects/shapes.js';
import { PaymentLinks } from './charges-links.service.js';
import { refundedMinorBy } from './charges-refund.js';
import { HeldObjects } from './held-objects.service.js';
import type { InvoiceAmountsView, InvoiceLinesView, InvoiceMembersQuery, InvoiceTimelineView } from './invoices.dto.js';
import type { OfAccount } from './subscriptions.dto.js';
import { isComplete } from './subscriptions.service.js';

/** An invoice has a few dozen events in the worst of cases; beyond this its history is not for reading. */
const EVENTS_MAX = 1_000;

/** What the mirror says of an invoice; Stripe is not asked. */
@Injectable()
export class InvoicesService {
  constructor(
    private readonly db: DataSource,
    private readonly reader: BillingReader,
    private readonly held: HeldObjects,
    private readonly links: PaymentLinks,
  ) {}

  /** Its lines as rows of their own, those too that the invoice's own list cuts off. */
  async lines(workspaceId: string, id: string, query: InvoiceMembersQuery): Promise<InvoiceLinesView> {
    const row = await this.rowOf(workspaceId, id, query.account);
    const { account } = row;
    const filters = { parent: row.id };
    const page = await this.reader.list(workspaceId, 'invoice_line_items', { ...query, account, filters });
    return { ...page, complete: await isComplete(this.db, row, 'invoices') };
  }

  async payments(workspaceId: string, id: string, query: InvoiceMembersQuery): Promise<Page<BillingObjectView>> {
    const row = await this.rowOf(workspaceId, id, query.account);
    const { account } = row;
    const filters = { invoice: row.id };
    return this.reader.list(workspaceId, 'invoice_payments', { ...query, account, filters });
  }

  async amounts(workspaceId: string, id: string, { account }: OfAccount): Promise<InvoiceAmountsView> {
    const row = await this.rowOf(workspaceId, id, account);
    const { refunds, creditNotes } = await this.links.paidWith(row);
    const credited = creditNotes.filter(({ status }) => status !== 'void');
    return {
      id,
      status: row.status,
      ...invoiceAmounts(row.data),
      refundedMinor: refundedMinorBy(refunds),
      creditedMinor: credited.reduce((sum, note) => sum + minorOf(note.amount), 0),
    };
  }

  /** What happened to it, oldest first, with the field, object or event that each moment comes from. */
  async timeline(workspaceId: string, id: string, { account }: OfAccount): Promise<InvoiceTimelineView> {
    const row = await this.rowOf(workspaceId, id, account);
    const [paidWith, events] = await Promise.all([this.links.paidWith(row), this.eventsOf(row)]);
    const entries = invoiceTimeline({ invoice: row.data, deletedAt: row.deletedAt, events, ...paidWith });
    return {
      id,
      status: row.status,
      data: entries.map(({ at, ...entry }) => ({ ...entry, at: new Date(at * 1_000).toISOString() })),
    };
  }

  private rowOf(workspaceId: string, id: string, account: string | undefined): Promise<Invoice> {
    return this.held.get(Invoice, 'invoices', { workspaceId, id, account });
  }

  /** The inbox belongs to a room further down; its table is read here, nothing of its code is needed. */
  private async eventsOf({ workspaceId, account, id }: Invoice): Promise<InvoiceEvent[]> {
    const rows = (await this.db.query(
      `SELECT id, type, extract(epoch FROM created)::bigint AS created FROM tributary.webhook_event
        WHERE workspace_id = $1 AND object_id = $2 AND account = $3 AND state <> 'quarantined'
        ORDER BY created, id LIMIT ${EVENTS_MAX}`,
      [workspaceId, id, account],
    )) as Array<{ id: string; type: string; created: string }>;
    return rows.map((row) => ({ ...row, created: Number(row.created) }));
  }
}
