import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import type Stripe from 'stripe';
import { randomId } from '../support/stripe-events.js';
import type { Story } from '../support/story.js';
import { monthlyPrice } from '../sandbox/support.js';
import { at, NOON, type Shown, SubscriptionStory } from './subscription-story.js';

const DAY_SECONDS = 86_400;

let story: Story;
let stripe: Stripe;
let post: SubscriptionStory['post'];
let refused: SubscriptionStory['refused'];
let subscribed: SubscriptionStory['subscribed'];
beforeAll(async () => {
  ({ story, stripe, post, refused, subscribed } = await SubscriptionStory.begin());
});
afterAll(() => story.end());

/** The row as it is now; no webhook has been applied in these tests unless one says so. */
async function held(id: string): Promise<Record<string, unknown>> {
  return (await story.call<Shown>('GET', `/v1/billing/subscriptions/${id}`)).data;
}

describe('a subscription', () => {
  it('is canceled at the end of its period and taken back, each in the mirror at once', async () => {
    const { id } = await subscribed();

    const planned = await post(id, 'cancel', { when: 'period_end', feedback: 'too_expensive', comment: 'Too dear.' });

    expect(planned.data).toMatchObject({
      cancel_at_period_end: true,
      cancellation_details: { feedback: 'too_expensive' },
    });
    expect(await held(id)).toEqual(planned.data);
    expect((await post(id, 'reactivate')).data).toMatchObject({ cancel_at_period_end: false, cancel_at: null });
    expect(await held(id)).toMatchObject({ status: 'active', cancel_at: null });
  });

  it('is canceled at an instant, and that is taken back by its other field', async () => {
    const { id } = await subscribed();
    const end = new Date(NOON.getTime() + 10 * DAY_SECONDS * 1_000);

    const planned = await post(id, 'cancel', { when: 'at', at: end.toISOString(), prorationBehavior: 'none' });

    expect(planned.data).toMatchObject({ cancel_at: end.getTime() / 1_000, cancel_at_period_end: false });
    expect((await post(id, 'reactivate')).data).toMatchObject({ cancel_at: null });
  });

  it('ends at once, and what is left of it is billed on a last invoice that the mirror holds', async () => {
    const { id } = await subscribed();

    const ended = await post(id, 'cancel', { when: 'now', prorate: true, invoiceNow: true });

    expect(ended.data).toMatchObject({ status: 'canceled', ended_at: NOON.getTime() / 1_000 });
    expect(await held(id)).toMatchObject({ status: 'canceled' });
    const invoice = String(ended.data.latest_invoice);
    expect(await story.call('GET', `/v1/billing/invoices/${invoice}`)).toMatchObject({ id: invoice });
    expect(await refused(id, 'reactivate')).toMatchObject({
      status: 422,
      body: { error: { code: expect.stringMatching(/^stripe_/), message: expect.stringContaining('req_') } },
    });
  });

  it('is extended from the end of what is paid for, or until an instant, without a bill', async () => {
    const { id, items } = await subscribed();
    const end = Number(items.data[0]?.current_period_end);

    const longer = await post(id, 'extend', { seconds: 7 * DAY_SECONDS });

    expect(longer.data).toMatchObject({ status: 'trialing', trial_end: end + 7 * DAY_SECONDS });
    const until = new Date((end + 30 * DAY_SECONDS) * 1_000).toISOString();
    expect((await post(id, 'extend', { until })).data).toMatchObject({ trial_end: end + 30 * DAY_SECONDS });
    expect(await held(id)).toMatchObject({ trial_end: end + 30 * DAY_SECONDS });
  });

  it('changes its price and quantity for what the preview said', async () => {
    const { id, items } = await subscribed(3_000);
    const large = await monthlyPrice(stripe, 9_000);
    const change = { price: large.id, quantity: 2, prorationBehavior: 'always_invoice' };

    const preview = await post<Record<string, unknown>>(id, 'change/preview', change);

    expect(preview).toMatchObject({ currency: 'usd', recurringMinor: 18_000, nextRenewal: { amountMinor: 18_000 } });
    expect(preview.prorations).toEqual([
      expect.objectContaining({ amountMinor: -3_000, price: items.data[0]?.price.id, proration: true }),
      expect.objectContaining({ amountMinor: 18_000, price: large.id, quantity: 2, proration: true }),
    ]);
    expect(preview).toMatchObject({ prorationMinor: 15_000, dueNowMinor: 15_000 });
    expect(await held(id)).toMatchObject({ items: { data: [{ price: { unit_amount: 3_000 } }] } });

    const changed = await post(id, 'change', { ...change, prorationDate: preview.prorationDate });

    expect(changed.data).toMatchObject({ items: { data: [{ quantity: 2, price: { id: large.id } }] } });
    const invoice = await story.call<Shown>('GET', `/v1/billing/invoices/${String(changed.data.latest_invoice)}`);
    expect(invoice.data).toMatchObject({ amount_due: 15_000, billing_reason: 'subscription_update' });
  });

  it('puts what a change settles onto the next invoice, which the preview shows as such', async () => {
    const { id } = await subscribed(3_000);

    const preview = await post<Record<string, unknown>>(id, 'change/preview', { quantity: 3 });

    expect(preview).toMatchObject({ dueNowMinor: 0, prorationMinor: 6_000, recurringMinor: 9_000 });
    expect(preview.nextRenewal).toEqual({ at: '2026-04-10T12:00:00.000Z', amountMinor: 15_000 });
  });

  it('begins a new period when the anchor moves, and the preview says when the next one comes', async () => {
    const { id } = await subscribed(3_000);
    await story.sandbox.advance(10 * DAY_SECONDS);

    const preview = await post<Record<string, unknown>>(id, 'change/preview', {
      quantity: 2,
      billingCycleAnchor: 'now',
    });
    story.timeIs(NOON);

    expect(preview).toMatchObject({ dueNowMinor: 6_000 - 2_032, prorationMinor: -2_032, recurringMinor: 6_000 });
    expect(preview.nextRenewal).toEqual({ at: '2026-04-20T12:00:00.000Z', amountMinor: 6_000 });
  });

  it('shows every item after one was added, and none that was taken away', async () => {
    const { id, items } = await subscribed();
    const extra = await monthlyPrice(stripe, 500);
    const list = () => story.call<{ data: Shown[]; complete: boolean }>('GET', at(id, 'items'));

    await post(id, 'change', { items: [{ price: extra.id, quantity: 4 }] });

    expect(await list()).toMatchObject({ data: [{}, {}], complete: true });
    await post(id, 'change', { items: [{ id: items.data[0]?.id, deleted: true }] });
    expect((await list()).data).toMatchObject([{ data: { price: { id: extra.id }, quantity: 4 } }]);
    const answer = await refused(id, 'change', { items: [{ id: 'si_unknown', quantity: 1 }] });
    expect([404, 422]).toContain(answer.status);
    expect(answer.body).toMatchObject({
      error: { code: expect.stringMatching(/^stripe_/), field: expect.stringContaining('items[0]') },
    });
  });

  it('pauses its collection and resumes it', async () => {
    const { id } = await subscribed();
    const validity = () => story.call('GET', at(id, 'validity'));

    await post(id, 'pause', { behavior: 'mark_uncollectible', resumesAt: '2026-05-01T00:00:00Z' });

    expect(await validity()).toMatchObject({
      valid: true,
      reason: 'collection_paused',
      pauseBehavior: 'mark_uncollectible',
      resumesAt: '2026-05-01T00:00:00.000Z',
    });
    await post(id, 'pause', { behavior: 'void' });
    expect(await validity()).toMatchObject({ valid: false, reason: 'paused', resumesAt: null });
    expect((await post(id, 'resume')).data).toMatchObject({ pause_collection: null });
    expect(await validity()).toMatchObject({ valid: true, reason: 'active', pauseBehavior: null });
  });

  it('pauses as a whole and is resumed by Stripe’s own way', async () => {
    const { id } = await subscribed();

    expect((await post(id, 'pause', { what: 'subscription' })).data).toMatchObject({ status: 'paused' });
    expect(await story.call('GET', at(id, 'validity'))).toMatchObject({ valid: false, reason: 'paused' });
    expect((await post(id, 'resume', { billingCycleAnchor: 'now' })).data).toMatchObject({ status: 'active' });
    expect(await held(id)).toMatchObject({ status: 'active' });
  });

  it('shows a change that waits for its payment, and drops it', async () => {
    const { id, customer } = await subscribed();
    const declining = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: String(customer) });
    await stripe.customers.update(String(customer), { invoice_settings: { default_payment_method: declining.id } });
    const large = await monthlyPrice(stripe, 10_000);
    await post(id, 'change', {
      price: large.id,
      prorationBehavior: 'always_invoice',
      paymentBehavior: 'pending_if_incomplete',
    });

    const waiting = await story.call<Record<string, unknown>>('GET', at(id, 'pending-update'));

    expect(waiting).toMatchObject({ pending: true, items: [{ price: large.id, quantity: 1 }] });
    expect(waiting.expiresAt).toBe('2026-03-11T11:00:00.000Z');
    expect((await post(id, 'pending-update/cancel')).data).toMatchObject({ pending_update: null });
    expect(await story.call('GET', `/v1/billing/invoices/${String(waiting.invoice)}`)).toMatchObject({
      data: { status: 'void' },
    });
    expect(await story.call('GET', at(id, 'pending-update'))).toMatchObject({
      pending: false,
      invoice: null,
      items: [],
    });
    expect(await refused(id, 'pending-update/cancel')).toMatchObject({
      status: 422,
      body: { error: { code: 'no_pending_update', field: 'id' } },
    });
  });

  it('is changed once, however often the same request comes', async () => {
    const { id } = await subscribed();
    const key = { 'idempotency-key': randomId('key') };
    const extra = await monthlyPrice(stripe, 100);
    const body = { items: [{ price: extra.id }] };

    const first = await story.service.http<Shown>('POST', at(id, 'change'), body, key);
    const again = await story.service.http<Shown>('POST', at(id, 'change'), body, key);

    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(await held(id)).toMatchObject({ items: { data: [{}, {}] } });
  });
});

describe('what is refused before Stripe is asked', () => {
  it.each([
    ['cancel', {}, 'when', 'missing_field'],
    ['cancel', { when: 'someday' }, 'when', 'invalid_field'],
    ['cancel', { when: 'at' }, 'at', 'missing_field'],
    ['cancel', { when: 'period_end', prorate: true }, 'prorate', 'field_not_allowed'],
    ['cancel', { when: 'now', at: '2026-04-01T00:00:00Z' }, 'at', 'field_not_allowed'],
    ['extend', {}, 'until', 'invalid_extension'],
    ['extend', { until: '2026-03-01T00:00:00Z' }, 'until', 'invalid_extension'],
    ['extend', { seconds: -1 }, 'seconds', 'invalid_field'],
    ['change', {}, 'items', 'missing_field'],
    ['change', { items: [{ quantity: 2 }] }, 'items[0].id', 'missing_field'],
    ['change', { items: [{ price: 'price_1' }], quantity: 2 }, 'quantity', 'field_not_allowed'],
    ['change', { quantity: 1.5 }, 'quantity', 'invalid_field'],
    ['change/preview', { quantity: 1, paymentBehavior: 'default_incomplete' }, 'paymentBehavior', 'field_not_allowed'],
    ['pause', {}, 'behavior', 'missing_field'],
    ['pause', { what: 'subscription', behavior: 'void' }, 'behavior', 'field_not_allowed'],
    ['resume', { billingCycleAnchor: 'later' }, 'billingCycleAnchor', 'invalid_field'],
  ])('%s %j names %s', async (path, body, field, code) => {
    const { id } = await subscribed();

    expect(await refused(id, path, body)).toMatchObject({ status: 400, body: { error: { field, code } } });
  });

  it('says who does not know a subscription', async () => {
    expect(await refused('sub_nobody', 'extend', { seconds: 60 })).toMatchObject({
      status: 404,
      body: {
        error: {
          code: 'object_not_found',
          field: 'id',
          message: expect.stringContaining('neither the mirror nor Stripe'),
        },
      },
    });
    expect(await story.service.http('GET', at('sub_nobody', 'validity'))).toMatchObject({
      status: 404,
      body: { error: { code: 'object_not_found', message: expect.stringContaining('the mirror has no sub_nobody') } },
    });
  });

  it('asks for the scope that writes', async () => {
    const { id } = await subscribed();
    const reader = { authorization: `Bearer ${await story.service.newKey(['billing:read'])}` };

    const answer = await story.service.http('POST', at(id, 'cancel'), { when: 'now' }, reader);

    expect(answer.status).toBe(403);
  });
});

describe('over gRPC', () => {
  const call = (method: string, request: object) => story.service.grpc.call('Subscriptions', method, request);

  it('says and does the same', async () => {
    const { id, items } = await subscribed();

    const preview = await call('PreviewSubscriptionChange', { id, quantity: 2, prorationBehavior: 'always_invoice' });
    expect(preview.message).toMatchObject({ prorationMinor: 3_000, dueNowMinor: 3_000, recurringMinor: 6_000 });
    const changed = await call('ChangeSubscription', { id, items: [{ id: items.data[0]?.id, quantity: 2 }] });
    expect(JSON.parse(String(changed.message?.data))).toMatchObject({ items: { data: [{ quantity: 2 }] } });
    expect((await call('ListSubscriptionItems', { id })).message).toMatchObject({ complete: true, data: [{}] });
    expect((await call('CancelSubscription', { id, when: 'period_end' })).code).toBe(status.OK);
    expect((await call('ReactivateSubscription', { id })).code).toBe(status.OK);
    expect((await call('ExtendSubscription', { id, seconds: 60 })).code).toBe(status.OK);
    expect((await call('PauseSubscription', { id, behavior: 'void' })).code).toBe(status.OK);
    expect((await call('GetSubscriptionValidity', { id })).message).toMatchObject({ valid: false, reason: 'paused' });
    expect((await call('ResumeSubscription', { id })).code).toBe(status.OK);
    expect((await call('GetPendingUpdate', { id })).message).toMatchObject({ pending: false });
  });

  it('refuses with the same field and code', async () => {
    const { id } = await subscribed();

    const answer = await call('CancelSubscription', { id, when: 'at' });

    expect(answer.code).toBe(status.INVALID_ARGUMENT);
    expect(answer.body.error).toMatchObject({ code: 'missing_field', field: 'at' });
    expect((await call('CancelPendingUpdate', { id })).body.error).toMatchObject({ code: 'no_pending_update' });
  });
});
