import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import type Stripe from 'stripe';
import type { Story } from '../support/story.js';
import { NOON, type Shown, SubscriptionStory } from './subscription-story.js';

const HALF_A_MONTH_SECONDS = 15.5 * 86_400;
const PERIOD_END = '2026-04-10T12:00:00.000Z';

let story: Story;
let stripe: Stripe;
let post: SubscriptionStory['post'];
let refused: SubscriptionStory['refused'];
let subscribed: SubscriptionStory['subscribed'];
beforeAll(async () => {
  ({ story, stripe, post, refused, subscribed } = await SubscriptionStory.begin());
});
afterAll(() => story.end());

/** The sandbox's time half a period later; the service's own clock follows it. */
async function inTheMiddle(run: () => Promise<void>): Promise<void> {
  await story.sandbox.advance(HALF_A_MONTH_SECONDS);
  await run().finally(() => story.timeIs(NOON));
}

describe('the preview of a cancellation at once', () => {
  it('shows the credit and the last invoice that the cancellation then makes', async () => {
    const { id } = await subscribed();
    await post(id, 'change', { quantity: 3 });

    await inTheMiddle(async () => {
      const preview = await post(id, 'cancel/preview', { prorate: true, invoiceNow: true });

      expect(preview).toMatchObject({
        currency: 'usd',
        prorations: [{ amountMinor: -3_000 }, { amountMinor: 9_000 }, { amountMinor: -4_500, quantity: 3 }],
        ...{ prorationMinor: 1_500, totalMinor: 1_500, dueNowMinor: 1_500 },
        lines: [{}, {}, {}],
      });
      const ended = await post(id, 'cancel', { when: 'now', prorate: true, invoiceNow: true });
      const last = await story.call<Shown>('GET', `/v1/billing/invoices/${String(ended.data.latest_invoice)}`);
      expect(last.data).toMatchObject({ total: 1_500, amount_due: 1_500 });
    });
  });

  it('tells the credit that stays with the customer when no invoice is made', async () => {
    const { id, customer } = await subscribed();

    await inTheMiddle(async () => {
      const preview = await post(id, 'cancel/preview', { prorate: true });

      expect(preview).toMatchObject({ prorationMinor: -1_500, lines: [], totalMinor: 0, dueNowMinor: 0 });
      expect((await stripe.invoiceItems.list({ customer: String(customer) })).data).toEqual([]);
      await post(id, 'cancel', { when: 'now', prorate: true });
      const { data } = await stripe.invoiceItems.list({ customer: String(customer) });
      expect(data).toMatchObject([{ amount: -1_500, invoice: null }]);
    });
  });

  it('shows nothing where nothing is settled', async () => {
    const { id } = await subscribed();

    expect(await post(id, 'cancel/preview')).toEqual({
      ...{ currency: 'usd', prorations: [], lines: [] },
      ...{ prorationMinor: 0, totalMinor: 0, dueNowMinor: 0 },
    });
    expect(await refused(id, 'cancel/preview', { prorate: 'yes' })).toMatchObject({
      status: 400,
      body: { error: { field: 'prorate', code: 'invalid_field' } },
    });
  });

  it('is the same over gRPC', async () => {
    const { id } = await subscribed();
    const call = (request: object) =>
      story.service.grpc.call('Subscriptions', 'PreviewSubscriptionCancellation', request);

    const answer = await call({ id, prorate: true, invoiceNow: true });

    expect(answer.message).toMatchObject({ prorationMinor: -3_000, totalMinor: -3_000, dueNowMinor: 0, lines: [{}] });
    await post(id, 'cancel', { when: 'now' });
    const refusal = await call({ id });
    expect(refusal.code).toBe(status.FAILED_PRECONDITION);
    expect(refusal.body.error).toMatchObject({ code: 'subscription_ended', field: 'id' });
  });
});

describe('the preview of a change to a subscription that ends', () => {
  it('has no renewal after what is billed at once', async () => {
    const { id } = await subscribed();
    await post(id, 'cancel', { when: 'period_end' });

    const preview = await post(id, 'change/preview', { quantity: 2, prorationBehavior: 'always_invoice' });

    expect(preview).toMatchObject({ dueNowMinor: 3_000, prorationMinor: 3_000, recurringMinor: 0 });
    expect(preview).toMatchObject({ nextRenewal: { at: null, amountMinor: 0 }, endsAt: PERIOD_END });
  });

  it('puts what waits onto an invoice at its end, which is then made', async () => {
    const { id, customer } = await subscribed();
    await post(id, 'cancel', { when: 'period_end' });

    const preview = await post<{ prorationDate: string }>(id, 'change/preview', { quantity: 2 });

    expect(preview).toMatchObject({ dueNowMinor: 0, recurringMinor: 0, endsAt: PERIOD_END });
    expect(preview).toMatchObject({ nextRenewal: { at: PERIOD_END, amountMinor: 3_000 } });
    await post(id, 'change', { quantity: 2, prorationDate: preview.prorationDate });
    await story.sandbox.advance(2 * HALF_A_MONTH_SECONDS);
    const { data } = await stripe.invoices.list({ customer: String(customer), limit: 1 });
    story.timeIs(NOON);
    expect(data).toMatchObject([{ amount_paid: 3_000, created: Date.parse(PERIOD_END) / 1_000 }]);
  });

  it('shows that nothing comes when the change settles nothing', async () => {
    const { id } = await subscribed();
    await post(id, 'cancel', { when: 'period_end' });

    const preview = await post(id, 'change/preview', { quantity: 2, prorationBehavior: 'none' });

    expect(preview).toMatchObject({ currency: 'usd', lines: [], dueNowMinor: 0, recurringMinor: 0 });
    expect(preview).toMatchObject({ nextRenewal: { at: null, amountMinor: 0 }, endsAt: PERIOD_END });
  });

  it('ends with the period that the change begins', async () => {
    const { id } = await subscribed();
    await post(id, 'cancel', { when: 'period_end' });

    await inTheMiddle(async () => {
      const preview = await post(id, 'change/preview', { quantity: 2, billingCycleAnchor: 'now' });

      expect(preview).toMatchObject({
        dueNowMinor: 6_000 - 1_500,
        recurringMinor: 0,
        endsAt: '2026-04-26T00:00:00.000Z',
      });
    });
  });

  it('knows the renewals before an end that is further off, and shows no end where none is planned', async () => {
    const { id } = await subscribed();
    expect(await post(id, 'change/preview', { quantity: 2 })).toMatchObject({ recurringMinor: 6_000, endsAt: null });
    await post(id, 'cancel', { when: 'at', at: '2026-06-01T00:00:00Z', prorationBehavior: 'none' });

    const preview = await post(id, 'change/preview', { quantity: 2 });

    expect(preview).toMatchObject({ recurringMinor: 6_000, endsAt: '2026-06-01T00:00:00.000Z' });
    expect(preview).toMatchObject({ nextRenewal: { at: PERIOD_END, amountMinor: 9_000 } });
  });
});

it.each(['change', 'change/preview', 'cancel/preview'])('%s says that a subscription has ended', async (path) => {
  const { id } = await subscribed();
  await post(id, 'cancel', { when: 'now' });

  expect(await refused(id, path, path === 'cancel/preview' ? {} : { quantity: 2 })).toMatchObject({
    status: 422,
    body: { error: { code: 'subscription_ended', field: 'id', message: expect.stringContaining('has ended') } },
  });
});
