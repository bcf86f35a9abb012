import { Column, Entity, Index } from 'typeorm';
import { FromData, StripeModel } from './stripe-model.entity.js';

@Entity({ schema: 'stripe', name: 'invoice_line_items' })
@Index('invoice_line_items_parent', ['workspaceId', 'parent'])
@Index('invoice_line_items_invoice_item', ['workspaceId', 'invoiceItem'], { where: 'invoice_item IS NOT NULL' })
export class InvoiceLineItem extends StripeModel {
  /** The invoice whose list brought the line. */
  @Column({ type: 'text', nullable: true })
  parent: string | null;

  @FromData(`stripe.line_subscription(data)`, 'text')
  subscription: string | null;

  @FromData(`stripe.line_price(data)`, 'text')
  price: string | null;

  @FromData(`stripe.line_product(data)`, 'text')
  product: string | null;

  /** The invoice item that the line bills, where it bills one. */
  @FromData(
    `coalesce(stripe.ref(data#>'{parent,invoice_item_details,invoice_item}'), stripe.ref(data#>'{parent,subscription_item_details,invoice_item}'), stripe.ref(data->'invoice_item'))`,
    'text',
  )
  invoiceItem: string | null;
}
