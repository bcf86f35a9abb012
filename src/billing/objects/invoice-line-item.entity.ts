import { Column, Entity, Index } from 'typeorm';
import { OWN_INTERVAL, OWN_INTERVAL_COUNT, OWN_USAGE_TYPE } from './price-terms.js';
import { FromData, StripeModel } from './stripe-model.entity.js';

@Entity({ schema: 'stripe', name: 'invoice_line_items' })
@Index('invoice_line_items_parent', ['workspaceId', 'parent'])
@Index('invoice_line_items_subscription', ['workspaceId', 'subscription'], { where: 'subscription IS NOT NULL' })
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

  /** Before discounts and before tax that is added; negative for credits. */
  @FromData(`stripe.whole(data->'amount')`, 'bigint')
  amount: number | null;

  /** What discounts took off the line. */
  @FromData(`coalesce(stripe.amounts(data->'discount_amounts'), 0)`, 'bigint')
  discountMinor: number | null;

  /** Revenue: after discounts, without any tax. */
  @FromData(
    `stripe.whole(data->'amount') - coalesce(stripe.amounts(data->'discount_amounts'), 0) - stripe.inclusive_tax(data)`,
    'bigint',
  )
  netMinor: number | null;

  @FromData(`data->>'currency'`, 'text')
  currency: string | null;

  @FromData(`stripe.epoch(data#>'{period,start}')`, 'timestamptz')
  periodStart: Date | null;

  @FromData(`stripe.epoch(data#>'{period,end}')`, 'timestamptz')
  periodEnd: Date | null;

  /** Whether it is for a period of a subscription, and no single item. */
  @FromData(
    `coalesce(data->>'type' = 'subscription', false) OR coalesce(data#>>'{parent,type}' = 'subscription_item_details', false)`,
    'boolean',
  )
  recurring: boolean | null;

  /** Whether it settles a change in the middle of a period. */
  @FromData(
    `coalesce(stripe.flag(data->'proration'), stripe.flag(data#>'{parent,subscription_item_details,proration}'), stripe.flag(data#>'{parent,invoice_item_details,proration}'), false)`,
    'boolean',
  )
  proration: boolean | null;

  /** The invoice item that the line bills, where it bills one. */
  @FromData(
    `coalesce(stripe.ref(data#>'{parent,invoice_item_details,invoice_item}'), stripe.ref(data#>'{parent,subscription_item_details,invoice_item}'), stripe.ref(data->'invoice_item'))`,
    'text',
  )
  invoiceItem: string | null;

  @FromData(OWN_INTERVAL, 'text')
  interval: string | null;

  @FromData(OWN_INTERVAL_COUNT, 'bigint')
  intervalCount: number | null;

  @FromData(OWN_USAGE_TYPE, 'text')
  usageType: string | null;
}
