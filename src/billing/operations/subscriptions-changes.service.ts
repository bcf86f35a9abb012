import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors.js';
import { BillingReader } from '../billing-reader.service.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import { refId } from '../objects/shapes.js';
import { Subscription } from '../objects/subscription.entity.js';
import { HeldObjects } from './held-objects.service.js';
import { InvoicePreviews } from './invoices-preview.service.js';
import { StripeWriter, type WrittenObject } from './stripe-writer.service.js';
import type {
  CancelNowDto,
  CancelPreviewView,
  CancelSubscriptionDto,
  ChangePreviewView,
  ChangeSubscriptionDto,
  ExtendSubscriptionDto,
  OfAccount,
  PauseSubscriptionDto,
  ResumeSubscriptionDto,
} from './subscriptions.dto.js';
import {
  cancelLaterParams,
  cancelNowParams,
  cancelPreviewParams,
  changeParams,
  defined,
  extendParams,
  pauseParams,
  previewParams,
  reactivateParams,
  recurringPreviewParams,
  unix,
} from './subscriptions-params.js';
import { cancelPreview, changePreview } from './subscriptions-preview.js';
import { pendingUpdateOf } from './subscriptions.service.js';
import type { WriteCall } from './write-call.js';

const ENDED: ReadonlySet<string> = new Set(['canceled', 'incomplete_expired']);

/** Changes a subscription at Stripe. The answer is the subscription, from the mirror, as it is after the change. */
@Injectable()
export class SubscriptionChanges {
  constructor(
    private readonly reader: BillingReader,
    private readonly held: HeldObjects,
    private readonly writer: StripeWriter,
    private readonly previews: InvoicePreviews,
    private readonly clock: Clock,
  ) {}

  async cancel(call: WriteCall, id: string, request: CancelSubscriptionDto): Promise<BillingObjectView> {
    const now = request.when === 'now' ? cancelNowParams(request) : null;
    const later = now === null ? cancelLaterParams(request) : {};
    const address = this.addressOf(await this.rowOf(call, id, request));
    if (now === null) return this.writer.update(call, address, later);
    return this.withItsInvoice(call, address, await this.writer.delete(call, address, now));
  }

  /** What a cancellation at once would settle; nothing is changed anywhere. Errors: `subscription_ended`. */
  async previewCancel(call: WriteCall, id: string, request: CancelNowDto): Promise<CancelPreviewView> {
    const row = await this.aliveRowOf(call, id, request);
    const last = await this.previews.askIfAny(call, cancelPreviewParams(row.data, request), row.account);
    return cancelPreview(row.data, last?.invoice ?? null, request);
  }

  /** Takes a planned cancellation back. What has ended stays ended: Stripe refuses it. */
  async reactivate(call: WriteCall, id: string, request: OfAccount): Promise<BillingObjectView> {
    const row = await this.rowOf(call, id, request);
    return this.writer.update(call, this.addressOf(row), reactivateParams(row.data));
  }

  /** Gives time for free: the next invoice comes at the extension's end. */
  async extend(call: WriteCall, id: string, request: ExtendSubscriptionDto): Promise<BillingObjectView> {
    const row = await this.rowOf(call, id, request);
    return this.writer.update(call, this.addressOf(row), extendParams(row.data, request, this.clock.now()));
  }

  /** Errors: `subscription_ended`. */
  async change(call: WriteCall, id: string, request: ChangeSubscriptionDto): Promise<BillingObjectView> {
    const row = await this.aliveRowOf(call, id, request);
    const address = this.addressOf(row);
    return this.withItsInvoice(call, address, await this.writer.update(call, address, changeParams(row.data, request)));
  }

  /** What the same change would cost; nothing is changed anywhere. Errors: `subscription_ended`. */
  async preview(call: WriteCall, id: string, request: ChangeSubscriptionDto): Promise<ChangePreviewView> {
    const row = await this.aliveRowOf(call, id, request);
    const next = await this.previews.askIfAny(call, previewParams(row.data, request), row.account);
    // A request of its own needs a key of its own.
    const again = { ...call, key: `${call.key}:recurring` };
    const recurring = await this.previews.askIfAny(again, recurringPreviewParams(row.data, request), row.account);
    return changePreview({
      subscription: row.data,
      next: next?.invoice ?? null,
      recurring: recurring?.invoice ?? null,
      askedAt: Math.max(next?.stampSeconds ?? 0, unix(this.clock.now())),
      prorationDate: request.prorationDate === undefined ? null : unix(request.prorationDate),
    });
  }

  async pause(call: WriteCall, id: string, request: PauseSubscriptionDto): Promise<BillingObjectView> {
    const params = pauseParams(request);
    const address = this.addressOf(await this.rowOf(call, id, request));
    if (request.what !== 'subscription') return this.writer.update(call, address, params);
    return this.withItsInvoice(call, address, await this.writer.act(call, address, 'pause', params));
  }

  /** Resumes what is paused: the subscription where its status says so, else the collection of its invoices. */
  async resume(call: WriteCall, id: string, request: ResumeSubscriptionDto): Promise<BillingObjectView> {
    const row = await this.rowOf(call, id, request);
    const address = this.addressOf(row);
    if (row.status !== 'paused') return this.writer.update(call, address, { pause_collection: '' });
    const { billingCycleAnchor, prorationBehavior } = request;
    const params = defined({
      billing_cycle_anchor: billingCycleAnchor && { type: billingCycleAnchor },
      proration_behavior: prorationBehavior,
    });
    return this.withItsInvoice(call, address, await this.writer.act(call, address, 'resume', params));
  }

  /** Drops a change that waits for its payment, by voiding the invoice that asks for it. Errors: `no_pending_update`. */
  async cancelPendingUpdate(call: WriteCall, id: string, request: OfAccount): Promise<BillingObjectView> {
    const row = await this.rowOf(call, id, request);
    const { pending, invoice } = pendingUpdateOf(row.data);
    if (!pending || invoice === null) {
      const text = `no change of ${id} waits for a payment, as far as the mirror knows`;
      throw new DomainError('unprocessable', 'no_pending_update', text, { field: 'id' });
    }
    const bill = { type: this.reader.typeOf('invoices'), id: invoice, account: row.account };
    await this.writer.act(call, bill, 'void');
    const address = this.addressOf(row);
    await this.writer.refresh(call, [address]);
    return this.reader.get(call.workspaceId, 'subscriptions', id, row.account);
  }

  private rowOf({ workspaceId }: WriteCall, id: string, { account }: OfAccount): Promise<Subscription> {
    return this.held.getOrFetch(Subscription, 'subscriptions', { workspaceId, id, account });
  }

  /** What has ended never comes back, so that the mirror alone can say it; Stripe's own refusals do not. */
  private async aliveRowOf(call: WriteCall, id: string, of: OfAccount): Promise<Subscription> {
    const row = await this.rowOf(call, id, of);
    if (row.deletedAt === null && !ENDED.has(row.status ?? '')) return row;
    const text = `${id} has ended and cannot be changed any more: make a new subscription for its customer`;
    throw new DomainError('unprocessable', 'subscription_ended', text, { field: 'id' });
  }

  private addressOf({ id, account }: Subscription): WrittenObject {
    return { type: this.reader.typeOf('subscriptions'), id, account };
  }

  /** A change may bill something at once; that invoice is in the mirror before the answer is given, too. */
  private async withItsInvoice(
    call: WriteCall,
    { account }: WrittenObject,
    view: BillingObjectView,
  ): Promise<BillingObjectView> {
    const invoice = refId(view.data.latest_invoice);
    if (invoice === null) return view;
    const held = await this.reader.find(this.reader.typeOf('invoices').model, call.workspaceId, invoice, account);
    if (held === null)
      await this.writer.refresh(call, [{ type: this.reader.typeOf('invoices'), id: invoice, account }]);
    return view;
  }
}
