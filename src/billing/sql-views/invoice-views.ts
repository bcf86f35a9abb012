import { createdAt, key, livemode, metadata, minor, scope, text, time, together, whole, type SqlView } from './view.js';

const CREATED = `coalesce(i.created, ${time('i', 'date')})`;
const PAID = `coalesce(${minor('i', 'amount_paid')}, CASE WHEN i.status = 'paid' THEN ${minor('i', 'amount_due')} ELSE 0 END)`;
const TAX = `coalesce(billing.amounts(i.data->'total_taxes'), billing.amounts(i.data->'total_tax_amounts'), ${minor('i', 'tax')}, 0)`;
const DISCOUNT = `coalesce(billing.amounts(i.data->'total_discount_amounts'),
    CASE WHEN jsonb_typeof(i.data->'total_discount_amounts') IS NULL THEN ${minor('i', 'subtotal')} + coalesce(${minor('i', 'tax')}, 0) - ${minor('i', 'total')} END, 0)`;
const PRICE_PRODUCT = `coalesce(l.data #>> '{pricing,price_details,product}', stripe.ref(l.data #> '{price,product}'), stripe.ref(l.data #> '{plan,product}'),
    (SELECT p.product FROM stripe.prices p WHERE ${together('p', 'l')} AND p.id = l.price))`;

/** What customers were asked to pay. */
export const INVOICE_VIEWS: readonly SqlView[] = [
  {
    name: 'invoices',
    comment: 'Invoices, one row each, without drafts that were deleted.',
    columns: [
      ...key('i', 'invoice'),
      livemode('i'),
      ['number', text('i', 'number'), 'The number on the invoice; null for drafts.'],
      ['customer_id', 'i.customer', 'Who pays.'],
      ['subscription_id', 'i.subscription', 'The subscription that it is for; null for others.'],
      ['status', 'i.status', 'draft, open, paid, uncollectible or void.'],
      [
        'billing_reason',
        text('i', 'billing_reason'),
        'Why there is one: subscription_create, subscription_cycle, subscription_update, manual, …',
      ],
      [
        'collection_method',
        `coalesce(${text('i', 'collection_method')}, ${text('i', 'billing')})`,
        '“charge_automatically” or “send_invoice”.',
      ],
      ['currency', text('i', 'currency'), 'Currency of the amounts, lower case.'],
      ['subtotal_minor', minor('i', 'subtotal'), 'The lines together, before discounts and before tax that is added.'],
      ['discount_minor', DISCOUNT, 'What discounts took off.'],
      ['tax_minor', TAX, 'Tax, whether added or included.'],
      ['total_minor', minor('i', 'total'), 'After discounts, with tax.'],
      ['amount_due_minor', minor('i', 'amount_due'), 'What was to be paid after the customer’s balance.'],
      ['amount_paid_minor', PAID, 'What was paid.'],
      [
        'amount_remaining_minor',
        `coalesce(${minor('i', 'amount_remaining')}, CASE WHEN i.status IN ('paid', 'void') THEN 0 ELSE greatest(0, ${minor('i', 'amount_due')} - ${PAID}) END)`,
        'What is left to be paid.',
      ],
      ['attempt_count', whole('i', 'attempt_count'), 'How often Stripe tried to collect it.'],
      ['next_payment_attempt_at', time('i', 'next_payment_attempt'), 'When Stripe tries again; null when it does not.'],
      [
        'period_start_at',
        time('i', 'period_start'),
        'Start of the time in which its items were added; what a line is for stands in its own period.',
      ],
      ['period_end_at', time('i', 'period_end'), 'End of that time.'],
      ['due_at', time('i', 'due_date'), 'Until when an invoice that is sent has to be paid.'],
      [
        'finalized_at',
        `coalesce(stripe.epoch(i.data #> '{status_transitions,finalized_at}'), ${time('i', 'finalized_at')})`,
        'When the draft became final; null for drafts, and not known for invoices from before 2019.',
      ],
      ['paid_at', 'i.paid_at', 'When it was paid in full.'],
      ['voided_at', `stripe.epoch(i.data #> '{status_transitions,voided_at}')`, 'When it was voided.'],
      [
        'marked_uncollectible_at',
        `stripe.epoch(i.data #> '{status_transitions,marked_uncollectible_at}')`,
        'When it was given up.',
      ],
      ['hosted_invoice_url', text('i', 'hosted_invoice_url'), 'Stripe’s page where it can be paid.'],
      metadata('i'),
      ['created_at', CREATED, 'When it was created at Stripe.'],
    ],
    from: 'stripe.invoices i WHERE i.deleted_at IS NULL',
  },
  {
    name: 'invoice_lines',
    comment: 'The lines of invoices, one row each, without those of deleted drafts.',
    columns: [
      ...scope('l'),
      ['id', 'l.id', 'The line’s id; before 2019 it is unique within its invoice only.'],
      ['invoice_id', 'l.parent', 'The invoice.'],
      ['invoice_status', 'i.status', 'The invoice’s status.'],
      ['customer_id', 'i.customer', 'Who pays.'],
      ['subscription_id', 'l.subscription', 'The subscription that the line is for; null for other lines.'],
      [
        'subscription_item_id',
        `coalesce(stripe.ref(l.data->'subscription_item'), l.data #>> '{parent,subscription_item_details,subscription_item}', l.data #>> '{parent,invoice_item_details,subscription_item}')`,
        'The subscription’s item.',
      ],
      ['price_id', 'l.price', 'The price, or the plan of older days.'],
      ['product_id', PRICE_PRODUCT, 'What was sold.'],
      ['description', text('l', 'description'), 'What the customer reads.'],
      ['quantity', minor('l', 'quantity'), 'How many.'],
      ['currency', 'l.currency', 'Currency of the amounts, lower case.'],
      ['amount_minor', 'l.amount', 'Before discounts and before tax that is added; negative for credits.'],
      ['discount_minor', 'l.discount_minor', 'What discounts took off this line.'],
      [
        'tax_minor',
        `coalesce(billing.amounts(l.data->'taxes'), billing.amounts(l.data->'tax_amounts'), 0)`,
        'Tax on this line, whether added or included.',
      ],
      ['net_minor', 'l.net_minor', 'Revenue: after discounts, without any tax.'],
      ['recurring', 'l.recurring', 'Whether it is for a period of a subscription, and no single item.'],
      ['proration', 'l.proration', 'Whether it settles a change in the middle of a period.'],
      ['period_start_at', 'l.period_start', 'Start of what is paid for.'],
      ['period_end_at', 'l.period_end', 'End of what is paid for.'],
      ['invoice_created_at', CREATED, 'When the invoice was created.'],
      ['invoice_paid_at', 'i.paid_at', 'When the invoice was paid in full.'],
    ],
    from: `stripe.invoice_line_items l
  JOIN stripe.invoices i ON ${together('i', 'l')} AND i.id = l.parent AND i.deleted_at IS NULL
 WHERE l.deleted_at IS NULL`,
  },
  {
    name: 'credit_notes',
    comment: 'Credit notes, one row each: what was taken off invoices after they were final.',
    columns: [
      ...key('n', 'credit note'),
      livemode('n'),
      ['number', text('n', 'number'), 'The number on the note.'],
      ['invoice_id', 'n.invoice', 'The invoice that became smaller.'],
      ['customer_id', 'n.customer', 'Whose invoice it is.'],
      ['status', 'n.status', '“issued” or “void”.'],
      ['reason', text('n', 'reason'), 'duplicate, fraudulent, order_change or product_unsatisfactory.'],
      ['currency', text('n', 'currency'), 'Currency of the amounts, lower case.'],
      ['total_minor', minor('n', 'total'), 'What was taken off, with tax.'],
      ['voided_at', time('n', 'voided_at'), 'When the note was voided.'],
      metadata('n'),
      createdAt('n'),
    ],
    from: 'stripe.credit_notes n WHERE n.deleted_at IS NULL',
  },
];
