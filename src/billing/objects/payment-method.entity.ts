import { Entity, Index } from 'typeorm';
import { instrumentDetailsOf } from './payment-instrument.js';
import { FromData, StripeModel } from './stripe-model.entity.js';

@Entity({ schema: 'stripe', name: 'payment_methods' })
@Index('payment_methods_created', ['workspaceId', 'created', 'id'])
@Index('payment_methods_customer', ['workspaceId', 'customer'])
export class PaymentMethod extends StripeModel {
  @FromData(`stripe.ref(data->'customer')`, 'text')
  customer: string | null;

  @FromData(`data->>'type'`, 'text')
  type: string | null;

  /** The last four characters of the card or account, whatever the kind; null where a kind has none. */
  get last4(): string | null {
    return instrumentDetailsOf(this.data).last4;
  }
}
