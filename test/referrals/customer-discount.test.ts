import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { drainWithRefetches } from '../support/stripe-events.js';
import { Story } from '../support/story.js';
import { givenStranger, refused, unique } from './given.js';

interface Program {
  customerDiscount: ({ couponId: string; since: string } & Record<string, unknown>) | null;
}
interface Code {
  code: string;
  stripeCouponId: string | null;
  discount: Record<string, unknown> | null;
  promotionCode: { id: string | null; drift: string[]; error: string | null } | null;
}

const TWENTY = { percentOff: 20, duration: 'once' };
const TWENTY_SHOWN = { ...TWENTY, amountOffMinor: null, currency: null, months: null };

let story: Story;
let stripe: Stripe;

beforeAll(async () => {
  story = await Story.begin();
  const { host, port } = story.sandbox;
  stripe = new Stripe('sk_test_discount', { host, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 });
});
afterAll(() => story?.end());

const http = (method: string, path: string, body: object, headers = {}) =>
  story.service.http(method, path, body, headers);
const programWith = (customerDiscount: object | null, more: object = {}) =>
  story.program({ customerDiscount, ...more });
const discountOf = async (key: string) => (await story.call<Program>('GET', `/v1/programs/${key}`)).customerDiscount;
const change = async (key: string, customerDiscount: object | null) =>
  (await story.call<Program>('PATCH', `/v1/programs/${key}`, { customerDiscount })).customerDiscount;
const get = (code: string) => story.call<Code>('GET', `/v1/codes/${code}`);
const validity = (code: string) => story.call<object>('POST', `/v1/codes/${code}/validate`);
const toldStripe = () => (story.service.workers.get('promotion-codes') as PollingWorker).drain();

async function newCode(programKey: string, fields: object = {}): Promise<Code> {
  const partnerId = await story.partner();
  return story.call<Code>('POST', '/v1/codes', { programKey, partnerId, code: unique('Nia'), ...fields });
}

/** A coupon at Stripe that the mirror has. */
async function coupon(params: object): Promise<string> {
  const given = { params: { duration: 'once', ...params } };
  return (await story.call<{ id: string }>('POST', '/v1/billing/coupons', given)).id;
}

describe('the discount of a program', () => {
  it('is a coupon, made once, and a promotion code for each code', async () => {
    const key = await programWith({ amountOffMinor: 500, duration: 'repeating', months: 3 });
    const { couponId, since, ...terms } = (await discountOf(key))!;
    expect(terms).toEqual({ percentOff: null, amountOffMinor: 500, currency: 'usd', duration: 'repeating', months: 3 });
    expect(Date.parse(since)).not.toBeNaN();
    const [first, second] = [await newCode(key), await newCode(key)];
    expect(first).toMatchObject({ stripeCouponId: couponId, discount: terms, promotionCode: { drift: ['missing'] } });

    await toldStripe();

    expect(await stripe.coupons.retrieve(couponId)).toMatchObject({
      ...{ amount_off: 500, currency: 'usd', duration: 'repeating', duration_in_months: 3, name: '5.00 USD off' },
    });
    for (const { code } of [first, second]) {
      const { data } = await stripe.promotionCodes.list({ code });
      expect(data).toMatchObject([{ active: true, promotion: { coupon: couponId } }]);
      expect(await get(code)).toMatchObject({ discount: terms, promotionCode: { id: data[0]?.id, drift: [] } });
    }
  });

  it('is made once, though its answer was lost and Stripe has forgotten the key', async () => {
    const key = await programWith({ ...TWENTY, percentOff: 12.5 });
    const { couponId } = (await discountOf(key))!;
    await stripe.coupons.create({ id: couponId, percent_off: 12.5, duration: 'once' });
    const { code } = await newCode(key);

    await toldStripe();

    expect((await get(code)).promotionCode).toMatchObject({ id: expect.any(String), error: null });
    const [row] = await story.service.db.query<unknown[]>(
      `SELECT 1 FROM tributary.program_discount WHERE stripe_coupon_id = $1 AND made_at IS NOT NULL`,
      [couponId],
    );
    expect(row).toBeDefined();
  });

  it('lowers what the new customer pays, and with it what the partner earns', async () => {
    story.sandbox.setClock(new Date());
    const key = await programWith(TWENTY);
    const partnerId = await story.partner();
    const { code } = await story.call<Code>('POST', '/v1/codes', { programKey: key, partnerId, code: unique('Buy') });
    await toldStripe();
    const { promotionCode } = await get(code);
    const product = await stripe.products.create({ name: 'Plan' });
    const monthly = { unit_amount: 10_000, currency: 'usd', recurring: { interval: 'month' } } as const;
    const price = await stripe.prices.create({ product: product.id, ...monthly });
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: price.id, quantity: 1 }],
      allow_promotion_codes: true,
      success_url: 'https://example.com/thanks',
    });

    await story.sandbox.completeCheckout(session.id, { promotion_code: promotionCode?.id ?? '' });
    await story.sandbox.idle();
    await drainWithRefetches(story.service);

    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 1_600, state: 'pending' }]);
  });

  it('is for codes that are made later, and an older one is moved by hand', async () => {
    const key = await programWith(null);
    expect(await discountOf(key)).toBeNull();
    const before = await newCode(key);
    expect(before).toMatchObject({ stripeCouponId: null, discount: null, promotionCode: null });

    const { couponId } = (await change(key, TWENTY))!;
    expect(await get(before.code)).toEqual(before);
    expect(await story.call('PATCH', `/v1/codes/${before.code}`, { stripeCouponId: couponId })).toMatchObject({
      ...{ stripeCouponId: couponId, discount: TWENTY_SHOWN },
    });
    const during = await newCode(key);
    const { couponId: later } = (await change(key, { ...TWENTY, percentOff: 30 }))!;
    expect(await get(during.code)).toMatchObject({ stripeCouponId: couponId, discount: { percentOff: 20 } });
    expect(await newCode(key)).toMatchObject({ stripeCouponId: later, discount: { percentOff: 30 } });
    expect(await change(key, null)).toBeNull();
    expect(await newCode(key)).toMatchObject({ stripeCouponId: null, discount: null });

    const recorded = await story.service.db.query(
      `SELECT d.version, d.stripe_coupon_id AS coupon FROM tributary.program_discount d
         JOIN tributary.referral_program p ON p.workspace_id = d.workspace_id AND p.id = d.program_id
        WHERE p.key = $1 ORDER BY d.version`,
      [key],
    );
    expect(recorded).toEqual([
      { version: 1, coupon: couponId },
      { version: 2, coupon: later },
      { version: 3, coupon: null },
    ]);
  });

  it('said again stays the same, unless its coupon is gone from Stripe', async () => {
    const key = await programWith(TWENTY);
    const said = await discountOf(key);
    expect(await change(key, { duration: 'once', percentOff: 20 })).toEqual(said);
    await newCode(key);
    await toldStripe();
    await story.call('DELETE', `/v1/billing/coupons/${said?.couponId}`);
    expect(await discountOf(key)).toMatchObject({ couponId: said?.couponId, percentOff: null, duration: null });

    const anew = await change(key, TWENTY);
    expect(anew).toMatchObject({ percentOff: 20 });
    expect(anew?.couponId).not.toBe(said?.couponId);
  });

  it('gives way to what a code says of its own', async () => {
    const key = await programWith(TWENTY);
    const other = await coupon({ percent_off: 50, duration: 'forever' });
    const promotion = await story.call<{ id: string }>('POST', '/v1/billing/promotion_codes', {
      params: { code: unique('OWN'), promotion: { type: 'coupon', coupon: other } },
    });

    expect(await newCode(key, { stripeCouponId: null })).toMatchObject({ stripeCouponId: null, discount: null });
    expect(await newCode(key, { stripeCouponId: other })).toMatchObject({
      ...{ stripeCouponId: other, discount: { percentOff: 50, duration: 'forever' } },
    });
    expect(await newCode(key, { stripePromotionCodeId: promotion.id })).toMatchObject({
      ...{ stripeCouponId: null, discount: { percentOff: 50 } },
    });
  });

  it('is told to a shop while the code brings it', async () => {
    const { code } = await newCode(await programWith(TWENTY));
    await toldStripe();
    expect(await validity(code)).toMatchObject({ valid: true, discount: TWENTY_SHOWN });
    const overGrpc = await story.service.grpc.call('Referrals', 'ValidateCode', { code });
    expect(overGrpc.message).toMatchObject({ valid: true, discount: TWENTY });

    const { promotionCode } = await get(code);
    await story.call('PATCH', `/v1/billing/promotion_codes/${promotionCode?.id}`, { params: { active: false } });
    expect(await validity(code)).toMatchObject({ valid: true, discount: null });
    await story.call('PATCH', `/v1/codes/${code}`, { active: false });
    expect(await validity(code)).not.toHaveProperty('discount');

    const plain = await newCode(await programWith(null));
    expect(await validity(plain.code)).toMatchObject({ valid: true, discount: null });
  });

  it('is said over gRPC, too', async () => {
    const reward = { type: 'percentage', rateBps: 2_000 };
    const said = { key: unique('grpc'), name: 'Friends', reward, customerDiscount: TWENTY };
    const program = (await story.service.grpc.call('Referrals', 'CreateProgram', said)).message as unknown as Program;
    const { couponId } = (await discountOf(said.key))!;

    expect(program.customerDiscount).toMatchObject({ ...TWENTY, couponId });
    const partnerId = await story.partner();
    const made = await story.service.grpc.call('Referrals', 'CreateCode', { programKey: said.key, partnerId });
    expect(made.message).toMatchObject({ stripeCouponId: couponId, discount: TWENTY });
  });

  it('is refused where it contradicts itself, its program or Stripe', async () => {
    const key = await programWith({ couponId: await coupon({ amount_off: 500, currency: 'usd' }) });
    const euros = await coupon({ amount_off: 500, currency: 'eur' });
    const used = await coupon({ percent_off: 10, max_redemptions: 1 });
    await story.service.db.query(`UPDATE stripe.coupons SET data = jsonb_set(data, '{valid}', 'false') WHERE id = $1`, [
      used,
    ]);
    const gone = await coupon({ percent_off: 10 });
    await story.call('DELETE', `/v1/billing/coupons/${gone}`);
    const wrong: Array<[object, number, string, string]> = [
      [{ couponId: 'nothing' }, 404, 'coupon_not_found', '.couponId'],
      [{ couponId: gone }, 404, 'coupon_not_found', '.couponId'],
      [{ couponId: used }, 400, 'coupon_not_valid', '.couponId'],
      [{ couponId: euros }, 400, 'coupon_currency', '.couponId'],
      [{ couponId: euros, duration: 'once' }, 400, 'field_not_allowed', '.duration'],
      [{ amountOffMinor: 500, currency: 'eur', duration: 'once' }, 400, 'coupon_currency', '.currency'],
      [{ ...TWENTY, amountOffMinor: 500 }, 400, 'field_not_allowed', '.amountOffMinor'],
      [{ ...TWENTY, months: 3 }, 400, 'field_not_allowed', '.months'],
      [{ ...TWENTY, duration: 'repeating' }, 400, 'missing_field', '.months'],
      [{ percentOff: 20 }, 400, 'missing_field', '.duration'],
      [{ duration: 'once' }, 400, 'missing_field', ''],
      [{ ...TWENTY, percentOff: 12.345 }, 400, 'invalid_field', '.percentOff'],
      [{ ...TWENTY, percentOff: 2_000 }, 400, 'invalid_field', '.percentOff'],
    ];

    for (const [customerDiscount, status, code, below] of wrong) {
      const answer = await http('PATCH', `/v1/programs/${key}`, { customerDiscount });
      expect({ customerDiscount, ...answer }).toMatchObject(refused(status, code, `customerDiscount${below}`));
    }
  });

  it('needs a key for Stripe', async () => {
    const stranger = await givenStranger(story.service);
    const reward = { type: 'one_time', amountMinor: 1 };
    const answer = await http(
      'POST',
      '/v1/programs',
      { key: 'theirs', name: 'Theirs', reward, customerDiscount: TWENTY },
      stranger,
    );

    expect(answer).toMatchObject(refused(503, 'stripe_not_configured', 'customerDiscount'));
  });
});
