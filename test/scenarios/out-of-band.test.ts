import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { randomId, stripeEvent, type StripeEvent, type StripeObject } from '../support/stripe-events.js';
import { charge, invoice, invoiceLine, invoicePayment } from '../support/stripe-objects.js';
import { ordersOf, refundOf, Story, unix } from '../support/story.js';

const PAID_AT = unix('2026-03-02T10:00:00Z');
const COUNTS_ALL = { policies: { includeOutOfBand: true } };

let story: Story;
beforeAll(async () => {
  story = await Story.begin({ sandbox: true });
  story.timeIs('2026-03-02T09:00:00Z');
});
afterAll(() => story?.end());

interface PaidInvoice {
  invoice: StripeObject;
  charge: StripeObject;
  told: StripeEvent;
  byCard: StripeEvent[];
}

/** An invoice of 10000 of which so much was paid past Stripe, as Stripe knows it, and the events that tell of it. */
function paidInvoice(customer: string, offStripe: number): PaidInvoice {
  const bill = invoice({ customer, created: PAID_AT }, [invoiceLine({ amount: 10_000 })]);
  const paymentIntent = randomId('pi');
  const amount = 10_000 - offStripe;
  const paid = charge({ customer, created: PAID_AT, amount, amount_captured: amount, payment_intent: paymentIntent });
  const link = invoicePayment(bill.id, paymentIntent, amount, { created: PAID_AT });
  story.sandbox.putObject(bill);
  if (amount > 0) story.sandbox.putObject(link);
  const byCard = [
    stripeEvent('charge.succeeded', paid, { created: PAID_AT }),
    stripeEvent('invoice_payment.paid', link, { created: PAID_AT }),
  ];
  const told = stripeEvent('invoice.paid', bill, { created: PAID_AT });
  return { invoice: bill, charge: paid, told, byCard: amount > 0 ? byCard : [] };
}

/** Asks Stripe now what it would be asked a moment later. */
async function asks(): Promise<void> {
  await story.service.db.query(`UPDATE tributary.refetch SET available_at = now()`);
  await (story.service.workers.get('refetch') as PollingWorker).runOnce();
  await story.settle();
}

const timesAsked = ({ id }: StripeObject): number =>
  story.sandbox.requests.list({ method: 'GET', path: `/v1/invoices/${id}` }).length;

async function openQuestion({ id }: StripeObject): Promise<Array<{ attempts: number; error: string | null }>> {
  return story.service.db.query(
    `SELECT attempts, error FROM tributary.refetch WHERE object_id = $1 AND reason = 'off_stripe'`,
    [id],
  );
}

async function earned(partnerId: string): Promise<Array<{ state: string; amountMinor: number }>> {
  return (await story.commissions(partnerId)).map(({ state, amountMinor }) => ({ state, amountMinor }));
}

describe('scenario 60: an invoice paid out of band', () => {
  it.each([
    ['all of it, does not earn', 10_000, {}, []],
    ['all of it, earns where the program says so', 10_000, COUNTS_ALL, [{ state: 'pending', amountMinor: 2_000 }]],
    ['a part of it, earns on the rest', 4_000, {}, [{ state: 'pending', amountMinor: 1_200 }]],
    [
      'a part of it, earns whole where the program says so',
      4_000,
      COUNTS_ALL,
      [{ state: 'pending', amountMinor: 2_000 }],
    ],
  ])('%s, in any order and each told twice', async (_what, offStripe, terms, commissions) => {
    const orders = offStripe === 10_000 ? [[0]] : ordersOf([0, 1, 2]);
    for (const order of orders) {
      const { partnerId, code } = await story.referrer(terms);
      const bought = paidInvoice(await story.referredCustomer(code), offStripe);
      const events = [bought.told, ...bought.byCard];

      for (const index of order) await story.happens(events[index] as StripeEvent, events[index] as StripeEvent);
      await asks();

      expect(await earned(partnerId)).toEqual(commissions);
      expect(await openQuestion(bought.invoice)).toEqual([]);
    }
  });

  it('waits for Stripe’s word, asks again after a failure, and says so', async () => {
    const { partnerId, code } = await story.referrer();
    const { invoice: bill, told } = paidInvoice(await story.referredCustomer(code), 10_000);
    await story.happens(told);

    expect(await earned(partnerId)).toEqual([{ state: 'pending_cash', amountMinor: 0 }]);
    expect(await story.postings(partnerId)).toEqual([]);
    const [{ id }] = (await story.commissions(partnerId)) as unknown as [{ id: string }];
    const { steps } = await story.call<{ steps: string[] }>('GET', `/v1/commissions/${id}/explanation`);
    expect(steps.at(-1)).toContain('paid out of band');

    story.sandbox.faults.add({ kind: 'server_error', method: 'GET', path: `/v1/invoices/${bill.id}`, times: 10 });
    await asks();
    expect(await openQuestion(bill)).toEqual([{ attempts: 1, error: expect.any(String) }]);
    expect(await earned(partnerId)).toEqual([{ state: 'pending_cash', amountMinor: 0 }]);

    story.sandbox.faults.clear();
    await asks();
    expect(await earned(partnerId)).toEqual([]);
    expect(await openQuestion(bill)).toEqual([]);
  });

  it('takes back in proportion to what Stripe collected', async () => {
    const { partnerId, code } = await story.referrer();
    const bought = paidInvoice(await story.referredCustomer(code), 4_000);
    await story.happens(bought.told, ...bought.byCard);
    await asks();

    await story.happens(...refundOf(bought.charge, 3_000, PAID_AT + 60).events);
    expect(await story.commissions(partnerId)).toMatchObject([
      { amountMinor: 1_200, reversedMinor: 600, netMinor: 600 },
    ]);
    await story.happens(...refundOf(bought.charge, 3_000, PAID_AT + 120, 3_000).events);
    expect(await story.commissions(partnerId)).toMatchObject([{ reversedMinor: 1_200, netMinor: 0 }]);
  });

  it('is known for good: another state of the invoice changes nothing, and nobody asks again', async () => {
    const { partnerId, code } = await story.referrer();
    const { invoice: bill, told } = paidInvoice(await story.referredCustomer(code), 10_000);
    await story.happens(told);
    await asks();

    const later = { ...bill, metadata: { seen: 'yes' } };
    await story.happens(stripeEvent('invoice.updated', later, { created: PAID_AT + 60, previous: { metadata: {} } }));
    await asks();

    expect(await earned(partnerId)).toEqual([]);
    expect(timesAsked(bill)).toBe(1);
  });
});

describe('an invoice paid by card', () => {
  it('is never asked for, in whatever order its events come', async () => {
    for (const order of ordersOf([0, 1, 2])) {
      const { partnerId, code } = await story.referrer();
      const bought = paidInvoice(await story.referredCustomer(code), 0);
      const events = [bought.told, ...bought.byCard];

      for (const index of order) await story.happens(events[index] as StripeEvent);
      await asks();

      expect(await earned(partnerId)).toEqual([{ state: 'pending', amountMinor: 2_000 }]);
      expect(await story.postings(partnerId)).toEqual([{ kind: 'earning', amountMinor: 2_000 }]);
      expect(timesAsked(bought.invoice)).toBe(0);
    }
  });

  it('of somebody whom nobody referred is not asked for either, when its payments are not known', async () => {
    const { invoice: bill, told } = paidInvoice(randomId('cus'), 10_000);
    await story.happens(told);
    expect(await openQuestion(bill)).toEqual([]);
  });
});
