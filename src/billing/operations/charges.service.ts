import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { BillingReader } from '../billing-reader.service.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import { capturedMinor, chargeStatus, givenBackMinor, refundableMinor } from '../objects/charge-status.js';
import { Charge } from '../objects/charge.entity.js';
import { minorOf, refId } from '../objects/shapes.js';
import type { StripeData, StripeModel } from '../objects/stripe-model.entity.js';
import { PaymentLinks } from './charges-links.service.js';
import { refundedMinorBy, requireCapturable, requireRefundable } from './charges-refund.js';
import type { CaptureChargeDto, ChargeSummaryView, RefundChargeDto, RefundedChargeView } from './charges.dto.js';
import { HeldObjects } from './held-objects.service.js';
import { StripeWriter, type WrittenObject } from './stripe-writer.service.js';
import type { OfAccount } from './subscriptions.dto.js';
import { defined, unix } from './subscriptions-params.js';
import type { WriteCall } from './write-call.js';

type Fee = Pick<ChargeSummaryView, 'feeMinor' | 'netMinor' | 'feeCurrency' | 'feeMissing' | 'balanceTransaction'>;

@Injectable()
export class ChargesService {
  constructor(
    private readonly reader: BillingReader,
    private readonly held: HeldObjects,
    private readonly links: PaymentLinks,
    private readonly writer: StripeWriter,
    private readonly clock: Clock,
  ) {}

  /** Where a charge stands, what it paid for and what it cost, out of the mirror alone. */
  async summary(workspaceId: string, id: string, { account }: OfAccount): Promise<ChargeSummaryView> {
    const row = await this.held.get(Charge, 'charges', { workspaceId, id, account });
    const { data } = row;
    const [paidFor, refunds, disputes, fee] = await Promise.all([
      this.links.paidFor(row),
      this.links.refundsOf(row, [id]),
      this.links.disputesOf(row, [id]),
      this.feeOf(row),
    ]);
    const known = refundedMinorBy(refunds);
    return {
      id,
      ...chargeStatus(
        { ...data, amount_refunded: Math.max(minorOf(data.amount_refunded), known) },
        disputes.map(knownDispute),
      ),
      currency: String(data.currency),
      amountMinor: minorOf(data.amount),
      capturedMinor: capturedMinor(data),
      refundedMinor: givenBackMinor(data, known),
      leftMinor: refundableMinor(data, known),
      ...fee,
      customer: row.customer,
      paymentIntent: row.paymentIntent,
      ...paidFor,
      refunds: refunds.map((refund) => String(refund.id)),
      disputes: disputes.map((dispute) => String(dispute.id)),
    };
  }

  /** Gives money back. What the mirror knows to be too much is refused before Stripe is asked, the rest by Stripe. */
  async refund(call: WriteCall, id: string, request: RefundChargeDto): Promise<RefundedChargeView> {
    const row = await this.rowOf(call, id, request);
    const refunds = await this.links.refundsOf(row, [id]);
    requireRefundable(row.data, refunds, request, unix(this.clock.now()));
    const { amountMinor, reason, metadata, refundApplicationFee, reverseTransfer, instructionsEmail } = request;
    const params = defined({
      charge: id,
      amount: amountMinor,
      reason,
      metadata,
      refund_application_fee: refundApplicationFee,
      reverse_transfer: reverseTransfer,
      instructions_email: instructionsEmail,
    });
    const { account } = row;
    const refund = await this.writer.write(call, { method: 'POST', path: '/v1/refunds', params, account });
    const charge = await this.refreshed(call, row);
    return { refund, charge, leftMinor: refundableMinor(charge.data) };
  }

  /** Takes what was authorized. A charge of a payment intent is captured through it, as Stripe wants it. */
  async capture(call: WriteCall, id: string, request: CaptureChargeDto): Promise<BillingObjectView> {
    const row = await this.rowOf(call, id, request);
    requireCapturable(row.data, request);
    const { amountMinor, applicationFeeMinor } = request;
    const intent = refId(row.data.payment_intent);
    if (intent === null) {
      const params = defined({ amount: amountMinor, application_fee_amount: applicationFeeMinor });
      return this.writer.act(call, this.addressOf(row), 'capture', params);
    }
    const params = defined({ amount_to_capture: amountMinor, application_fee_amount: applicationFeeMinor });
    const its = { type: this.reader.typeOf('payment_intents'), id: intent, account: row.account };
    await this.writer.act(call, its, 'capture', params);
    return this.refreshed(call, row);
  }

  private async feeOf({ workspaceId, account, data }: Charge): Promise<Fee> {
    const balanceTransaction = refId(data.balance_transaction);
    const missing = (feeMissing: Fee['feeMissing']): Fee => ({
      ...{ feeMinor: null, netMinor: null, feeCurrency: null },
      ...{ feeMissing, balanceTransaction },
    });
    if (balanceTransaction === null)
      return missing(capturedMinor(data) === 0 || data.status === 'failed' ? 'not_taken' : 'not_settled');
    const { model } = this.reader.typeOf('balance_transactions');
    const booking: StripeModel | null = await this.reader.find(model, workspaceId, balanceTransaction, account);
    if (booking === null) return missing('not_mirrored');
    const { fee, net, currency } = booking.data;
    return {
      ...{ feeMinor: minorOf(fee), netMinor: minorOf(net), feeCurrency: String(currency) },
      ...{ feeMissing: null, balanceTransaction },
    };
  }

  private rowOf({ workspaceId }: WriteCall, id: string, { account }: OfAccount): Promise<Charge> {
    return this.held.getOrFetch(Charge, 'charges', { workspaceId, id, account });
  }

  private addressOf({ id, account }: Charge): WrittenObject {
    return { type: this.reader.typeOf('charges'), id, account };
  }

  /** The charge as Stripe has it after the write that has changed it. */
  private async refreshed(call: WriteCall, row: Charge): Promise<BillingObjectView> {
    await this.writer.refresh(call, [this.addressOf(row)]);
    return this.reader.get(call.workspaceId, 'charges', row.id, row.account);
  }
}

function knownDispute(dispute: StripeData): { id: string; status: string; reason: string | null } {
  const { id, status, reason } = dispute;
  return { id: String(id), status: String(status), reason: typeof reason === 'string' ? reason : null };
}
