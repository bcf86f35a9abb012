import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { charge, invoice, invoiceLine, refund } from '../support/stripe-objects.js';
import { Story } from '../support/story.js';
import { clientOf, payingCustomer } from '../sandbox/support.js';

interface Moment {
  moment: string;
  at: string;
  amountMinor: number | null;
  detail: string | null;
  sources: Array<{ kind: string; id: string; of: string }>;
}

let story: Story;
let stripe: Stripe;
beforeAll(async () => {
  story = await Story.begin();
  stripe = clientOf(story.sandbox);
});
afterAll(() => story.end());

const path = (id: string, verb: string): string => `/v1/billing/invoices/${id}/${verb}`;
const get = <T>(id: string, noun: string): Promise<T> => story.call<T>('GET', path(id, noun));
const post = (id: string, verb: string, body: unknown = {}) => story.call('POST', path(id, verb), body);
const refused = (id: string, verb: string, body: unknown = {}) =>
  story.service.http('POST', path(id, verb), body, { 'idempotency-key': randomId('key') });

async function draft(amounts: number[] = [2_000], card?: string): Promise<Stripe.Invoice> {
  const customer = await payingCustomer(stripe, card);
  const made = await stripe.invoices.create({ customer: customer.id, auto_advance: false });
  for (const amount of amounts)
    await stripe.invoiceItems.create({ customer: customer.id, invoice: made.id, amount, currency: 'usd' });
  return made;
}

describe('the timeline', () => {
  it('tells a life from its fields, objects and events, each moment once', async () => {
    const { id, customer } = await draft([4_000], 'pm_card_chargeCustomerFail');
    await post(id, 'finalize');
    await refused(id, 'pay');
    await post(id, 'send');
    const visa = await stripe.paymentMethods.attach('pm_card_visa', { customer: String(customer) });
    await post(id, 'pay', { paymentMethod: visa.id });
    const [paid] = (await stripe.charges.list({ customer: String(customer) })).data.filter(({ paid: is }) => is);
    await story.call('POST', `/v1/billing/charges/${String(paid?.id)}/refund`, { amountMinor: 1_000 });
    const note = await stripe.creditNotes.create({ invoice: id, amount: 500, refund_amount: 500 });
    await story.sandbox.idle();
    await drain(story.service, ['inbox']);

    const { data } = await get<{ data: Moment[] }>(id, 'timeline');

    expect(data.map(({ moment }) => moment).sort()).toEqual(
      [
        'created',
        'finalized',
        'payment_failed',
        'sent',
        'payment_succeeded',
        'paid',
        'refunded',
        'refunded',
        'credited',
      ].sort(),
    );
    const entry = (name: string): Moment | undefined => data.find(({ moment }) => moment === name);
    expect(entry('paid')).toMatchObject({ amountMinor: 4_000 });
    expect(
      entry('paid')
        ?.sources.map(({ kind, of }) => `${kind} ${of}`)
        .sort(),
    ).toEqual(['event invoice.paid', 'event invoice.payment_succeeded', `field ${id}`].sort());
    expect(entry('payment_failed')).toMatchObject({ amountMinor: 4_000, detail: 'card_declined' });
    expect(entry('payment_failed')?.sources.map(({ of }) => of)).toEqual(['charge', 'invoice.payment_failed']);
    expect(entry('credited')).toMatchObject({ amountMinor: 500, sources: [{ kind: 'object', id: note.id }] });
    expect(data.map(({ at }) => at)).toEqual(data.map(({ at }) => at).sort());
    expect(await get(id, 'amounts')).toMatchObject({ refundedMinor: 1_500, creditedMinor: 500 });
  });

  it('reads an invoice of 2018, which has neither states nor transitions', async () => {
    const at = 1_527_000_000;
    const bill = {
      ...{ id: randomId('in'), object: 'invoice', date: at, currency: 'usd', amount_due: 700, total: 700 },
      ...{ paid: true, closed: true, forgiven: false, webhooks_delivered_at: at + 5 },
      lines: { object: 'list', data: [invoiceLine({ amount: 700 })], has_more: false },
    };
    const paid = charge({ invoice: bill.id, amount: 700, created: at + 4 });
    const back = refund(paid.id, 200, { created: at + 900 });
    await deliverAll(story.service, [
      stripeEvent(
        'invoice.created',
        { ...bill, paid: false, closed: false },
        { apiVersion: '2018-05-21', created: at + 1 },
      ),
      stripeEvent('invoice.payment_succeeded', bill, { apiVersion: '2018-05-21', created: at + 5 }),
      stripeEvent('charge.succeeded', paid, { created: at + 4 }),
      stripeEvent('refund.created', back, { created: at + 900 }),
    ]);
    await drain(story.service, ['inbox']);

    const { data } = await get<{ data: Moment[] }>(bill.id, 'timeline');

    expect(
      data.map(({ moment, at: when, amountMinor }) => [moment, Date.parse(when) / 1_000 - at, amountMinor]),
    ).toEqual([
      ['created', 0, null],
      ['payment_succeeded', 4, 700],
      ['paid', 5, 700],
      ['refunded', 900, 200],
    ]);
    expect(await get(bill.id, 'amounts')).toMatchObject({
      ...{ status: 'paid', dueMinor: 700, paidMinor: 700, remainingMinor: 0, refundedMinor: 200 },
    });
  });

  it('says nothing of another account’s invoice', async () => {
    const bill = invoice();
    await deliverAll(story.service, [stripeEvent('invoice.paid', bill)]);
    await drain(story.service, ['inbox']);

    const answer = await story.service.http('GET', `${path(bill.id, 'timeline')}?account=acct_other`);

    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'account_not_found', field: 'account' } } });
  });
});
