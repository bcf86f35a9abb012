import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { charge, checkoutSession, customer, invoice, invoiceLine } from '../support/stripe-objects.js';
import { checkoutBy, ordersOf, payment, refundOf, Story, unix } from '../support/story.js';

const NOON = '2026-04-01T12:00:00Z';
const AT = unix(NOON) + 600;

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs(NOON);
});
afterAll(() => story?.end());

async function buyer() {
  const { partnerId, code } = await story.referrer();
  return { partnerId, customer: await story.referredCustomer(code) };
}

/** Each told twice, one after the other. */
async function toldTwice(events: readonly StripeEvent[]): Promise<void> {
  for (const event of events) await story.happens(event, event);
}

const turned = <T>(items: readonly T[]): T[] => [...items].reverse();
const BOTH_WAYS = [
  ['as it came about', <T>(items: readonly T[]) => [...items]],
  ['the other way round', turned],
] as const;

/** A payment-mode checkout without an invoice, and the charge that pays it. */
function oneOff(buyerId: string) {
  const paymentIntent = randomId('pi');
  const amounts = { currency: 'usd', amount_total: 5_000, amount_subtotal: 5_000 };
  const session = checkoutSession({
    ...{ mode: 'payment', customer: buyerId, created: AT, payment_intent: paymentIntent, ...amounts },
  });
  const paid = charge({ customer: buyerId, created: AT + 60, payment_intent: paymentIntent });
  return { session, paid, paymentIntent };
}

describe('a promotion code', () => {
  it.each(BOTH_WAYS)(
    'scenario 7: that was switched off at Stripe keeps whom it brought, told %s',
    async (_how, order) => {
      const programKey = await story.program();
      const partnerId = await story.partner();
      const text = `OFF${randomId('x').slice(2, 10)}`;
      await story.code(programKey, partnerId, text);
      const buyerId = randomId('cus');
      const promotion = { id: randomId('promo'), object: 'promotion_code', created: AT - 60, code: text, active: true };
      const discounts = [{ promotion_code: promotion.id }];
      const renewal = payment({ customer: buyerId, paidAt: AT + 2_600_000, lines: [invoiceLine({ amount: 8_000 })] });
      const off = { ...promotion, active: false };

      await toldTwice(
        order([
          stripeEvent('promotion_code.created', promotion, { created: AT - 60 }),
          checkoutBy('', buyerId, AT, { client_reference_id: null, discounts }),
          stripeEvent('promotion_code.updated', off, { created: AT + 60, previous: { active: true } }),
          ...renewal.events,
        ]),
      );

      expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 1_600, state: 'pending' }]);
    },
  );
});

describe('a credit note', () => {
  it('scenario 56: after the payment, with its refund, takes back once, in any order', async () => {
    for (const [, order] of BOTH_WAYS) {
      const { partnerId, customer: buyerId } = await buyer();
      const bought = payment({ customer: buyerId, paidAt: AT, lines: [invoiceLine({ amount: 10_000 })] });
      const back = refundOf(bought.charge, 2_000, AT + 100);
      const note = {
        ...{ id: randomId('cn'), object: 'credit_note', created: AT + 100, invoice: bought.invoice.id, amount: 2_000 },
        ...{ customer: buyerId, currency: 'usd', status: 'issued', type: 'post_payment', pre_payment_amount: 0 },
        ...{ post_payment_amount: 2_000, refunds: [{ amount_refunded: 2_000, refund: back.refund.id }] },
      };

      await toldTwice(
        order([
          bought.events[1] as StripeEvent,
          bought.events[2] as StripeEvent,
          stripeEvent('credit_note.created', note, { created: AT + 100 }),
          ...back.events,
        ]),
      );

      expect(await story.commissions(partnerId)).toMatchObject([
        { amountMinor: 2_000, reversedMinor: 400, netMinor: 1_600 },
      ]);
      const reversed = (await story.postings(partnerId)).filter(({ kind }) => kind !== 'earning');
      expect(reversed).toEqual([{ kind: 'reversal', amountMinor: -400 }]);
    }
  });

  it('scenario 58: before the payment lowers what is paid, and so what is earned', async () => {
    for (const [, order] of BOTH_WAYS) {
      const { partnerId, customer: buyerId } = await buyer();
      const fields = { amount_due: 7_000, amount_paid: 7_000, pre_payment_credit_notes_amount: 3_000 };
      const lines = [invoiceLine({ amount: 10_000 })];
      const bought = payment({ customer: buyerId, paidAt: AT, lines, invoice: fields });
      const note = {
        ...{ id: randomId('cn'), object: 'credit_note', created: AT - 60, invoice: bought.invoice.id, amount: 3_000 },
        ...{ customer: buyerId, currency: 'usd', status: 'issued', pre_payment_amount: 3_000, post_payment_amount: 0 },
      };

      await toldTwice(order([stripeEvent('credit_note.created', note, { created: AT - 60 }), ...bought.events]));

      expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 1_400, reversedMinor: 0 }]);
    }
  });
});

describe('an invoice that nobody paid', () => {
  it.each([
    ['void', 'invoice.voided', 'voided_at'],
    ['uncollectible', 'invoice.marked_uncollectible', 'marked_uncollectible_at'],
  ])('scenario 59: never earns, %s in the end', async (status, type, field) => {
    for (const [, order] of BOTH_WAYS) {
      const { partnerId, customer: buyerId } = await buyer();
      const none = { finalized_at: AT, marked_uncollectible_at: null, paid_at: null, voided_at: null };
      const amounts = { amount_paid: 0, amount_remaining: 5_000 };
      const open = invoice({ customer: buyerId, created: AT, status: 'open', ...amounts, status_transitions: none });
      const ended = { ...open, status, status_transitions: { ...none, [field]: AT + 60 } };

      await toldTwice(
        order([
          stripeEvent('invoice.finalized', open, { created: AT }),
          stripeEvent(type, ended, { created: AT + 60, previous: { status: 'open' } }),
        ]),
      );

      expect(await story.commissions(partnerId)).toEqual([]);
      expect(await story.balance(partnerId)).toEqual([]);
    }
  });
});

describe('a checkout that is paid later', () => {
  it('scenario 63: earns when the money comes, and not before', async () => {
    const { partnerId, customer: buyerId } = await buyer();
    const { session, paid } = oneOff(buyerId);
    const unpaid = stripeEvent('checkout.session.completed', { ...session, payment_status: 'unpaid' }, { created: AT });
    const came = [
      stripeEvent('charge.succeeded', paid, { created: AT + 60 }),
      stripeEvent('checkout.session.async_payment_succeeded', session, {
        created: AT + 60,
        previous: { payment_status: 'unpaid' },
      }),
    ];

    await toldTwice([unpaid]);
    expect(await story.commissions(partnerId)).toEqual([]);
    await toldTwice(came);

    const occurredAt = new Date((AT + 60) * 1000).toISOString();
    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 1_000, occurredAt }]);
    const late = await buyer();
    const other = oneOff(late.customer);
    await toldTwice([
      stripeEvent('checkout.session.async_payment_succeeded', other.session, { created: AT + 60 }),
      stripeEvent('charge.succeeded', other.paid, { created: AT + 60 }),
      stripeEvent('checkout.session.completed', { ...other.session, payment_status: 'unpaid' }, { created: AT }),
    ]);
    expect(await story.commissions(late.partnerId)).toMatchObject([{ amountMinor: 1_000, occurredAt }]);
  });

  it('scenario 63: earns nothing when the money never comes', async () => {
    for (const [, order] of BOTH_WAYS) {
      const { partnerId, customer: buyerId } = await buyer();
      const { session, paid } = oneOff(buyerId);
      const unpaid = { ...session, payment_status: 'unpaid' };

      await toldTwice(
        order([
          stripeEvent('checkout.session.completed', unpaid, { created: AT }),
          stripeEvent('charge.failed', { ...paid, status: 'failed', amount_captured: 0 }, { created: AT + 60 }),
          stripeEvent('checkout.session.async_payment_failed', unpaid, { created: AT + 60 }),
        ]),
      );

      expect(await story.commissions(partnerId)).toEqual([]);
    }
  });
});

describe('a one-off payment without an invoice', () => {
  it('scenario 64: is one sale, by its payment, and its refund takes it back, in any order', async () => {
    for (const order of ordersOf([0, 1, 2])) {
      const { partnerId, customer: buyerId } = await buyer();
      const { session, paid, paymentIntent } = oneOff(buyerId);
      const parts = [
        [stripeEvent('checkout.session.completed', session, { created: AT + 60 })],
        [stripeEvent('charge.succeeded', paid, { created: AT + 60 })],
        refundOf(paid, 5_000, AT + 120).events,
      ];

      for (const index of order) await toldTwice(parts[index] as StripeEvent[]);

      const told = await story.commissions(partnerId);
      expect(told).toMatchObject([{ sourceId: paymentIntent, amountMinor: 1_000, reversedMinor: 1_000, netMinor: 0 }]);
    }
  });

  it('is bound by what stands on its customer, whoever is told first', async () => {
    const { partnerId, code } = await story.referrer();
    const buyerId = randomId('cus');
    const named = customer({ id: buyerId, created: AT - 60, metadata: { tributary_code: code } });
    const { session, paid } = oneOff(buyerId);

    await toldTwice([
      stripeEvent('charge.succeeded', paid, { created: AT + 60 }),
      stripeEvent('checkout.session.completed', session, { created: AT + 60 }),
      stripeEvent('customer.created', named, { created: AT - 60 }),
    ]);

    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 1_000 }]);
  });
});
