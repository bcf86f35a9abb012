import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { invoiceLine } from '../support/stripe-objects.js';
import { checkoutBy, ordersOf, payment, Story, unix } from '../support/story.js';
import { drainWithRefetches, randomId, stripeEvent } from '../support/stripe-events.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
afterAll(() => story.end());

const NOON = '2026-03-01T12:00:00Z';

describe('attribution', () => {
  it('scenario 1: a click, a checkout and a paid invoice, in both orders and each twice, make one sale and one commission', async () => {
    for (const order of ['checkout first', 'invoice first']) {
      story.timeIs(NOON);
      const { partnerId, code } = await story.referrer();
      const click = await story.click(code);
      const customer = randomId('cus');
      const paidAt = unix(NOON) + 60;
      const checkout = checkoutBy(click, customer, paidAt - 30);
      const { events, invoice } = payment({ customer, paidAt });
      const tale = order === 'checkout first' ? [checkout, ...events] : [...events, checkout];

      for (const event of [...tale, ...tale]) await story.happens(event);

      expect(await story.commissions(partnerId)).toMatchObject([
        {
          sourceId: invoice.id,
          amountMinor: 1_000,
          netMinor: 1_000,
          state: 'pending',
          dueAt: '2026-03-31T12:01:00.000Z',
        },
      ]);
      expect(await story.postings(partnerId)).toEqual([{ kind: 'earning', amountMinor: 1_000 }]);
    }
  });

  it('scenario 1: every order of the five events ends the same', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const paidAt = unix(NOON) + 60;
    const tales = await Promise.all(
      ordersOf([0, 1, 2, 3, 4]).map(async (order) => {
        const click = await story.click(code);
        const customer = randomId('cus');
        const events = [checkoutBy(click, customer, paidAt - 30), ...payment({ customer, paidAt }).events];
        return order.map((index) => events[index] as (typeof events)[number]);
      }),
    );

    // All orders side by side: the n-th event of each, then the workers, then the next.
    for (const step of [0, 1, 2, 3, 4])
      await story.happens(...tales.map((tale) => tale[step] as (typeof tale)[number]));

    expect(await story.balance(partnerId)).toMatchObject([{ currency: 'usd', pendingMinor: 1_000 * tales.length }]);
  });

  it('scenario 2: the conversion window includes its last second and nothing after it', async () => {
    for (const [signedUpAt, attributed] of [
      ['2026-01-31T00:00:00Z', true],
      ['2026-01-31T00:00:01Z', false],
    ] as const) {
      story.timeIs('2026-01-01T00:00:00Z');
      const { partnerId, code } = await story.referrer();
      const clickId = await story.click(code);
      story.timeIs(signedUpAt);
      const stripeCustomerId = randomId('cus');
      await story.call('POST', '/v1/referrals', {
        clickId,
        customer: { externalId: randomId('user'), stripeCustomerId },
      });

      await story.happens(...payment({ customer: stripeCustomerId, paidAt: unix(signedUpAt) + 3_600 }).events);

      expect(await story.commissions(partnerId)).toHaveLength(attributed ? 1 : 0);
    }
  });

  it('takes two customers who name one click for two persons, each with a window of their own', async () => {
    story.timeIs('2026-01-01T00:00:00Z');
    const { partnerId, code } = await story.referrer({ conversionWindowDays: 1 });
    const click = await story.click(code);
    const atClick = unix('2026-01-01T00:00:00Z');
    for (const [seconds, amount] of [
      [86_400, 5_000],
      [86_401, 6_000],
    ] as const) {
      const customer = randomId('cus');
      const lines = [invoiceLine({ amount })];
      await story.happens(
        checkoutBy(click, customer, atClick + seconds),
        ...payment({ customer, paidAt: atClick + 90_000, lines }).events,
      );
    }

    expect((await story.commissions(partnerId)).map(({ amountMinor }) => amountMinor)).toEqual([1_000]);
  });

  it('scenario 3: a renewal 90 days later earns, since the window limits the first bind only', async () => {
    story.timeIs('2026-01-01T00:00:00Z');
    const { partnerId, code } = await story.referrer();
    const customer = randomId('cus');
    const click = await story.click(code);
    const first = unix('2026-01-10T00:00:00Z');
    await story.happens(checkoutBy(click, customer, first), ...payment({ customer, paidAt: first }).events);

    const renewal = payment({ customer, paidAt: first + 90 * 86_400 });
    await story.happens(...renewal.events);

    expect((await story.commissions(partnerId)).map(({ amountMinor }) => amountMinor)).toEqual([1_000, 1_000]);
  });

  it('takes the last touch before the first sale, or the first where the program says so', async () => {
    for (const [touch, winner] of [
      ['last', 1],
      ['first', 0],
    ] as const) {
      story.timeIs(NOON);
      const programKey = await story.program({ touch });
      const partners = [await story.partner('Ada'), await story.partner('Bob')];
      const customer = randomId('cus');
      const checkouts = [];
      for (const [index, partnerId] of partners.entries()) {
        story.timeIs(new Date(Date.parse(NOON) + index * 3_600_000));
        const click = await story.click(await story.code(programKey, partnerId));
        checkouts.push(checkoutBy(click, customer, unix(NOON) + 7_000 + index));
      }
      await story.happens(...checkouts.reverse(), ...payment({ customer, paidAt: unix(NOON) + 8_000 }).events);

      const earned = await Promise.all(partners.map(async (id) => (await story.commissions(id)).length));
      expect(earned).toEqual(winner === 0 ? [1, 0] : [0, 1]);
    }
  });

  it('decides anew by adjustments when evidence arrives late that is dated before the first sale', async () => {
    story.timeIs(NOON);
    const programKey = await story.program();
    const [early, late] = [await story.partner('Ada'), await story.partner('Bob')];
    const customer = randomId('cus');
    const at = unix(NOON);
    const clicks = [await story.click(await story.code(programKey, early))];
    story.timeIs('2026-03-01T12:10:00Z');
    clicks.push(await story.click(await story.code(programKey, late)));
    const sale = payment({ customer, paidAt: at + 1_800 });
    await story.happens(checkoutBy(clicks[0] as string, customer, at + 60), ...sale.events);
    expect(await story.postings(early)).toEqual([{ kind: 'earning', amountMinor: 1_000 }]);

    await story.happens(checkoutBy(clicks[1] as string, customer, at + 1_200));

    expect(await story.postings(early)).toEqual([
      { kind: 'earning', amountMinor: 1_000 },
      { kind: 'adjustment', amountMinor: -1_000 },
    ]);
    expect(await story.postings(late)).toEqual([{ kind: 'earning', amountMinor: 1_000 }]);
    await story.happens(checkoutBy(clicks[0] as string, customer, at + 9_999));
    expect(await story.balance(late)).toMatchObject([{ pendingMinor: 1_000 }]);
  });

  it('scenario 5: a promotion code goes before a link', async () => {
    const stripe = await sandboxStripe();
    story.sandbox.setClock(new Date());
    const programKey = await story.program();
    const [a, b] = [await story.partner('A'), await story.partner('B')];
    const click = await story.click(await story.code(programKey, b));
    const code = await story.code(programKey, a, `SAVE${Date.now()}`);
    const { promotion, price } = await catalogue(stripe, code, { percent_off: 20 });
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price, quantity: 1 }],
      client_reference_id: click,
      allow_promotion_codes: true,
      success_url: 'https://example.com/thanks',
    });
    await story.sandbox.completeCheckout(session.id, { promotion_code: promotion });
    await everythingArrives();

    expect(await story.commissions(a)).toMatchObject([{ amountMinor: 1_600, state: 'pending' }]);
    expect(await story.commissions(b)).toEqual([]);
  });

  it('binds who used a promotion code before our code for it was made', async () => {
    story.sandbox.setClock(new Date());
    const programKey = await story.program();
    const partnerId = await story.partner('Late');
    const customer = randomId('cus');
    const promotion = {
      id: randomId('promo'),
      object: 'promotion_code',
      created: 1_780_000_000,
      code: `late${Date.now()}`,
    };
    const paidAt = Math.floor(Date.now() / 1000);
    const checkout = checkoutBy('', customer, paidAt, {
      client_reference_id: null,
      discounts: [{ promotion_code: promotion.id }],
    });
    await story.happens(
      stripeEvent('promotion_code.created', promotion),
      checkout,
      ...payment({ customer, paidAt }).events,
    );

    await story.code(programKey, partnerId, promotion.code);
    await story.settle();

    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 1_000 }]);
  });

  it('scenario 6: a promotion code that stands on the invoice only is enough', async () => {
    const stripe = await sandboxStripe();
    story.sandbox.setClock(new Date());
    const programKey = await story.program();
    const partnerId = await story.partner('A');
    const code = await story.code(programKey, partnerId, `ONLY${Date.now()}`);
    const { promotion } = await catalogue(stripe, code, { percent_off: 20 });
    const customer = await stripe.customers.create({ email: 'buyer@example.com' });
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: card.id } });
    const draft = await stripe.invoices.create({ customer: customer.id, discounts: [{ promotion_code: promotion }] });
    await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 10_000, currency: 'usd' });
    await stripe.invoices.pay(draft.id as string);
    await everythingArrives();

    expect(await story.commissions(partnerId)).toMatchObject([{ sourceId: draft.id, amountMinor: 1_600 }]);
  });
});

async function sandboxStripe(): Promise<Stripe> {
  const { hostname, port } = new URL(story.sandbox.url);
  return new Stripe('sk_test_story', { host: hostname, port, protocol: 'http', telemetry: false });
}

async function catalogue(stripe: Stripe, code: string, coupon: Stripe.CouponCreateParams) {
  const product = await stripe.products.create({ name: 'Plan' });
  const price = await stripe.prices.create({
    product: product.id,
    unit_amount: 10_000,
    currency: 'usd',
    recurring: { interval: 'month' },
  });
  const { id } = await stripe.coupons.create({ duration: 'once', ...coupon });
  const promotion = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: id }, code });
  return { promotion: promotion.id, price: price.id };
}

/** Until the sandbox has delivered all, and everything that must be asked of it has been asked. */
async function everythingArrives(): Promise<void> {
  await story.sandbox.idle();
  await drainWithRefetches(story.service);
}
