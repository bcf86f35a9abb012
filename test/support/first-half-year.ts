import type Stripe from 'stripe';
import { clientOf } from '../sandbox/support.js';
import { Story } from './story.js';

/** A company that starts in January 2026, told by what its customers do at the sandbox. Everything reaches the service by signed webhooks. */
export interface Company {
  story: Story;
  /** Your own id of the partner who brought Cleo. */
  partner: string;
}

const day = (date: string): Date => new Date(`${date}T12:00:00Z`);

interface Catalog {
  basic: string;
  pro: string;
  proYearly: string;
  proEuro: string;
}

/** Customers by name; the subscriptions by their customer's name. */
class Tale {
  readonly customers = new Map<string, Stripe.Customer>();
  readonly subscriptions = new Map<string, Stripe.Subscription>();

  constructor(
    readonly story: Story,
    readonly stripe: Stripe,
    readonly catalog: Catalog,
  ) {}

  /** Everything that is due until then happens, each at its own time. */
  async on(date: string): Promise<void> {
    await this.story.sandbox.advanceTo(day(date));
  }

  async meets(name: string, card = 'pm_card_visa'): Promise<string> {
    const customer = await this.stripe.customers.create({
      name,
      email: `${name.toLowerCase()}@example.com`,
      payment_method: card,
      invoice_settings: { default_payment_method: card },
    });
    this.customers.set(name, customer);
    return customer.id;
  }

  async subscribes(name: string, price: string, params: Partial<Stripe.SubscriptionCreateParams> = {}): Promise<void> {
    const customer = this.customers.get(name)?.id ?? (await this.meets(name));
    this.subscriptions.set(name, await this.stripe.subscriptions.create({ customer, items: [{ price }], ...params }));
  }

  subscription(name: string): Stripe.Subscription {
    return this.subscriptions.get(name) as Stripe.Subscription;
  }

  item(name: string): string {
    return this.subscription(name).items.data[0]?.id ?? '';
  }

  /** The charge that paid the customer's newest or oldest invoice. */
  async firstCharge(name: string): Promise<string> {
    const { data } = await this.stripe.charges.list({ customer: this.customers.get(name)?.id });
    return data.at(-1)?.id ?? '';
  }
}

export async function firstHalfYear(): Promise<Company> {
  const story = await Story.begin();
  story.timeIs(day('2026-01-02'));
  const stripe = clientOf(story.sandbox);
  const tale = new Tale(story, stripe, await catalogOf(stripe));
  const { partnerId, code } = await story.referrer();
  await winter(tale, code);
  await spring(tale);
  await early(tale);
  await story.sandbox.idle();
  await story.settle();
  await story.call('GET', '/v1/billing/balance_transactions?fresh=true&limit=100');
  const { externalId } = await story.call<{ externalId: string }>('GET', `/v1/partners/${partnerId}`);
  return { story, partner: externalId };
}

async function catalogOf(stripe: Stripe): Promise<Catalog> {
  const price = async (product: string, currency: string, unit_amount: number, interval: 'month' | 'year') =>
    (await stripe.prices.create({ product, currency, unit_amount, recurring: { interval } })).id;
  const basic = (await stripe.products.create({ name: 'Basic' })).id;
  const pro = (await stripe.products.create({ name: 'Pro' })).id;
  return {
    basic: await price(basic, 'usd', 2_000, 'month'),
    pro: await price(pro, 'usd', 5_000, 'month'),
    proYearly: await price(pro, 'usd', 48_000, 'year'),
    proEuro: await price(pro, 'eur', 4_500, 'month'),
  };
}

/** January to March. */
async function winter(tale: Tale, code: string): Promise<void> {
  const { stripe, catalog } = tale;
  await tale.on('2026-01-10');
  await tale.subscribes('Ada', catalog.basic);
  await tale.on('2026-01-15');
  await tale.subscribes('Ben', catalog.pro);

  await tale.on('2026-02-01');
  const cleo = await tale.meets('Cleo');
  await tale.story.call('POST', '/v1/referrals', { code, customer: { externalId: 'cleo', stripeCustomerId: cleo } });
  await stripe.coupons.create({ id: 'FRIEND25', percent_off: 25, duration: 'forever' });
  await tale.subscribes('Cleo', catalog.proYearly, { discounts: [{ coupon: 'FRIEND25' }] });
  await tale.on('2026-02-04');
  await stripe.refunds.create({ charge: await tale.firstCharge('Ada'), amount: 500 });
  await tale.on('2026-02-10');
  await tale.subscribes('Dan', catalog.basic, { trial_period_days: 14 });

  await tale.on('2026-03-01');
  await stripe.subscriptions.update(tale.subscription('Ben').id, { cancel_at_period_end: true });
  await tale.on('2026-03-03');
  await tale.subscribes('Eve', catalog.basic, { trial_period_days: 14 });
  await tale.on('2026-03-05');
  await tale.subscribes('Fay', catalog.proEuro);
  await tale.on('2026-03-08');
  await stripe.subscriptions.cancel(tale.subscription('Eve').id);
  await tale.on('2026-03-20');
  await stripe.subscriptions.update(tale.subscription('Ada').id, {
    items: [{ id: tale.item('Ada'), price: catalog.pro }],
    proration_behavior: 'always_invoice',
  });
}

/** April and May. */
async function spring(tale: Tale): Promise<void> {
  const { stripe, catalog } = tale;
  await tale.on('2026-04-01');
  await stripe.coupons.create({ id: 'HELLO10', amount_off: 1_000, currency: 'usd', duration: 'once' });
  await tale.subscribes('Gus', catalog.basic, {
    items: [{ price: catalog.basic, quantity: 4 }],
    discounts: [{ coupon: 'HELLO10' }],
  });
  await tale.on('2026-04-04');
  const fay = tale.customers.get('Fay')?.id ?? '';
  const worn = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: fay });
  await stripe.customers.update(fay, { invoice_settings: { default_payment_method: worn.id } });
  await tale.on('2026-04-20');
  const dispute = tale.story.sandbox.openDispute(await tale.firstCharge('Gus'));
  tale.story.sandbox.withdrawDispute(dispute.id);
  tale.story.sandbox.closeDispute(dispute.id, 'lost');

  await tale.on('2026-05-12');
  await stripe.subscriptions.update(tale.subscription('Gus').id, { items: [{ id: tale.item('Gus'), quantity: 2 }] });
  await tale.on('2026-05-20');
  await tale.subscribes('Ben', catalog.basic);
}

/** June. */
async function early(tale: Tale): Promise<void> {
  const { stripe } = tale;
  await tale.on('2026-06-01');
  const hal = await tale.meets('Hal');
  const bill = await stripe.invoices.create({ customer: hal, collection_method: 'send_invoice', days_until_due: 10 });
  await stripe.invoiceItems.create({
    customer: hal,
    invoice: bill.id,
    amount: 15_000,
    currency: 'usd',
    description: 'Workshop',
  });
  await stripe.invoices.finalizeInvoice(bill.id ?? '');
  await tale.on('2026-06-10');
  await stripe.subscriptions.cancel(tale.subscription('Dan').id);
  await tale.on('2026-06-15');
  const payout = await stripe.payouts.create({ amount: 10_000, currency: 'usd' });
  tale.story.sandbox.settlePayout(payout.id, 'paid');
  await tale.on('2026-06-30');
}
