import { Column, Entity, Index } from 'typeorm';
import { FromData, StripeModel } from './stripe-model.entity.js';

@Entity({ schema: 'stripe', name: 'invoice_line_items' })
@Index('invoice_line_items_parent', ['workspaceId', 'parent'])
export class InvoiceLineItem extends StripeModel {
  /** The invoice whose list brought the line. */
  @Column({ type: 'text', nullable: true })
  parent: string | null;

  @FromData(`stripe.line_subscription(data)`, 'text')
  subscription: string | null;

  @FromData(`stripe.line_price(data)`, 'text')
  price: string | null;
}
