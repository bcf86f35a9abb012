import { Entity, Index } from 'typeorm';
import { FromData, StripeModel } from './stripe-model.entity.js';

/** Before 2018-11-08 an invoice had no `status`, only flags. */
const STATUS = `coalesce(data->>'status', stripe.invoice_status_2018(data))`;

@Entity({ schema: 'stripe', name: 'invoices' })
@Index('invoices_created', ['workspaceId', 'created', 'id'])
@Index('invoices_customer', ['workspaceId', 'customer'])
@Index('invoices_subscription', ['workspaceId', 'subscription'])
@Index('invoices_payment_intent', ['workspaceId', 'paymentIntent'])
@Index('invoices_charge', ['workspaceId', 'charge'])
export class Invoice extends StripeModel {
  @FromData(`stripe.ref(data->'customer')`, 'text')
  customer: string | null;

  @FromData(
    `coalesce(stripe.ref(data->'subscription'), stripe.ref(data#>'{parent,subscription_details,subscription}'))`,
    'text',
  )
  subscription: string | null;

  @FromData(STATUS, 'text')
  status: string | null;

  /** Set once the invoice is paid, in one payment or several. */
  @FromData(`stripe.invoice_paid_at(data)`, 'timestamptz')
  paidAt: Date | null;

  /** Only in versions before 2025-03-31; later ones link by invoice payments. */
  @FromData(`stripe.ref(data->'payment_intent')`, 'text')
  paymentIntent: string | null;

  /** Only in versions before 2025-03-31; later ones link by invoice payments. */
  @FromData(`stripe.ref(data->'charge')`, 'text')
  charge: string | null;
}
