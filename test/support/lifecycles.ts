import Stripe from 'stripe';
import { shuffled } from '../../sandbox/core/random.js';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';

type Step = () => Promise<unknown>;

const CARDS = ['pm_card_visa', 'pm_card_mastercard', 'pm_card_chargeCustomerFail'];

/** A company's life at Stripe, made up from a seed: hundreds of objects, many states of each within one second. */
export class Lifecycles {
  private readonly stripe: Stripe;
  private readonly prices: string[] = [];
  private readonly customers: string[] = [];
  private readonly subscriptions: string[] = [];
  private readonly accounts: string[] = [];
  private readonly coupons: string[] = [];
  /** Steps that Stripe took, and those that it refused because the moment did not fit. */
  readonly taken = { done: 0, refused: 0 };

  constructor(
    private readonly sandbox: StripeSandbox,
    private readonly random: () => number,
  ) {
    const { port, host } = sandbox;
    this.stripe = new Stripe('sk_test_lives', { host, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 });
  }

  /** Lives `steps` steps; time stands still for a few of them at a time. */
  async live(steps: number): Promise<void> {
    await this.openShop();
    for (let step = 0; step < steps; step++) {
      await this.attempt(this.pick(this.possibleSteps()));
      if (this.random() < 0.15) await this.sandbox.advance(1 + Math.floor(this.random() * 3));
    }
    // In the second week everything is renewed, some cards fail, and trials end.
    await this.sandbox.advance(8 * 86_400);
  }

  private async openShop(): Promise<void> {
    for (const amount of [500, 900, 2_000, 4_900]) {
      const product = await this.stripe.products.create({ name: `Plan ${amount}` });
      const recurring = { interval: 'week' } as const;
      this.prices.push(
        (await this.stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: amount, recurring })).id,
      );
    }
    for (let n = 0; n < 4; n++) await this.newCustomer();
  }

  private possibleSteps(): Step[] {
    return [
      () => this.newCustomer(),
      () => this.stripe.customers.update(this.customer(), { name: this.word() }),
      () => this.stripe.customers.update(this.customer(), { metadata: { plan: this.word() } }),
      () => this.rename(),
      () => this.subscribe(),
      () => this.subscribe(),
      () => this.changeItems(),
      () => this.changeItems(),
      () => this.stripe.subscriptions.update(this.subscription(), { metadata: { note: this.word() } }),
      () => this.stripe.subscriptions.update(this.subscription(), { cancel_at_period_end: this.random() < 0.5 }),
      () => this.stripe.subscriptions.cancel(this.subscription()),
      () => this.bill(),
      () => this.refund(),
      () => this.refund(),
      () => this.dispute(),
      () => this.creditNote(),
      () => this.discount(),
      () => this.connect(),
      () => this.transfer(),
      () => this.swapCard(),
      () => this.stripe.customers.createTaxId(this.customer(), { type: 'eu_vat', value: 'DE123456789' }),
      () => this.forget(),
    ];
  }

  private async attempt(step: Step): Promise<void> {
    try {
      await step();
      this.taken.done++;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeCardError))
        throw error;
      this.taken.refused++;
    }
  }

  private async newCustomer(): Promise<void> {
    const card = this.pick(CARDS);
    const customer = await this.stripe.customers.create({ name: this.word(), email: `${this.word()}@example.com` });
    this.customers.push(customer.id);
    const method = await this.stripe.paymentMethods.attach(card, { customer: customer.id });
    await this.stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
  }

  /** Back and forth within one second: the first state and the last look alike. */
  private async rename(): Promise<void> {
    const id = this.customer();
    for (const name of ['a', 'b', 'a', this.word()]) await this.stripe.customers.update(id, { name });
  }

  private async subscribe(): Promise<void> {
    const prices = shuffled(this.prices, this.random).slice(0, 1 + Math.floor(this.random() * 3));
    const { id } = await this.stripe.subscriptions.create({
      customer: this.customer(),
      items: prices.map((price) => ({ price, quantity: 1 + Math.floor(this.random() * 3) })),
      ...(this.random() < 0.3 ? { trial_period_days: 7 } : {}),
    });
    this.subscriptions.push(id);
  }

  private async changeItems(): Promise<void> {
    const subscription = await this.stripe.subscriptions.retrieve(this.subscription());
    const [first] = subscription.items.data;
    if (first === undefined) return;
    const free = this.prices.filter((price) => !subscription.items.data.some((item) => item.price.id === price));
    if (this.random() < 0.4 && free.length > 0) {
      await this.stripe.subscriptionItems.create({ subscription: subscription.id, price: this.pick(free) });
    } else if (this.random() < 0.5 && subscription.items.data.length > 1) {
      await this.stripe.subscriptionItems.del(first.id);
    } else {
      await this.stripe.subscriptionItems.update(first.id, { quantity: 1 + Math.floor(this.random() * 9) });
    }
  }

  /** An invoice by hand, with more lines than an event shows, now and then paid, voided or thrown away. */
  private async bill(): Promise<void> {
    const customer = this.customer();
    const invoice = await this.stripe.invoices.create({ customer, auto_advance: false });
    const lines = this.random() < 0.3 ? 14 : 2;
    for (let n = 1; n <= lines; n++)
      await this.stripe.invoiceItems.create({ customer, invoice: invoice.id, amount: 100 * n, currency: 'usd' });
    if (this.random() < 0.2) return void (await this.stripe.invoices.del(invoice.id));
    await this.stripe.invoices.finalizeInvoice(invoice.id);
    const fate = this.random();
    if (fate < 0.5) await this.stripe.invoices.pay(invoice.id);
    else if (fate < 0.7) await this.stripe.invoices.voidInvoice(invoice.id);
    else if (fate < 0.8) await this.stripe.invoices.markUncollectible(invoice.id);
  }

  private async refund(): Promise<void> {
    const charge = await this.someCharge();
    await this.stripe.refunds.create({
      charge: charge.id,
      amount: Math.max(1, Math.floor((charge.amount - charge.amount_refunded) * this.pick([0.2, 0.5, 1]))),
    });
  }

  private async dispute(): Promise<void> {
    const charge = await this.someCharge();
    const dispute = this.sandbox.openDispute(charge.id);
    this.sandbox.closeDispute(dispute.id, this.pick(['won', 'lost'] as const));
  }

  private async creditNote(): Promise<void> {
    const { data } = await this.stripe.invoices.list({ status: 'paid', limit: 20 });
    if (data.length > 0)
      await this.stripe.creditNotes.create({ invoice: this.pick(data).id, amount: 100, credit_amount: 100 });
  }

  private async discount(): Promise<void> {
    if (this.coupons.length < 3)
      this.coupons.push((await this.stripe.coupons.create({ percent_off: 10, duration: 'forever' })).id);
    const coupon = this.pick(this.coupons);
    if (this.random() < 0.2) {
      this.coupons.splice(this.coupons.indexOf(coupon), 1);
      await this.stripe.coupons.del(coupon);
    } else {
      await this.stripe.subscriptions.update(this.subscription(), { discounts: [{ coupon }] });
    }
  }

  private async connect(): Promise<void> {
    const { id } = await this.stripe.accounts.create({
      type: 'express',
      capabilities: { transfers: { requested: true } },
    });
    this.accounts.push(id);
    this.sandbox.addFunds(100_000);
  }

  private async transfer(): Promise<void> {
    if (this.accounts.length === 0) return this.connect();
    const destination = this.pick(this.accounts);
    const transfer = await this.stripe.transfers.create({ amount: 1_000, currency: 'usd', destination });
    for (let back = 0; back < 2 && this.random() < 0.5; back++)
      await this.stripe.transfers.createReversal(transfer.id, { amount: 300 });
  }

  private async swapCard(): Promise<void> {
    const customer = this.customer();
    const method = await this.stripe.paymentMethods.attach('pm_card_visa', { customer });
    if (this.random() < 0.5) await this.stripe.paymentMethods.detach(method.id);
  }

  /** A customer who goes; their subscriptions end with them. */
  private async forget(): Promise<void> {
    if (this.customers.length < 4) return;
    const [id] = this.customers.splice(Math.floor(this.random() * this.customers.length), 1);
    await this.stripe.customers.del(String(id));
  }

  private async someCharge(): Promise<Stripe.Charge> {
    const { data } = await this.stripe.charges.list({ limit: 50 });
    const open = data.filter((charge) => charge.status === 'succeeded' && !charge.refunded && !charge.disputed);
    if (open.length === 0)
      throw new Stripe.errors.StripeInvalidRequestError({
        message: 'nothing was paid yet',
        type: 'invalid_request_error',
      });
    return this.pick(open);
  }

  private customer = (): string => this.pick(this.customers);
  private subscription = (): string => (this.subscriptions.length === 0 ? 'sub_none' : this.pick(this.subscriptions));
  private word = (): string => `w${Math.floor(this.random() * 1e6).toString(36)}`;
  private pick = <T>(items: readonly T[]): T => items[Math.floor(this.random() * items.length)] as T;
}
