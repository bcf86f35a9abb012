import { createdAt, flag, key, livemode, metadata, minor, ref, text, time, together, type SqlView } from './view.js';

const BALANCE_TRANSACTION = (row: string): string =>
  `LEFT JOIN stripe.balance_transactions held ON ${together('held', row)} AND held.id = ${ref(row, 'balance_transaction')}
  CROSS JOIN LATERAL (SELECT coalesce(held.data, CASE jsonb_typeof(${row}.data->'balance_transaction') WHEN 'object' THEN ${row}.data->'balance_transaction' END) AS data) AS b`;

/** Versions from 2025-03-31 on link charges to invoices by invoice payments only, those before by fields on both sides. */
const CHARGE_INVOICE = `coalesce(c.invoice,
    (SELECT p.invoice FROM stripe.invoice_payments p WHERE ${together('p', 'c')} AND p.payment_intent = c.payment_intent AND p.deleted_at IS NULL ORDER BY p.created DESC, p.id LIMIT 1),
    (SELECT p.invoice FROM stripe.invoice_payments p WHERE ${together('p', 'c')} AND p.charge = c.id AND p.deleted_at IS NULL ORDER BY p.created DESC, p.id LIMIT 1),
    (SELECT i.id FROM stripe.invoices i WHERE ${together('i', 'c')} AND i.charge = c.id ORDER BY i.id LIMIT 1))`;

const CAPTURED = `coalesce(${minor('c', 'amount_captured')}, CASE WHEN c.status = 'succeeded' AND c.data->>'captured' IS DISTINCT FROM 'false' THEN ${minor('c', 'amount')} ELSE 0 END)`;

const charged = (row: string) => `LEFT JOIN stripe.charges c ON ${together('c', row)} AND c.id = ${row}.charge`;

/** Money that came in, and money that went back. */
export const PAYMENT_VIEWS: readonly SqlView[] = [
  {
    name: 'charges',
    comment: 'Attempts to take money, one row each, with Stripe’s fee and what was left.',
    columns: [
      ...key('c', 'charge'),
      livemode('c'),
      ['customer_id', 'c.customer', 'Who paid.'],
      [
        'invoice_id',
        CHARGE_INVOICE,
        'The invoice that was paid, by whichever link its API version has. To go from an invoice to its charges ask billing.invoice_payments, which has an index for it.',
      ],
      ['payment_intent_id', 'c.payment_intent', 'The payment that the attempt belongs to.'],
      ['status', 'c.status', 'succeeded, pending or failed.'],
      ['captured', flag('c', 'captured'), 'Whether the money was taken and not only reserved.'],
      ['currency', text('c', 'currency'), 'Currency of the charge’s own amounts, lower case.'],
      ['amount_minor', minor('c', 'amount'), 'What was asked for.'],
      ['captured_minor', CAPTURED, 'What was taken.'],
      ['refunded_minor', `coalesce(${minor('c', 'amount_refunded')}, 0)`, 'What of it went back by refunds.'],
      ['refunded', flag('c', 'refunded'), 'Whether all of it went back.'],
      [
        'disputed',
        `coalesce(${flag('c', 'disputed')}, ${ref('c', 'dispute')} IS NOT NULL)`,
        'Whether the customer’s bank disputes it.',
      ],
      [
        'settlement_currency',
        `b.data->>'currency'`,
        'Currency in which Stripe settles with you; fee_minor and net_minor are in it. Null while the balance transaction is not known here.',
      ],
      ['settled_minor', `billing.minor(b.data->'amount')`, 'The charge in settlement_currency.'],
      [
        'fee_minor',
        `billing.minor(b.data->'fee')`,
        'What Stripe (and an application) kept, in settlement_currency. Null while the balance transaction is not known here.',
      ],
      ['net_minor', `billing.minor(b.data->'net')`, 'What was left for you, in settlement_currency.'],
      ['available_at', `stripe.epoch(b.data->'available_on')`, 'From when it can be paid out.'],
      ['failure_code', text('c', 'failure_code'), 'Why it failed, in one word.'],
      [
        'decline_code',
        `coalesce(c.data #>> '{outcome,reason}', c.data->>'failure_code')`,
        'What the bank or Stripe’s own rules said.',
      ],
      ['failure_message', text('c', 'failure_message'), 'Why it failed, for people.'],
      [
        'payment_method_id',
        `coalesce(${text('c', 'payment_method')}, ${ref('c', 'source')})`,
        'What it was charged to.',
      ],
      [
        'payment_method_type',
        `coalesce(c.data #>> '{payment_method_details,type}', c.data #>> '{source,object}')`,
        'card, sepa_debit, …',
      ],
      [
        'card_brand',
        `lower(coalesce(c.data #>> '{payment_method_details,card,brand}', c.data #>> '{source,brand}'))`,
        'visa, mastercard, … for cards.',
      ],
      [
        'card_country',
        `coalesce(c.data #>> '{payment_method_details,card,country}', c.data #>> '{source,country}')`,
        'Two-letter country of the card.',
      ],
      ['description', text('c', 'description'), 'Your or Stripe’s own words about it.'],
      metadata('c'),
      createdAt('c'),
    ],
    from: `stripe.charges c
  ${BALANCE_TRANSACTION('c')}
 WHERE c.deleted_at IS NULL`,
  },
  {
    name: 'invoice_payments',
    comment:
      'Which payment paid which invoice, one row each: Stripe’s invoice payments, and for API versions before 2025-03-31 the charges that name their invoice or are named by it.',
    columns: [
      ...key('p', 'invoice payment, or of the charge where there is none'),
      ['invoice_id', 'p.invoice', 'The invoice.'],
      ['charge_id', 'p.charge', 'The charge that succeeded, or else the newest; null for payments outside Stripe.'],
      ['payment_intent_id', 'p.payment_intent', 'The payment.'],
      ['status', 'p.status', 'open, paid or canceled.'],
      ['currency', 'p.currency', 'Currency of the amounts, lower case.'],
      ['amount_paid_minor', 'p.paid', 'What of the invoice it paid.'],
      ['paid_at', 'p.paid_at', 'When.'],
      ['created_at', 'p.created', 'When it was created at Stripe.'],
    ],
    from: `(
  SELECT y.workspace_id, y.account, y.id, y.invoice, y.payment_intent, y.status, y.data->>'currency' AS currency,
         coalesce(${minor('y', 'amount_paid')}, 0) AS paid, stripe.epoch(y.data #> '{status_transitions,paid_at}') AS paid_at, y.created,
         coalesce(y.charge, (SELECT c.id FROM stripe.charges c WHERE ${together('c', 'y')} AND c.payment_intent = y.payment_intent
                              ORDER BY c.status = 'succeeded' DESC, c.created DESC, c.id LIMIT 1)) AS charge
    FROM stripe.invoice_payments y WHERE y.deleted_at IS NULL
  UNION ALL
  SELECT c.workspace_id, c.account, c.id, c.invoice, c.payment_intent,
         CASE c.status WHEN 'succeeded' THEN 'paid' WHEN 'failed' THEN 'canceled' ELSE 'open' END, c.data->>'currency',
         CASE WHEN c.status = 'succeeded' THEN ${CAPTURED} ELSE 0 END, CASE WHEN c.status = 'succeeded' THEN c.created END, c.created, c.id
    FROM stripe.charges c
   WHERE c.deleted_at IS NULL AND c.invoice IS NOT NULL
     AND NOT EXISTS (SELECT FROM stripe.invoice_payments y WHERE ${together('y', 'c')} AND y.invoice = c.invoice AND y.deleted_at IS NULL)
  UNION ALL
  SELECT i.workspace_id, i.account, i.charge, i.id, coalesce(i.payment_intent, c.payment_intent),
         CASE i.status WHEN 'paid' THEN 'paid' WHEN 'void' THEN 'canceled' ELSE 'open' END, i.data->>'currency',
         CASE WHEN i.status = 'paid' THEN ${minor('i', 'amount_paid')} ELSE 0 END, i.paid_at, coalesce(c.created, i.created), i.charge
    FROM stripe.invoices i LEFT JOIN stripe.charges c ON ${together('c', 'i')} AND c.id = i.charge
   WHERE i.deleted_at IS NULL AND i.charge IS NOT NULL AND c.invoice IS NULL
     AND NOT EXISTS (SELECT FROM stripe.invoice_payments y WHERE ${together('y', 'i')} AND y.invoice = i.id AND y.deleted_at IS NULL)) AS p`,
  },
  {
    name: 'refunds',
    comment: 'Refunds, one row each. Failed and canceled ones stay: look at status.',
    columns: [
      ...key('r', 'refund'),
      ['charge_id', 'r.charge', 'The charge that is given back.'],
      ['payment_intent_id', 'coalesce(r.payment_intent, c.payment_intent)', 'The payment that the charge belongs to.'],
      ['customer_id', 'c.customer', 'Who got it back.'],
      ['status', `coalesce(r.status, 'succeeded')`, 'pending, requires_action, succeeded, failed or canceled.'],
      ['reason', text('r', 'reason'), 'duplicate, fraudulent, requested_by_customer or expired_uncaptured_charge.'],
      ['failure_reason', text('r', 'failure_reason'), 'Why it failed.'],
      ['currency', text('r', 'currency'), 'Currency of amount_minor, lower case.'],
      ['amount_minor', minor('r', 'amount'), 'What went back.'],
      metadata('r'),
      createdAt('r'),
    ],
    from: `stripe.refunds r
  ${charged('r')}
 WHERE r.deleted_at IS NULL`,
  },
  {
    name: 'disputes',
    comment: 'Disputes and inquiries, one row each.',
    columns: [
      ...key('d', 'dispute'),
      livemode('d'),
      ['charge_id', 'd.charge', 'The charge in question.'],
      ['payment_intent_id', 'coalesce(d.payment_intent, c.payment_intent)', 'The payment that the charge belongs to.'],
      ['customer_id', 'c.customer', 'Who paid.'],
      ['status', 'd.status', 'needs_response, under_review, won, lost, prevented, or warning_… for inquiries.'],
      ['inquiry', `d.status LIKE 'warning%'`, 'Whether the bank only asks and no money was taken.'],
      ['reason', text('d', 'reason'), 'fraudulent, duplicate, product_not_received, …'],
      ['currency', text('d', 'currency'), 'Currency of amount_minor, lower case.'],
      ['amount_minor', minor('d', 'amount'), 'What is disputed.'],
      [
        'fee_minor',
        `(SELECT sum(billing.minor(t->'fee'))::bigint FROM jsonb_array_elements(CASE jsonb_typeof(d.data->'balance_transactions') WHEN 'array' THEN d.data->'balance_transactions' END) AS t)`,
        'What Stripe charged for it so far, in settlement_currency.',
      ],
      ['settlement_currency', `d.data #>> '{balance_transactions,0,currency}'`, 'Currency of fee_minor.'],
      ['evidence_due_at', `stripe.epoch(d.data #> '{evidence_details,due_by}')`, 'Until when it can be answered.'],
      metadata('d'),
      createdAt('d'),
    ],
    from: `stripe.disputes d
  ${charged('d')}
 WHERE d.deleted_at IS NULL`,
  },
];

/** Stripe's account of your money, and what it sent to your bank. */
export const BALANCE_VIEWS: readonly SqlView[] = [
  {
    name: 'balance_transactions',
    comment:
      'Every movement of your balance at Stripe, one row each. Stripe sends no events of them; they arrive with the backfill and its sweeps.',
    columns: [
      ...key('b', 'balance transaction'),
      ['type', 'b.type', 'charge, refund, adjustment, payout, stripe_fee, …'],
      ['reporting_category', text('b', 'reporting_category'), 'Stripe’s own grouping of the types.'],
      ['source_id', 'b.source', 'What moved it: a charge, a refund, a payout, …'],
      ['status', 'b.status', '“available” or “pending”.'],
      ['currency', text('b', 'currency'), 'Currency of the amounts, lower case.'],
      ['amount_minor', minor('b', 'amount'), 'Before fees; negative for what goes out.'],
      ['fee_minor', minor('b', 'fee'), 'What Stripe and others kept.'],
      ['net_minor', minor('b', 'net'), 'amount_minor less fee_minor.'],
      ['available_at', time('b', 'available_on'), 'From when it can be paid out.'],
      createdAt('b'),
    ],
    from: 'stripe.balance_transactions b WHERE b.deleted_at IS NULL',
  },
  {
    name: 'payouts',
    comment:
      'What Stripe sent to your bank, one row each. (What this service pays to partners is in schema tributary.)',
    columns: [
      ...key('p', 'payout'),
      livemode('p'),
      ['status', 'p.status', 'pending, in_transit, paid, failed or canceled.'],
      ['currency', text('p', 'currency'), 'Currency of the amounts, lower case.'],
      ['amount_minor', minor('p', 'amount'), 'What was sent.'],
      [
        'fee_minor',
        `billing.minor(b.data->'fee')`,
        'What Stripe kept for sending it; null while its balance transaction is not known here.',
      ],
      [
        'booked_minor',
        `billing.minor(b.data->'net')`,
        'By how much the balance went down, as a negative amount; null while not known.',
      ],
      ['automatic', flag('p', 'automatic'), 'Whether Stripe’s schedule made it.'],
      ['method', text('p', 'method'), '“standard” or “instant”.'],
      ['arrives_at', time('p', 'arrival_date'), 'When the bank has it.'],
      ['failure_code', text('p', 'failure_code'), 'Why the bank refused it.'],
      metadata('p'),
      createdAt('p'),
    ],
    from: `stripe.payouts p
  ${BALANCE_TRANSACTION('p')}
 WHERE p.deleted_at IS NULL`,
  },
];

/** The one place where schema `billing` looks beyond the mirror, so that referred revenue can be asked for beside the rest. */
export const REFERRAL_VIEWS: readonly SqlView[] = [
  {
    name: 'referral_commissions',
    comment:
      'What partners earned by referred sales, one row per sale and rule, without commissions that earlier evidence gave to somebody else.',
    columns: [
      ['workspace_id', 'c.workspace_id', 'The workspace.'],
      ['account', 's.account', 'The connected account of the Stripe object; empty for the workspace’s own.'],
      ['id', 'c.id', 'Tributary’s id of the commission.'],
      ['partner_id', 'c.partner_id', 'Who earned it.'],
      ['partner_external_id', 'p.external_id', 'Your own id of the partner.'],
      ['program_key', 'g.key', 'The program.'],
      ['code', 'k.code', 'The code that brought the customer.'],
      [
        'invoice_id',
        `CASE s.source WHEN 'invoice' THEN s.source_id END`,
        'The invoice, where the sale is one of Stripe’s invoices.',
      ],
      [
        'payment_intent_id',
        `CASE s.source WHEN 'payment_intent' THEN s.source_id END`,
        'The payment, where it is one without an invoice.',
      ],
      ['currency', 'c.currency', 'Currency of the commission, lower case.'],
      ['earned_minor', 'c.amount_minor', 'What the sale earned, before anything was taken back.'],
      [
        'net_minor',
        `coalesce((SELECT sum(e.amount_minor) FROM tributary.ledger_entry e JOIN tributary.ledger_transaction t ON t.workspace_id = e.workspace_id AND t.id = e.transaction_id
           WHERE e.workspace_id = c.workspace_id AND e.commission_id = c.id AND e.account = 'earned' AND t.kind IN ('earning', 'reversal', 'reinstatement', 'adjustment')), 0)::bigint`,
        'What is left of it after refunds and disputes, paid out or not.',
      ],
      ['sale_currency', `nullif(s.currency, '')`, 'Currency of sale_minor, lower case; null for a lead.'],
      ['sale_minor', 's.cash_minor', 'What the sale brought in, tax and shipping included; 0 for a lead.'],
      ['occurred_at', 'c.occurred_at', 'When the sale was paid.'],
      ['due_at', 'c.due_at', 'From when the commission may be paid.'],
    ],
    from: `tributary.commission c
  JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id
  JOIN tributary.partner p ON p.workspace_id = c.workspace_id AND p.id = c.partner_id
  JOIN tributary.referral_program g ON g.workspace_id = c.workspace_id AND g.id = c.program_id
  LEFT JOIN tributary.referral_code k ON k.workspace_id = c.workspace_id AND k.id = c.code_id
 WHERE c.status <> 'superseded'`,
  },
];
