import { Entity, Index } from 'typeorm';
import { refundableMinor } from './charge-status.js';
import { FromData, StripeModel } from './stripe-model.entity.js';

@Entity({ schema: 'stripe', name: 'charges' })
@Index('charges_created', ['workspaceId', 'created', 'id'])
@Index('charges_customer', ['workspaceId', 'customer'])
@Index('charges_payment_intent', ['workspaceId', 'paymentIntent'])
@Index('charges_invoice', ['workspaceId', 'invoice'])
export class Charge extends StripeModel {
  @FromData(`stripe.ref(data->'customer')`, 'text')
  customer: string | null;

  @FromData(`stripe.ref(data->'payment_intent')`, 'text')
  paymentIntent: string | null;

  /** Only in versions before 2025-03-31; later ones link by invoice payments. */
  @FromData(`stripe.ref(data->'invoice')`, 'text')
  invoice: string | null;

  @FromData(`data->>'status'`, 'text')
  status: string | null;

  /** What can still be refunded, in minor units of the charge's currency; never negative. */
  get refundableMinor(): number {
    return refundableMinor(this.data);
  }
}
