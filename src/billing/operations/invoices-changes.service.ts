import { Injectable } from '@nestjs/common';
import { invalidField } from '../../common/errors.js';
import { BillingReader } from '../billing-reader.service.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import { isObject, refId } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { HeldObjects } from './held-objects.service.js';
import type { FinalizeInvoiceDto, PayInvoiceDto } from './invoices.dto.js';
import { StripeWriter, type WrittenObject } from './stripe-writer.service.js';
import type { OfAccount } from './subscriptions.dto.js';
import { defined } from './subscriptions-params.js';
import type { WriteCall } from './write-call.js';

/** Changes an invoice at Stripe. The answer is the invoice, from the mirror, as it is after the change. */
@Injectable()
export class InvoiceChanges {
  constructor(
    private readonly reader: BillingReader,
    private readonly held: HeldObjects,
    private readonly writer: StripeWriter,
  ) {}

  /** Charges it now, or takes note that it was paid elsewhere. Its payments and charges are in the mirror with the answer. */
  async pay(call: WriteCall, id: string, request: PayInvoiceDto): Promise<BillingObjectView> {
    const params = payParams(request);
    const address = await this.addressOf(call, id, request);
    await this.writer.act(call, address, 'pay', params);
    await this.takePaymentsIn(call, address);
    return this.reader.get(call.workspaceId, 'invoices', id, address.account);
  }

  async finalize(call: WriteCall, id: string, request: FinalizeInvoiceDto): Promise<BillingObjectView> {
    const params = defined({ auto_advance: request.autoAdvance });
    return this.writer.act(call, await this.addressOf(call, id, request), 'finalize', params);
  }

  async void(call: WriteCall, id: string, request: OfAccount): Promise<BillingObjectView> {
    return this.writer.act(call, await this.addressOf(call, id, request), 'void');
  }

  async markUncollectible(call: WriteCall, id: string, request: OfAccount): Promise<BillingObjectView> {
    return this.writer.act(call, await this.addressOf(call, id, request), 'mark_uncollectible');
  }

  /** Sends it to the customer by mail; a draft is finalized first. */
  async send(call: WriteCall, id: string, request: OfAccount): Promise<BillingObjectView> {
    return this.writer.act(call, await this.addressOf(call, id, request), 'send');
  }

  private addressOf({ workspaceId }: WriteCall, id: string, { account }: OfAccount): Promise<WrittenObject> {
    return this.held.addressOf('invoices', { workspaceId, id, account });
  }

  private async takePaymentsIn({ workspaceId }: WriteCall, { id, account }: WrittenObject): Promise<void> {
    await this.held.takeIn({ workspaceId, account, path: `/v1/invoice_payments?invoice=${encodeURIComponent(id)}` });
    const filters = { invoice: id };
    const { data } = await this.reader.list(workspaceId, 'invoice_payments', { limit: 100, account, filters });
    const intents = new Set(data.flatMap(({ data: payment }) => intentOf(payment) ?? []));
    for (const intent of intents)
      await this.held.takeIn({
        workspaceId,
        account,
        path: `/v1/charges?payment_intent=${encodeURIComponent(intent)}`,
      });
  }
}

function intentOf({ payment }: StripeData): string | null {
  return isObject(payment) ? refId(payment.payment_intent) : null;
}

/** Pure. */
function payParams({ paymentMethod, source, paidOutOfBand, offSession, forgive }: PayInvoiceDto): StripeData {
  if (paymentMethod !== undefined && source !== undefined)
    throw invalidField('source', 'field_not_allowed', 'source cannot come beside paymentMethod: give one of them');
  if (paidOutOfBand === true)
    for (const [field, value] of Object.entries({ paymentMethod, source, forgive }))
      if (value !== undefined)
        throw invalidField(
          field,
          'field_not_allowed',
          `${field} cannot come beside paidOutOfBand: nothing is charged then`,
        );
  return defined({
    ...{ payment_method: paymentMethod, source, forgive },
    ...{ paid_out_of_band: paidOutOfBand, off_session: offSession },
  });
}
