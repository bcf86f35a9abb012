import { Entity, Index } from 'typeorm';
import { FromData, StripeModel } from './stripe-model.entity.js';

/** Which payment paid which invoice: since 2025-03-31 the only link between charges and invoices. */
@Entity({ schema: 'stripe', name: 'invoice_payments' })
@Index('invoice_payments_created', ['workspaceId', 'created', 'id'])
@Index('invoice_payments_invoice', ['workspaceId', 'invoice'])
@Index('invoice_payments_payment_intent', ['workspaceId', 'paymentIntent'])
@Index('invoice_payments_charge', ['workspaceId', 'charge'])
export class InvoicePayment extends StripeModel {
  @FromData(`stripe.ref(data->'invoice')`, 'text')
  invoice: string | null;

  @FromData(`stripe.ref(data#>'{payment,payment_intent}')`, 'text')
  paymentIntent: string | null;

  @FromData(`stripe.ref(data#>'{payment,charge}')`, 'text')
  charge: string | null;

  @FromData(`data->>'status'`, 'text')
  status: string | null;
}
