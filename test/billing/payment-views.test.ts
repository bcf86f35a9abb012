import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { charge, invoice, invoiceLine, invoicePayment, refund } from '../support/stripe-objects.js';
import { type StripeObject } from '../support/stripe-events.js';
import { AT, TODAY, type Row, ViewsWorld } from './views-world.js';

let world: ViewsWorld;
beforeAll(async () => {
  world = await ViewsWorld.start();
});
afterAll(() => world.stop());

describe('invoices and payments', () => {
  it('an invoice’s tax and discounts, today, in 2020 and in 2018', async () => {
    const common = { subtotal: 1_000, total: 990, amount_due: 990, amount_paid: 990, currency: 'usd' };
    const today = invoice({
      ...common,
      total_taxes: [{ amount: 60 }, { amount: 30 }],
      total_discount_amounts: [{ amount: 100 }],
    });
    const in2020 = invoice({
      ...common,
      total_taxes: undefined,
      total_tax_amounts: [{ amount: 90 }],
      tax: 90,
      total_discount_amounts: [{ amount: 100 }],
    });
    const in2018 = invoice({
      ...common,
      total_taxes: undefined,
      total_discount_amounts: undefined,
      tax: 90,
      tax_percent: 10,
      created: undefined,
      date: AT - 7,
      status: undefined,
      paid: true,
    });
    const plain = (object: StripeObject) => JSON.parse(JSON.stringify(object)) as StripeObject;

    await world.mirrored(TODAY, ['invoice.paid', today]);
    await world.mirrored('2020-08-27', ['invoice.paid', plain(in2020)]);
    await world.mirrored('2018-05-21', ['invoice.payment_succeeded', plain(in2018)]);

    const found = await world.rows(
      `SELECT status, subtotal_minor, discount_minor, tax_minor, total_minor, amount_paid_minor FROM billing.invoices WHERE id = ANY($1)`,
      [[today.id, in2020.id, in2018.id]],
    );
    expect(found).toEqual(
      Array.from({ length: 3 }, () => ({
        ...{ status: 'paid', subtotal_minor: '1000', discount_minor: '100', tax_minor: '90' },
        ...{ total_minor: '990', amount_paid_minor: '990' },
      })),
    );
    expect(await world.one(`SELECT created_at FROM billing.invoices WHERE id = $1`, [in2018.id])).toEqual({
      created_at: new Date((AT - 7) * 1000),
    });
  });

  it('a line’s product, period and net revenue, today and in 2020', async () => {
    const today = invoiceLine({
      amount: 1_190,
      discount_amounts: [{ amount: 119, discount: 'di_1' }],
      taxes: [{ amount: 171, tax_behavior: 'inclusive' }],
      period: { start: AT, end: AT + 60 },
      pricing: {
        type: 'price_details',
        price_details: { price: 'price_a', product: 'prod_a' },
        unit_amount_decimal: '1190',
      },
      parent: {
        type: 'subscription_item_details',
        subscription_item_details: { subscription: 'sub_1', subscription_item: 'si_1', proration: true },
      },
    });
    const in2020 = {
      ...invoiceLine({
        amount: 1_000,
        discount_amounts: undefined,
        taxes: undefined,
        tax_amounts: [{ amount: 200, inclusive: false }],
      }),
      ...{ type: 'subscription', subscription: 'sub_1', subscription_item: 'si_1', proration: false },
      ...{ price: { id: 'price_b', object: 'price', product: 'prod_b' }, period: { start: AT, end: AT + 60 } },
    };
    const bills = [
      invoice({ customer: 'cus_lines' }, [today]),
      invoice({ customer: 'cus_lines' }, [JSON.parse(JSON.stringify(in2020)) as StripeObject]),
    ];
    await world.mirrored(TODAY, ...bills.map((bill): [string, Row] => ['invoice.paid', bill]));

    expect(
      await world.rows(`SELECT product_id, price_id, subscription_item_id, amount_minor, discount_minor, tax_minor, net_minor, recurring, proration
                    FROM billing.invoice_lines WHERE customer_id = 'cus_lines' ORDER BY price_id`),
    ).toEqual([
      {
        product_id: 'prod_a',
        price_id: 'price_a',
        subscription_item_id: 'si_1',
        amount_minor: '1190',
        discount_minor: '119',
        tax_minor: '171',
        net_minor: '900',
        recurring: true,
        proration: true,
      },
      {
        product_id: 'prod_b',
        price_id: 'price_b',
        subscription_item_id: 'si_1',
        amount_minor: '1000',
        discount_minor: '0',
        tax_minor: '200',
        net_minor: '1000',
        recurring: true,
        proration: false,
      },
    ]);
  });

  it('a charge finds its invoice by every link there has been, and an invoice its charges', async () => {
    const bills = ['linked', 'by_charge', 'names_its_charge'].map((word) => invoice({ id: `in_${word}` }));
    const linked = charge({ payment_intent: 'pi_linked', customer: 'cus_paying' });
    const link = invoicePayment('in_linked', 'pi_linked', 5_000);
    const naming = charge({ invoice: 'in_by_charge', customer: 'cus_paying' });
    const named = charge({ customer: 'cus_paying' });
    await world.mirrored(
      TODAY,
      ['charge.succeeded', linked],
      ['invoice_payment.paid', link],
      ['invoice.paid', bills[0] as Row],
    );
    await world.mirrored(
      '2020-08-27',
      ['charge.succeeded', naming],
      ['charge.succeeded', named],
      ['invoice.paid', bills[1] as Row],
      ['invoice.paid', { ...bills[2], charge: named.id }],
    );

    const found = await world.rows(`SELECT id, invoice_id FROM billing.charges WHERE customer_id = 'cus_paying'`);
    expect(new Map(found.map(({ id, invoice_id }) => [id, invoice_id]))).toEqual(
      new Map([
        [linked.id, 'in_linked'],
        [naming.id, 'in_by_charge'],
        [named.id, 'in_names_its_charge'],
      ]),
    );
    const paid = await world.rows(
      `SELECT invoice_id, charge_id, status, amount_paid_minor FROM billing.invoice_payments WHERE invoice_id = ANY($1) ORDER BY invoice_id`,
      [['in_linked', 'in_by_charge', 'in_names_its_charge']],
    );
    expect(paid).toEqual([
      { invoice_id: 'in_by_charge', charge_id: naming.id, status: 'paid', amount_paid_minor: '5000' },
      { invoice_id: 'in_linked', charge_id: linked.id, status: 'paid', amount_paid_minor: '5000' },
      { invoice_id: 'in_names_its_charge', charge_id: named.id, status: 'paid', amount_paid_minor: '5000' },
    ]);
  });

  it('a charge’s fee and net are in the currency that Stripe settles in, and unknown before their transaction has come', async () => {
    const euros = charge({
      amount: 10_000,
      amount_captured: 10_000,
      amount_refunded: 2_500,
      balance_transaction: 'txn_euros',
      customer: 'cus_fees',
    });
    const back = refund(euros.id, 2_500);
    await world.mirrored(TODAY, ['charge.succeeded', euros], ['refund.created', back]);
    const figures = `SELECT amount_minor, captured_minor, refunded_minor, currency, fee_minor, net_minor, settlement_currency FROM billing.charges WHERE id = $1`;
    const own = { amount_minor: '10000', captured_minor: '10000', refunded_minor: '2500', currency: 'usd' };

    expect(await world.one(figures, [euros.id])).toEqual({
      ...own,
      fee_minor: null,
      net_minor: null,
      settlement_currency: null,
    });
    const transaction = {
      id: 'txn_euros',
      object: 'balance_transaction',
      amount: 9_000,
      fee: 286,
      net: 8_714,
      currency: 'eur',
      source: euros.id,
      type: 'charge',
      status: 'available',
      created: AT,
    };
    await world.service.db.query(
      `INSERT INTO stripe.balance_transactions (workspace_id, account, id, data, source_updated_at, source_rank) VALUES ($1, '', 'txn_euros', $2, now(), 0)`,
      [world.service.workspaceId, JSON.stringify(transaction)],
    );
    expect(await world.one(figures, [euros.id])).toEqual({
      ...own,
      fee_minor: '286',
      net_minor: '8714',
      settlement_currency: 'eur',
    });
    expect(
      await world.one(`SELECT customer_id, amount_minor, currency FROM billing.refunds WHERE id = $1`, [back.id]),
    ).toEqual({
      ...{ customer_id: 'cus_fees', amount_minor: '2500', currency: 'usd' },
    });
  });
});
