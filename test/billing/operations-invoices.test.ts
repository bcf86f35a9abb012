import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import type Stripe from 'stripe';
import { drainWithRefetches, randomId } from '../support/stripe-events.js';
import { Story } from '../support/story.js';
import { clientOf, monthlyPrice, payingCustomer } from '../sandbox/support.js';

interface Shown {
  id: string;
  data: Record<string, unknown>;
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
const post = (id: string, verb: string, body: unknown = {}) => story.call<Shown>('POST', path(id, verb), body);
const refused = (id: string, verb: string, body: unknown = {}) =>
  story.service.http('POST', path(id, verb), body, { 'idempotency-key': randomId('key') });
const held = async (id: string) => (await story.call<Shown>('GET', `/v1/billing/invoices/${id}`)).data;

async function draft(amounts: number[] = [2_000], card?: string): Promise<Stripe.Invoice> {
  const customer = await payingCustomer(stripe, card);
  const made = await stripe.invoices.create({ customer: customer.id, auto_advance: false });
  for (const amount of amounts)
    await stripe.invoiceItems.create({ customer: customer.id, invoice: made.id, amount, currency: 'usd' });
  return made;
}

describe('an invoice', () => {
  it('is finalized and paid, and its payment and charge are in the mirror with the answer', async () => {
    const { id } = await draft();

    expect((await post(id, 'finalize', { autoAdvance: false })).data).toMatchObject({
      status: 'open',
      amount_due: 2_000,
    });
    expect(await get(id, 'amounts')).toMatchObject({
      status: 'open',
      dueMinor: 2_000,
      paidMinor: 0,
      remainingMinor: 2_000,
    });
    const paid = await post(id, 'pay');

    expect(paid.data).toMatchObject({ status: 'paid', amount_paid: 2_000 });
    expect(await held(id)).toEqual(paid.data);
    expect(await get(id, 'amounts')).toEqual({
      ...{ id, status: 'paid', currency: 'usd', totalMinor: 2_000, dueMinor: 2_000, paidMinor: 2_000 },
      ...{ remainingMinor: 0, overpaidMinor: 0, refundedMinor: 0, creditedMinor: 0 },
    });
    const payments = await get<{ data: Shown[] }>(id, 'payments');
    expect(payments.data).toMatchObject([{ data: { invoice: id, status: 'paid', amount_paid: 2_000 } }]);
    const charges = await stripe.charges.list({ customer: String(paid.data.customer) });
    expect(await story.call('GET', `/v1/billing/charges/${String(charges.data[0]?.id)}/summary`)).toMatchObject({
      invoices: [id],
    });
  });

  it('is paid elsewhere, sent, voided or given up', async () => {
    const [elsewhere, sent, voided, lost] = await Promise.all([draft(), draft(), draft(), draft()]);
    for (const { id } of [elsewhere, voided, lost]) await post(id, 'finalize');

    expect((await post(elsewhere.id, 'pay', { paidOutOfBand: true })).data).toMatchObject({ status: 'paid' });
    expect((await post(sent.id, 'send')).data).toMatchObject({ status: 'open' });
    expect((await post(voided.id, 'void')).data).toMatchObject({ status: 'void' });
    expect((await post(lost.id, 'mark-uncollectible')).data).toMatchObject({ status: 'uncollectible' });

    for (const [{ id }, state] of [
      [elsewhere, 'paid'],
      [sent, 'open'],
      [voided, 'void'],
      [lost, 'uncollectible'],
    ] as const)
      expect(await held(id)).toMatchObject({ status: state });
  });

  it('that Stripe refuses to touch tells Stripe’s reason', async () => {
    const { id } = await draft();
    await post(id, 'finalize');
    await post(id, 'void');

    for (const verb of ['pay', 'finalize', 'void', 'mark-uncollectible'])
      expect(await refused(id, verb)).toMatchObject({
        status: expect.any(Number),
        body: { error: { code: expect.stringMatching(/^stripe_/), message: expect.stringContaining('req_') } },
      });
    expect(await refused('in_nobody', 'void')).toMatchObject({
      status: 404,
      body: { error: { code: 'stripe_resource_missing' } },
    });
    const declined = await draft([700], 'pm_card_chargeCustomerFail');
    await post(declined.id, 'finalize');
    expect(await refused(declined.id, 'pay')).toMatchObject({
      status: 402,
      body: { error: { code: 'stripe_card_declined' } },
    });
  });

  it('has all its lines as rows, page by page, and says when they are complete', async () => {
    const { id } = await draft(Array.from({ length: 13 }, (_, n) => 100 + n));
    await story.call('GET', `/v1/billing/invoices/${id}?fresh=true`);
    expect(await get(id, 'lines')).toMatchObject({ complete: false });
    await drainWithRefetches(story.service);

    const seen: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = `lines?limit=5${cursor && `&cursor=${cursor}`}`;
      const page = await get<{ data: Shown[]; nextCursor: string | null; complete: boolean }>(id, query);
      expect(page.complete).toBe(true);
      seen.push(...page.data.map(({ data }) => Number(data.amount)));
      cursor = page.nextCursor;
    }

    expect(seen.sort()).toEqual(Array.from({ length: 13 }, (_, n) => 100 + n));
  });

  it('needs a key to be paid, and fields that fit together', async () => {
    const { id } = await draft();

    expect(await story.service.http('POST', path(id, 'pay'), {})).toMatchObject({
      status: 400,
      body: { error: { code: 'idempotency_key_required' } },
    });
    const faults: Array<[verb: string, body: object, field: string]> = [
      ['pay', { paymentMethod: 'pm_1', source: 'card_1' }, 'source'],
      ['pay', { paidOutOfBand: true, paymentMethod: 'pm_1' }, 'paymentMethod'],
      ['pay', { paidOutOfBand: 'yes' }, 'paidOutOfBand'],
      ['finalize', { autoAdvance: 1 }, 'autoAdvance'],
      ['void', { reason: 'x' }, 'reason'],
    ];
    for (const [verb, body, field] of faults)
      expect(await refused(id, verb, body)).toMatchObject({ status: 400, body: { error: { field } } });
  });
});

describe('a preview', () => {
  const preview = (body: unknown) => story.call<Record<string, unknown>>('POST', '/v1/billing/invoices/preview', body);

  it('shows the next invoice of a subscription, and of one that does not exist yet', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 3_000);
    const bought = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });

    const next = await preview({
      subscription: bought.id,
      extras: [{ amountMinor: 250, currency: 'usd', description: 'Setup' }],
    });

    expect(next).toMatchObject({ currency: 'usd', totalMinor: 3_250, dueMinor: 3_250 });
    expect(next.lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ amountMinor: 3_000, price: price.id }),
        expect.objectContaining({ amountMinor: 250, description: 'Setup' }),
      ]),
    );
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'once' });
    const fresh = await preview({
      ...{ customer: customer.id, currency: 'usd', coupon: coupon.id },
      items: [{ price: price.id, quantity: 2 }],
    });
    expect(fresh).toMatchObject({ dueMinor: 3_000 });
    expect((await stripe.invoices.list({ customer: customer.id })).data).toHaveLength(1);
  });

  it('shows every line of a long one', async () => {
    const customer = await payingCustomer(stripe);
    const extras = Array.from({ length: 14 }, (_, n) => ({ amountMinor: 100 + n, currency: 'usd' }));

    const next = await preview({ customer: customer.id, extras });

    expect(next.lines).toHaveLength(14);
  });

  it.each([
    [{}, 'customer'],
    [{ customer: 'cus_1', coupon: 'A', promotionCode: 'promo_1' }, 'promotionCode'],
    [{ customer: 'cus_1', extras: [{ currency: 'usd' }] }, 'extras[0].amountMinor'],
    [{ customer: 'cus_1', extras: [{ amountMinor: 5 }] }, 'extras[0].currency'],
    [{ customer: 'cus_1', items: [{ quantity: 1 }] }, 'items[0].price'],
    [{ customer: 'cus_1', items: [{ price: 'price_1', quantity: -1 }] }, 'items[0].quantity'],
  ])('refuses %j naming %s', async (body, field) => {
    const answer = await story.service.http('POST', '/v1/billing/invoices/preview', body);

    expect(answer).toMatchObject({ status: 400, body: { error: { field } } });
  });
});

describe('over gRPC', () => {
  const key = () => ({ headers: { 'idempotency-key': randomId('key') } });
  const call = (method: string, request: object, options = {}) =>
    story.service.grpc.call('Invoices', method, request, options);

  it('says and does the same', async () => {
    const [one, two, three] = await Promise.all([draft([1_000]), draft(), draft()]);

    expect((await call('FinalizeInvoice', { id: one.id })).code).toBe(status.OK);
    const paid = await call('PayInvoice', { id: one.id }, key());
    expect(JSON.parse(String(paid.message?.data))).toMatchObject({ status: 'paid' });
    expect((await call('GetInvoiceAmounts', { id: one.id })).message).toMatchObject({ paidMinor: 1_000 });
    expect((await call('ListInvoiceLines', { id: one.id })).message).toMatchObject({ data: [{}], complete: true });
    expect((await call('ListInvoicePayments', { id: one.id })).message).toMatchObject({ data: [{}] });
    const timeline = await call('GetInvoiceTimeline', { id: one.id });
    expect(timeline.message).toMatchObject({
      status: 'paid',
      data: expect.arrayContaining([expect.objectContaining({ moment: 'paid', amountMinor: 1_000 })]),
    });
    expect((await call('SendInvoice', { id: two.id })).code).toBe(status.OK);
    expect((await call('VoidInvoice', { id: two.id })).code).toBe(status.OK);
    await call('FinalizeInvoice', { id: three.id });
    expect((await call('MarkInvoiceUncollectible', { id: three.id })).code).toBe(status.OK);
    const preview = await call('PreviewInvoice', {
      customer: String(one.customer),
      extras: [{ amountMinor: 300, currency: 'usd' }],
    });
    expect(preview.message).toMatchObject({ dueMinor: 300, lines: [{ amountMinor: 300 }] });
  });

  it('refuses with the same field and code', async () => {
    const { id } = await draft();

    const answer = await call('PayInvoice', { id, paidOutOfBand: true, source: 'card_1' }, key());

    expect(answer.code).toBe(status.INVALID_ARGUMENT);
    expect(answer.body.error).toMatchObject({ field: 'source', code: 'field_not_allowed' });
    expect((await call('GetInvoiceTimeline', { id: 'in_nobody' })).code).toBe(status.NOT_FOUND);
  });
});
