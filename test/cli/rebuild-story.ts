import { disputeOf, warningOf } from '../support/complaints.js';
import type { StripeObject } from '../support/stripe-events.js';
import { randomId, stripeEvent } from '../support/stripe-events.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, type Story, unix } from '../support/story.js';
import { backfill, stripe } from '../billing/backfill-world.js';

const PAID_AT = unix('2026-03-02T12:00:00Z');
const DAY = 86_400;

const sale = (customer: string, amount: number, paidAt: number, currency = 'usd') =>
  payment({ customer, paidAt, lines: [invoiceLine({ amount, currency })], invoice: { currency } });

/** A spring of everything that attributions and commissions come from. Business time stands still at its end. */
export async function liveThrough(story: Story): Promise<void> {
  story.timeIs('2026-03-01T12:00:00Z');
  await refundsAndTiers(story);
  await disputesAndDecisions(story);
  await bindingsByHand(story);
  await otherCurrenciesAndSales(story);
  await ownPurchase(story);
  await leads(story);
  await heldAfterItWasPaid(story);
  await boughtAtStripe(story);
  story.timeIs('2026-06-01T12:00:00Z');
  await story.settle();
}

async function refundsAndTiers(story: Story): Promise<void> {
  const tiers = [
    { from: 0, rateBps: 1_000 },
    { from: 10_000, rateBps: 2_000 },
  ];
  const reward = { type: 'tiered', by: 'revenue', period: 'ever', mode: 'whole_sale', tiers };
  const { code } = await story.referrer({ reward });
  const customer = await story.referredCustomer(code);
  const [first, second, third] = [0, 1, 2].map((n) => sale(customer, 8_000, PAID_AT + n * DAY));
  // The last comes first, and is counted again.
  await story.happens(...third!.events);
  await story.happens(...second!.events, ...refundOf(second!.charge, 3_000, PAID_AT + 5 * DAY).events);
  await story.happens(...first!.events, ...third!.events);
}

async function disputesAndDecisions(story: Story): Promise<void> {
  const { partnerId, code } = await story.referrer();
  const sales = await Promise.all(
    [0, 1, 2].map(async (n) => sale(await story.referredCustomer(code), 10_000, PAID_AT + n)),
  );
  const [disputed, released, rejected] = sales;
  await story.happens(
    ...sales.flatMap(({ events }) => events),
    disputeOf(disputed!.charge, 10_000, PAID_AT + 90).opened,
  );
  await story.happens(...[released!, rejected!].map(({ charge }) => warningOf(charge, PAID_AT + 60)));
  const held = await story.commissions(partnerId);
  const idOf = ({ invoice }: { invoice: StripeObject }) => held.find(({ sourceId }) => sourceId === invoice.id)!.id;
  await story.call('POST', `/v1/commissions/${idOf(released!)}/release`, { reason: 'talked to them' });
  await story.call('POST', `/v1/commissions/${idOf(rejected!)}/reject`, { reason: 'a stolen card' });
  await story.settle();
}

async function bindingsByHand(story: Story): Promise<void> {
  const { programKey, code } = await story.referrer();
  const partnerId = await story.partner('Bob');
  await story.code(programKey, partnerId);
  const customer = { externalId: randomId('user'), stripeCustomerId: randomId('cus') };
  await story.call('POST', '/v1/referrals', { code, customer });
  await story.happens(...[0, 1].flatMap((n) => sale(customer.stripeCustomerId, 5_000, PAID_AT + n * DAY).events));
  const effectiveAt = new Date((PAID_AT + 10) * 1_000).toISOString();
  await story.call('POST', '/v1/attributions', { programKey, customer, partnerId, effectiveAt, reason: 'by phone' });
  await story.settle();
}

async function otherCurrenciesAndSales(story: Story): Promise<void> {
  const effectiveAt = '2026-03-01T00:00:00Z';
  await story.call('POST', '/v1/exchange-rates', {
    base: 'eur',
    quote: 'usd',
    rate: '1.2',
    effectiveAt,
    source: 'a bank',
  });
  const { code } = await story.referrer();
  await story.happens(...sale(await story.referredCustomer(code), 10_000, PAID_AT, 'eur').events);
  await story.happens(...sale(await story.referredCustomer(code), 10_000, PAID_AT, 'sek').events);
  // Another rate told of later, which the sale that was fixed does not take.
  const later = { effectiveAt: '2026-03-02T00:00:00Z', rate: '1.5', source: 'another bank' };
  await story.call('POST', '/v1/exchange-rates', { base: 'eur', quote: 'usd', ...later });
  const customer = { externalId: randomId('user') };
  await story.call('POST', '/v1/referrals', { code, customer });
  const paid = {
    externalId: randomId('order'),
    amountMinor: 4_000,
    currency: 'usd',
    occurredAt: '2026-03-01T12:00:00Z',
  };
  await story.call('POST', '/v1/sales', { ...paid, customer });
  await story.settle();
}

/** Found by the partner's address, which is another one afterwards. */
async function ownPurchase(story: Story): Promise<void> {
  const { partnerId, code } = await story.referrer();
  const customer = { externalId: randomId('user'), stripeCustomerId: randomId('cus'), email: 'ada@example.com' };
  await story.call('POST', '/v1/referrals', { code, customer });
  await story.happens(...sale(customer.stripeCustomerId, 3_000, PAID_AT).events);
  await story.service.db.query(`UPDATE tributary.partner SET email = 'other@example.com' WHERE id = $1`, [partnerId]);
}

/** Two with one mailbox, of whom the later one is heard of first, and a sign-up that comes in between. */
async function leads(story: Story): Promise<void> {
  const rule = { key: 'lead', on: 'sign_up', reward: { type: 'one_time', amountMinor: 500 } };
  const { code } = await story.referrer({ reward: undefined, rules: [rule] });
  const comes = async (created: number): Promise<void> => {
    const buyer = { id: randomId('cus'), object: 'customer', email: 'cleo@example.com', created };
    const told = { ...buyer, metadata: { referral_code: code } };
    await story.happens(stripeEvent('customer.created', told, { created }));
  };
  await comes(PAID_AT - 7_200);
  await story.referredCustomer(code);
  await comes(PAID_AT - 14_400);
}

/** What was paid out is not held, whatever is said of it later. */
async function heldAfterItWasPaid(story: Story): Promise<void> {
  const { partnerId, code } = await story.referrer({ minPayoutMinor: 100 });
  await story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'IBAN' });
  const paid = sale(await story.referredCustomer(code), 10_000, PAID_AT);
  await story.happens(...paid.events);
  story.timeIs('2026-05-01T12:00:00Z');
  const { id, revision } = await story.call<{ id: string; revision: number }>('POST', '/v1/payout-runs', {
    currency: 'usd',
  });
  await story.call('POST', `/v1/payout-runs/${id}/approve`, { revision });
  await story.happens(disputeOf(paid.charge, 10_000, PAID_AT + 100).opened);
}

/** At the sandbox: one customer whom webhooks tell of, who is deleted, and one whom only a backfill brings. */
async function boughtAtStripe(story: Story): Promise<void> {
  const { code } = await story.referrer();
  const ask = (method: string, path: string, params: Record<string, string> = {}) =>
    stripe<StripeObject>(story.sandbox, method, path, params);
  const product = await ask('POST', '/v1/products', { name: 'Plan' });
  const terms = { product: product.id, currency: 'usd', unit_amount: '1000', 'recurring[interval]': 'month' };
  const price = await ask('POST', '/v1/prices', terms);
  const buy = async (): Promise<string> => {
    const { id } = await ask('POST', '/v1/customers', { name: 'buyer', 'metadata[referral_code]': code });
    const method = await ask('POST', '/v1/payment_methods', { type: 'card', 'card[token]': 'tok_visa' });
    await ask('POST', `/v1/payment_methods/${method.id}/attach`, { customer: id });
    const paidBy = { default_payment_method: method.id };
    await ask('POST', '/v1/subscriptions', { customer: id, 'items[0][price]': price.id, ...paidBy });
    return id;
  };
  await ask('DELETE', `/v1/customers/${await buy()}`);
  await story.sandbox.idle();
  await story.settle();
  story.sandbox.deliveries.hold();
  await buy();
  await backfill(story.service);
  await story.settle();
}
