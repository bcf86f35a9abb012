import { Injectable } from '@nestjs/common';
import { DomainError, invalidField } from '../../common/errors.js';
import { toDomainError } from '../../stripe/failure.js';
import { StripeFetcher } from '../mirror/stripe-fetcher.js';
import { embeddedObjects, invoiceAmounts, isoOf, isTruncatedList, minorOf, secondsOf } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import type { InvoicePreviewView, PreviewExtraDto, PreviewInvoiceDto } from './invoices.dto.js';
import { StripeWriter } from './stripe-writer.service.js';
import { defined } from './subscriptions-params.js';
import { previewLine } from './subscriptions-preview.js';
import type { WriteCall } from './write-call.js';

/** Stripe's refusal to show an invoice that would never be made. */
const NOTHING_UPCOMING = 'stripe_invoice_upcoming_none';

export interface PreviewAnswer {
  /** The invoice that Stripe would make, with every one of its lines. */
  invoice: StripeData;
  /** Unix seconds, on Stripe's clock. */
  stampSeconds: number;
}

/** Asks Stripe what it would bill. Nothing is made, here or there. */
@Injectable()
export class InvoicePreviews {
  constructor(
    private readonly writer: StripeWriter,
    private readonly fetcher: StripeFetcher,
  ) {}

  async preview(call: WriteCall, request: PreviewInvoiceDto): Promise<InvoicePreviewView> {
    const { invoice } = await this.ask(call, previewInvoiceParams(request), request.account);
    const { currency, totalMinor, dueMinor } = invoiceAmounts(invoice);
    return {
      ...{ currency, totalMinor, dueMinor },
      startingBalanceMinor: minorOf(invoice.starting_balance),
      at: isoOf(secondsOf(invoice.created)),
      lines: embeddedObjects(invoice.lines).map(previewLine),
    };
  }

  /** The same as `ask`; null where no invoice would come. */
  async askIfAny(call: WriteCall, params: StripeData, account: string): Promise<PreviewAnswer | null> {
    return this.ask(call, params, account).catch((error: unknown) => {
      if (error instanceof DomainError && error.code === NOTHING_UPCOMING) return null;
      throw error;
    });
  }

  /** `params` under Stripe's names. Errors are Stripe's. */
  async ask(call: WriteCall, params: StripeData, account = ''): Promise<PreviewAnswer> {
    const path = '/v1/invoices/create_preview';
    const { body, stampSeconds } = await this.writer.send(call, { method: 'POST', path, params, account });
    if (!isTruncatedList(body.lines)) return { invoice: body, stampSeconds };
    const list = { workspaceId: call.workspaceId, account, path: `/v1/invoices/${String(body.id)}/lines` };
    const { objects } = await this.fetcher.fetchList(list, { priority: 'interactive' }).catch((error: unknown) => {
      throw toDomainError(error);
    });
    return { invoice: { ...body, lines: { object: 'list', data: objects, has_more: false } }, stampSeconds };
  }
}

/** Pure. */
export function previewInvoiceParams(request: PreviewInvoiceDto): StripeData {
  const { customer, subscription, currency, items, extras, coupon, promotionCode, prorationBehavior } = request;
  if (customer === undefined && subscription === undefined)
    throw invalidField('customer', 'missing_field', 'customer or subscription must be given: say whose invoice');
  if (coupon !== undefined && promotionCode !== undefined)
    throw invalidField(
      'promotionCode',
      'field_not_allowed',
      'promotionCode cannot come beside coupon: give one of them',
    );
  const discounts =
    coupon === undefined && promotionCode === undefined
      ? undefined
      : [defined({ coupon, promotion_code: promotionCode })];
  const details = defined({ items, proration_behavior: prorationBehavior });
  return defined({
    ...{ customer, subscription, currency, discounts },
    invoice_items: extras?.map(extraParams),
    subscription_details: Object.keys(details).length === 0 ? undefined : details,
  });
}

function extraParams(
  { amountMinor, currency, price, quantity, description }: PreviewExtraDto,
  index: number,
): StripeData {
  if ((amountMinor === undefined) === (price === undefined)) {
    const text = `extras[${index}] must have either amountMinor with currency, or price`;
    throw invalidField(`extras[${index}].amountMinor`, 'invalid_field', text);
  }
  if (amountMinor !== undefined && currency === undefined)
    throw invalidField(`extras[${index}].currency`, 'missing_field', `extras[${index}].currency is missing`);
  return defined({ amount: amountMinor, currency, price, quantity, description });
}
