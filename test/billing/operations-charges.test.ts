import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import type Stripe from 'stripe';
import { randomId } from '../support/stripe-events.js';
import { Story } from '../support/story.js';
import { clientOf, payingCustomer } from '../sandbox/support.js';

interface Shown {
  id: string;
  data: Record<string, unknown>;
}
interface Refunded {
  refund: Shown;
  charge: Shown;
  leftMinor: number;
}

let story: Story;
let stripe: Stripe;
beforeAll(async () => {
  story = await Story.begin();
  stripe = clientOf(story.sandbox);
});
afterAll(() => story.end());

const path = (id: string, verb: string): string => `/v1/billing/charges/${id}/${verb}`;
const summary = (id: string) => story.call<Record<string, unknown>>('GET', path(id, 'summary'));
const post = <T>(id: string, verb: string, body: unknown = {}) => story.call<T>('POST', path(id, verb), body);
const refused = (id: string, verb: string, body: unknown = {}) =>
  story.service.http('POST', path(id, verb), body, { 'idempotency-key': randomId('key') });

async function charged(amount: number, more: Partial<Stripe.PaymentIntentCreateParams> = {}): Promise<string> {
  const customer = await payingCustomer(stripe);
  const intent = await stripe.paymentIntents.create({
    ...{ amount, currency: 'usd', customer: customer.id, payment_method: 'pm_card_visa', confirm: true },
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    ...more,
  });
  return String(intent.latest_charge);
}

describe('a refund', () => {
  it('gives a part back, then what is left, and never more', async () => {
    const id = await charged(5_000);

    const part = await post<Refunded>(id, 'refund', {
      amountMinor: 1_200,
      currency: 'USD',
      reason: 'requested_by_customer',
      metadata: { ticket: '7' },
    });

    expect(part.refund.data).toMatchObject({
      amount: 1_200,
      charge: id,
      reason: 'requested_by_customer',
      metadata: { ticket: '7' },
    });
    expect(part).toMatchObject({ leftMinor: 3_800, charge: { data: { amount_refunded: 1_200, refunded: false } } });
    expect(await summary(id)).toMatchObject({
      state: 'partially_refunded',
      explanation: 'Partially refunded: 12.00 USD of 50.00 USD went back.',
      refundedMinor: 1_200,
      leftMinor: 3_800,
      refunds: [part.refund.id],
    });
    expect(await refused(id, 'refund', { amountMinor: 3_801 })).toMatchObject({
      status: 422,
      body: {
        error: { code: 'refund_exceeds_charge', field: 'amountMinor', message: expect.stringContaining('38.00 USD') },
      },
    });
    expect(await post<Refunded>(id, 'refund')).toMatchObject({
      leftMinor: 0,
      refund: { data: { amount: 3_800 } },
      charge: { data: { refunded: true } },
    });
    expect(await summary(id)).toMatchObject({ state: 'refunded', leftMinor: 0 });
    expect(await refused(id, 'refund', { amountMinor: 50 })).toMatchObject({
      status: 422,
      body: { error: { code: 'nothing_to_refund', field: 'id' } },
    });
  });

  it('that the mirror cannot tell from a repetition is refused by Stripe itself', async () => {
    const id = await charged(2_000);
    await post(id, 'refund');

    const again = await refused(id, 'refund');

    expect(again).toMatchObject({
      status: 422,
      body: { error: { code: 'stripe_charge_already_refunded', message: expect.stringContaining('req_') } },
    });
    expect((await stripe.refunds.list({ charge: id })).data).toHaveLength(1);
  });

  it('is made once when its request comes twice, also when the first answer was lost', async () => {
    const id = await charged(3_000);
    const key = { 'idempotency-key': randomId('key') };
    const send = () => story.service.http<Refunded>('POST', path(id, 'refund'), { amountMinor: 3_000 }, key);

    const first = await send();
    await story.service.db.query(`DELETE FROM tributary.idempotency_key WHERE key = $1`, [key['idempotency-key']]);
    const again = await send();

    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.body.refund.id).toBe(first.body.refund.id);
    expect((await stripe.refunds.list({ charge: id })).data).toHaveLength(1);
  });

  it('needs a key, whole minor units and the charge’s own currency', async () => {
    const id = await charged(1_000);

    const answer = await story.service.http('POST', path(id, 'refund'), {});
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'idempotency_key_required' } } });
    const faults: Array<[body: object, field: string, code: string]> = [
      [{ amountMinor: 0 }, 'amountMinor', 'invalid_field'],
      [{ amountMinor: 9.99 }, 'amountMinor', 'invalid_field'],
      [{ currency: 'eur' }, 'currency', 'currency_mismatch'],
      [{ currency: 'xyz' }, 'currency', 'unknown_currency'],
      [{ reason: 'mood' }, 'reason', 'invalid_field'],
      [{ metadata: { a: 1 } }, 'metadata', 'invalid_field'],
      [{ amount: 100 }, 'amount', 'unknown_field'],
    ];
    for (const [body, field, code] of faults)
      expect(await refused(id, 'refund', body)).toMatchObject({ status: 400, body: { error: { field, code } } });
    expect(await summary(id).catch(() => null)).toMatchObject({ refundedMinor: 0 });
  });

  it('says who does not know the charge', async () => {
    expect(await refused('ch_nobody', 'refund')).toMatchObject({
      status: 404,
      body: { error: { code: 'object_not_found', message: expect.stringContaining('neither the mirror nor Stripe') } },
    });
    expect(await story.service.http('GET', path('ch_nobody', 'summary'))).toMatchObject({
      status: 404,
      body: { error: { message: expect.stringContaining('the mirror has no ch_nobody') } },
    });
  });
});

describe('a capture', () => {
  it('takes a part of what was authorized and lets the rest go', async () => {
    const id = await charged(4_000, { capture_method: 'manual' });
    await story.call('GET', `/v1/billing/charges/${id}?fresh=true`);
    expect(await summary(id)).toMatchObject({
      state: 'uncaptured',
      capturedMinor: 0,
      leftMinor: 0,
      feeMissing: 'not_taken',
    });
    expect(await refused(id, 'refund')).toMatchObject({
      status: 422,
      body: { error: { code: 'charge_not_captured' } },
    });
    expect(await refused(id, 'capture', { amountMinor: 4_001 })).toMatchObject({
      status: 422,
      body: { error: { code: 'capture_exceeds_authorization', field: 'amountMinor' } },
    });

    const captured = await post<Shown>(id, 'capture', { amountMinor: 2_500 });

    expect(captured.data).toMatchObject({ captured: true, amount_captured: 2_500 });
    expect(await summary(id)).toMatchObject({
      state: 'partially_captured',
      ...{ capturedMinor: 2_500, refundedMinor: 0, leftMinor: 2_500 },
    });
    expect(await refused(id, 'capture')).toMatchObject({
      status: 422,
      body: { error: { code: expect.stringMatching(/^stripe_/) } },
    });
  });
});

describe('over gRPC', () => {
  it('refunds and tells the same', async () => {
    const id = await charged(1_500);
    const headers = { 'idempotency-key': randomId('key') };
    const { grpc } = story.service;

    const given = await grpc.call<{ leftMinor: number }>(
      'Charges',
      'RefundCharge',
      { id, amountMinor: 500, metadata: '{"ticket":"8"}' },
      { headers },
    );

    expect(given.message).toMatchObject({ leftMinor: 1_000 });
    const told = await grpc.call('Charges', 'GetChargeSummary', { id });
    expect(told.message).toMatchObject({ state: 'partially_refunded', refundedMinor: 500 });
    const refusal = await grpc.call(
      'Charges',
      'RefundCharge',
      { id, amountMinor: 1_001 },
      { headers: { 'idempotency-key': randomId('key') } },
    );
    expect(refusal.code).toBe(status.FAILED_PRECONDITION);
    expect(refusal.body.error).toMatchObject({ code: 'refund_exceeds_charge', field: 'amountMinor' });
    expect((await grpc.call('Charges', 'RefundCharge', { id })).body.error?.code).toBe('idempotency_key_required');
  });

  it('captures', async () => {
    const id = await charged(900, { capture_method: 'manual' });

    const answer = await story.service.grpc.call(
      'Charges',
      'CaptureCharge',
      { id },
      { headers: { 'idempotency-key': randomId('key') } },
    );

    expect(JSON.parse(String(answer.message?.data))).toMatchObject({ captured: true, amount_captured: 900 });
  });
});
