import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { SILENT_FIELDS, SILENT_TYPES } from '../../sandbox/control/silent-fields.js';
import type { TruthPage, TruthRow } from '../../sandbox/control/truth.js';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { monthlyPrice, payingCustomer, startSandbox } from './support.js';

const DAY = 86_400;

let sandbox: StripeSandbox;
let stripe: Stripe;
beforeEach(async () => ({ sandbox, stripe } = await startSandbox()));
afterEach(() => sandbox.stop());

/** Selling, renewing, refunding, disputing, changing, ending. Answers the connected account. */
async function live(): Promise<string> {
  const price = await monthlyPrice(stripe, 10_000);
  const customer = await payingCustomer(stripe);
  const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'forever' });
  await stripe.invoiceItems.create({ customer: customer.id, amount: 200, currency: 'usd' });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    discounts: [{ coupon: coupon.id }],
  });
  await stripe.customers.createBalanceTransaction(customer.id, { amount: -300, currency: 'usd' });
  await sandbox.advance(32 * DAY);
  const [renewal, first] = (await stripe.charges.list()).data;
  await stripe.refunds.create({ charge: renewal?.id, amount: 100 });
  sandbox.openDispute(first?.id ?? '');
  await stripe.subscriptions.update(subscription.id, { metadata: { changed: 'yes' } });
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: 'https://example.com/done',
  });
  sandbox.completeCheckout(session.id, { email: 'jo@example.com', name: 'Jo' });
  sandbox.addFunds(100_000);
  const account = await stripe.accounts.create({ type: 'express', capabilities: { transfers: { requested: true } } });
  const transfer = await stripe.transfers.create({ amount: 100, currency: 'usd', destination: account.id });
  await stripe.transfers.createReversal(transfer.id, { amount: 50 });
  await stripe.accounts.createPerson(account.id, { first_name: 'Jo' });
  const broke = await payingCustomer(stripe, 'pm_card_chargeCustomerFail');
  await stripe.subscriptions.create({ customer: broke.id, items: [{ price: price.id }] });
  await stripe.subscriptions.cancel(subscription.id);
  await stripe.coupons.del(coupon.id);
  await sandbox.advance(8 * DAY);
  return account.id;
}

const RETRIEVED_AT: Record<string, string> = {
  account: '/v1/accounts',
  balance_transaction: '/v1/balance_transactions',
  charge: '/v1/charges',
  'checkout.session': '/v1/checkout/sessions',
  customer: '/v1/customers',
  dispute: '/v1/disputes',
  invoice: '/v1/invoices',
  invoice_payment: '/v1/invoice_payments',
  invoiceitem: '/v1/invoiceitems',
  payment_intent: '/v1/payment_intents',
  payment_method: '/v1/payment_methods',
  price: '/v1/prices',
  product: '/v1/products',
  refund: '/v1/refunds',
  subscription: '/v1/subscriptions',
  subscription_item: '/v1/subscription_items',
  topup: '/v1/topups',
  transfer: '/v1/transfers',
};

const keyOf = ({ account, object, id }: Pick<TruthRow, 'account' | 'object' | 'id'>): string =>
  `${account} ${object} ${id}`;

/** The last state of each object that any event told. */
function toldBy(accounts: readonly string[]): Map<string, Record<string, unknown>> {
  const told = new Map<string, Record<string, unknown>>();
  for (const account of accounts) {
    for (const { data } of sandbox.events(undefined, account)) {
      const object = data.object as { id: string; object: string };
      told.set(keyOf({ account, ...object }), data.object as Record<string, unknown>);
    }
  }
  return told;
}

describe('the truth', () => {
  it('is what a retrieve answers, for every type and account', async () => {
    const account = await live();

    const truth = sandbox.truth();

    const types = new Set<string>();
    for (const { object, id, account: owner, deleted, data } of truth) {
      const path = RETRIEVED_AT[object];
      if (path === undefined || deleted) continue;
      expect(await raw(`${path}/${id}`, owner)).toEqual(data);
      types.add(object);
    }
    expect([...types].toSorted()).toEqual(Object.keys(RETRIEVED_AT).toSorted());
    const person = truth.find(({ object }) => object === 'person');
    expect(person).toMatchObject({ account, data: { first_name: 'Jo' } });
    expect(truth.filter(({ object }) => object === 'capability')).toMatchObject([{ account, id: 'transfers' }]);
    expect(truth.filter(({ deleted }) => deleted)).toMatchObject([{ object: 'coupon' }]);
    expect(truth.some(({ object }) => object.startsWith('sandbox.') || object === 'event')).toBe(false);
  });

  it('is paged without a row lost or told twice', async () => {
    await live();

    const rows: TruthRow[] = [];
    let next: string | null = null;
    do {
      const cursor: string = next === null ? '' : `&starting_after=${next}`;
      const page: TruthPage = await raw<TruthPage>(`/_sandbox/truth?limit=7${cursor}`);
      rows.push(...page.data);
      next = page.next;
    } while (next !== null);

    expect(rows).toEqual(sandbox.truth());
    const customers = await raw<TruthPage>('/_sandbox/truth?object=customer&account=');
    expect(new Set(customers.data.map(({ object }) => object))).toEqual(new Set(['customer']));
    expect(customers.has_more).toBe(false);
  });

  it('differs from the last event of an object in nothing but the silent fields', async () => {
    const account = await live();
    const told = toldBy(['', account]);

    const silent = new Set<string>();
    for (const row of sandbox.truth()) {
      const last = told.get(keyOf(row));
      if (!last) {
        // A transfer's counterpart at its destination is told by no event that the API describes.
        if (row.object !== 'charge' || row.account === '') expect(SILENT_TYPES).toContain(row.object);
        continue;
      }
      const fields = Object.keys({ ...last, ...row.data });
      const changed = fields.filter((name) => JSON.stringify(last[name]) !== JSON.stringify(row.data[name]));
      for (const name of changed) silent.add(`${row.object}.${name}`);
    }

    const known = Object.entries(SILENT_FIELDS).flatMap(([type, names]) => names.map((name) => `${type}.${name}`));
    expect(known).toEqual(expect.arrayContaining([...silent]));
    expect([...silent]).toEqual(expect.arrayContaining(['customer.next_invoice_sequence', 'invoiceitem.invoice']));
  });
});

async function raw<T = unknown>(path: string, account = ''): Promise<T> {
  const headers = { authorization: 'Bearer sk_test_sandbox', ...(account && { 'stripe-account': account }) };
  const response = await fetch(`${sandbox.url}${path}`, { headers });
  return (await response.json()) as T;
}
