import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { CheckoutRow, Kinds } from '../core/wire.js';
import { checkoutFigures } from './checkout-figures.js';
import { newCustomer } from './customers.js';
import { redeem, type DiscountRequest } from './discounts.js';
import { attach, resolvePaymentMethod } from './payment-methods.js';
import { confirmIntent, createIntent, declined, startProcessing, succeed } from './payments.js';
import { amountFor } from './price-tiers.js';
import { createSubscription } from './subscription-create.js';

type Session = Kinds['checkout.session'];

export interface Completion {
  payment_method?: string;
  promotion_code?: string;
  email?: string;
  name?: string;
  /** A delayed payment: the session completes unpaid, and its outcome comes by `finishAsyncPayment`. */
  async?: 'pending';
}

/** What a person does on Stripe's page: fill in, pay, done. */
export function completeSession(scope: Scope, session: Session, completion: Completion): Session {
  if (session.status !== 'open') throw invalidRequest(`Checkout Session ${session.id} is ${session.status ?? ''}.`);
  const row = scope.get('sandbox.checkout', session.id);
  const method = completion.payment_method ?? 'pm_card_visa';
  const customer = customerOf(scope, session, completion);
  const saves = session.mode === 'subscription' || row.paymentIntentData.setup_future_usage !== undefined;
  const paymentMethod = resolvePaymentMethod(
    scope,
    method,
    completion.email ?? session.customer_email,
    completion.name,
  );
  if (customer && saves) attach(scope, scope.get('payment_method', paymentMethod), customer);
  const discounts = discountsOf(session, completion);
  const filled = fillIn(scope, session, row, customer, completion, discounts);
  const done =
    session.mode === 'subscription'
      ? subscribe(scope, filled, row, paymentMethod, discounts)
      : payOnce(scope, filled, row, paymentMethod, discounts, completion.async === 'pending');
  scope.emit('checkout.session.completed', done);
  return done;
}

/** The bank's answer to a delayed payment. */
export function finishAsyncPayment(scope: Scope, session: Session, outcome: 'succeed' | 'fail'): Session {
  const intent = scope.maybe('payment_intent', session.payment_intent ?? '');
  if (session.status !== 'complete' || intent?.status !== 'processing') {
    throw invalidRequest(`Checkout Session ${session.id} waits for no payment.`);
  }
  if (outcome === 'fail') {
    const failed = scope.update('payment_intent', intent, { status: 'requires_payment_method', payment_method: null });
    scope.emit('payment_intent.payment_failed', failed);
    scope.emit('checkout.session.async_payment_failed', session);
    return session;
  }
  succeed(scope, intent, intent.payment_method ?? '');
  const paid = scope.update('checkout.session', session, { payment_status: 'paid' });
  scope.emit('checkout.session.async_payment_succeeded', paid);
  return paid;
}

function customerOf(scope: Scope, session: Session, completion: Completion): Kinds['customer'] | null {
  if (session.customer) return scope.get('customer', session.customer, 'customer');
  if (session.mode === 'payment' && session.customer_creation !== 'always') return null;
  return newCustomer(scope, { email: completion.email ?? session.customer_email, name: completion.name ?? null });
}

function discountsOf(session: Session, { promotion_code }: Completion): DiscountRequest[] {
  if (promotion_code !== undefined) {
    if (!session.allow_promotion_codes)
      throw invalidRequest(`Checkout Session ${session.id} takes no promotion codes.`);
    return [{ promotion_code }];
  }
  return (session.discounts ?? []).map(({ coupon, promotion_code: code }) =>
    code ? { promotion_code: code } : { coupon: coupon ?? '' },
  );
}

function fillIn(
  scope: Scope,
  session: Session,
  row: CheckoutRow,
  customer: Kinds['customer'] | null,
  { email, name }: Completion,
  discounts: DiscountRequest[],
): Session {
  const figures = checkoutFigures(scope, row, discounts);
  scope.update('sandbox.checkout', row, { items: figures.items });
  return scope.update('checkout.session', session, {
    ...figures.session,
    customer: customer?.id ?? null,
    customer_details: {
      address: customer?.address ?? null,
      business_name: null,
      email: email ?? customer?.email ?? session.customer_email,
      individual_name: null,
      name: name ?? customer?.name ?? null,
      phone: null,
      tax_exempt: 'none',
      tax_ids: [],
    },
    discounts: discounts.map(({ coupon, promotion_code }) => ({
      coupon: coupon ?? null,
      promotion_code: promotion_code ?? null,
    })),
  });
}

function subscribe(
  scope: Scope,
  session: Session,
  row: CheckoutRow,
  paymentMethod: string,
  discounts: DiscountRequest[],
): Session {
  const { subscriptionData: data } = row;
  const prices = row.lines.map((line) => ({ line, price: scope.get('price', line.price) }));
  const trialEnd = data.trial_end ?? (data.trial_period_days ? scope.now + data.trial_period_days * 86_400 : null);
  const subscription = createSubscription(scope, {
    customer: session.customer ?? '',
    items: prices
      .filter(({ price }) => price.recurring)
      .map(({ line }) => ({ price: line.price, quantity: line.quantity, tax_rates: line.tax_rates })),
    extras: prices
      .filter(({ price }) => !price.recurring)
      .map(({ line, price }) => ({
        price,
        quantity: line.quantity,
        amount: amountFor(scope, price, line.quantity),
        currency: price.currency,
        taxRates: line.tax_rates,
      })),
    trialEnd,
    defaultPaymentMethod: paymentMethod,
    metadata: data.metadata,
    description: data.description,
    defaultTaxRates: data.default_tax_rates,
    discounts,
    shippingAmount: row.shippingAmount,
    paymentBehavior: 'error_if_incomplete',
  });
  const invoice = scope.get('invoice', subscription.latest_invoice ?? '');
  return scope.update('checkout.session', session, {
    invoice: invoice.id,
    payment_status: invoice.amount_due === 0 ? 'no_payment_required' : 'paid',
    status: 'complete',
    subscription: subscription.id,
    url: null,
  });
}

function payOnce(
  scope: Scope,
  session: Session,
  row: CheckoutRow,
  paymentMethod: string,
  discounts: DiscountRequest[],
  delayed: boolean,
): Session {
  for (const discount of discounts) {
    redeem(scope, discount, { customer: session.customer, checkoutSession: session.id });
  }
  const complete = { status: 'complete' as const, url: null };
  if (session.amount_total === 0) {
    return scope.update('checkout.session', session, { ...complete, payment_status: 'no_payment_required' });
  }
  const intent = createIntent(scope, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? 'usd',
    customer: session.customer,
    description: row.paymentIntentData.description,
    metadata: row.paymentIntentData.metadata,
    transferGroup: row.paymentIntentData.transfer_group,
  });
  const after = delayed ? startProcessing(scope, intent, paymentMethod) : confirmIntent(scope, intent, paymentMethod);
  if (!delayed && after.status !== 'succeeded') throw declined(after);
  return scope.update('checkout.session', session, {
    ...complete,
    payment_intent: after.id,
    payment_status: delayed ? 'unpaid' : 'paid',
  });
}
