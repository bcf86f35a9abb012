import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { givenStranger, refused, unique } from './given.js';
import { stripeEvent } from '../support/stripe-events.js';
import { Story } from '../support/story.js';

interface Code {
  code: string;
  stripePromotionCodeId: string | null;
  stripeCouponId: string | null;
  promotionCode: { id: string | null; active: boolean | null; drift: string[]; error: string | null } | null;
}
interface AtStripe {
  id: string;
  active: boolean;
  code: string;
  expires_at: number | null;
  max_redemptions: number | null;
  metadata: Record<string, string>;
  promotion: { coupon: string };
}

let story: Story;

beforeAll(async () => {
  story = await Story.begin();
});
afterAll(() => story?.end());

const post = (path: string, body: object, headers = {}) => story.service.http('POST', path, body, headers);
const patch = async (code: string, change: object) => story.call<Code>('PATCH', `/v1/codes/${code}`, change);
const get = (code: string) => story.call<Code>('GET', `/v1/codes/${code}`);
const worker = () => story.service.workers.get('promotion-codes') as PollingWorker;

/** A coupon at Stripe that the mirror has. */
async function coupon(params: object = { percent_off: 20 }): Promise<string> {
  const given = { params: { duration: 'once', ...params } };
  return (await story.call<{ id: string }>('POST', '/v1/billing/coupons', given)).id;
}

async function withCoupon(fields: object = {}, program: Record<string, unknown> = {}) {
  const programKey = await story.program(program);
  const partnerId = await story.partner();
  const stripeCouponId = await coupon();
  const chosen = { programKey, partnerId, code: unique('Ada'), stripeCouponId, ...fields };
  const { code } = await story.call<Code>('POST', '/v1/codes', chosen);
  return { code, partnerId, programKey, stripeCouponId };
}

/** What Stripe itself has of the code, newest first. */
async function atStripe(code: string): Promise<AtStripe[]> {
  const answer = await fetch(`${String(story.service.sandbox?.url)}/v1/promotion_codes?code=${code}&limit=100`, {
    headers: { authorization: 'Bearer sk_test_promotion' },
  });
  return ((await answer.json()) as { data: AtStripe[] }).data;
}

describe('a code that was renamed', () => {
  it('is still named by its old text in metadata and by a promotion code of that text', async () => {
    const { code, partnerId } = await withCoupon({ stripeCouponId: null });
    await patch(code, { code: unique('Later') });
    const at = Math.floor(story.service.clock.now().getTime() / 1_000);
    const [tagged, discounted] = [unique('cus_tagged'), unique('cus_discounted')];
    const customer = { id: tagged, object: 'customer', created: at, metadata: { referral_code: code.toLowerCase() } };
    const promotion = { id: unique('promo_old'), object: 'promotion_code', code, active: true, created: at };
    const session = { id: unique('cs_old'), object: 'checkout.session', created: at, status: 'complete' };
    const discounts = [{ coupon: null, promotion_code: promotion.id }];

    await story.happens(
      stripeEvent('customer.created', customer, { created: at }),
      stripeEvent('promotion_code.created', promotion, { created: at }),
      stripeEvent('checkout.session.completed', { ...session, customer: discounted, discounts }, { created: at }),
    );

    const bound = await story.service.db.query(
      `SELECT l.stripe_customer_id AS id FROM tributary.attribution a
         JOIN tributary.customer_link l ON l.workspace_id = a.workspace_id AND l.customer_id = a.customer_id
        WHERE a.partner_id = $1 ORDER BY 1`,
      [partnerId],
    );
    expect(bound).toEqual([{ id: discounted }, { id: tagged }]);
  });
});

describe('a code with a coupon', () => {
  it('stands at Stripe as one promotion code, however often that is tried', async () => {
    const expiresAt = new Date(story.service.clock.now().getTime() + 86_400_000).toISOString();
    const { code, stripeCouponId } = await withCoupon({ maxUses: 7, expiresAt });
    expect((await get(code)).promotionCode).toEqual({ id: null, active: null, drift: ['missing'], error: null });

    await worker().drain();
    await story.service.db.query(`UPDATE tributary.code_promotion SET due_at = now()`);
    await Promise.all([worker().drain(), worker().drain()]);

    const [made, ...others] = await atStripe(code);
    expect(others).toEqual([]);
    expect(made).toMatchObject({
      ...{ active: true, code, max_redemptions: 7, promotion: { coupon: stripeCouponId } },
      expires_at: Math.floor(Date.parse(expiresAt) / 1_000),
    });
    expect(await get(code)).toMatchObject({
      ...{ stripeCouponId, stripePromotionCodeId: made?.id },
      promotionCode: { id: made?.id, active: true, drift: [], error: null },
    });
  });

  it('is made once, though its answer was lost', async () => {
    const { code } = await withCoupon();
    await worker().drain();
    // As if the process had died between Stripe's answer and our row.
    await story.service.db.query(`DELETE FROM tributary.code_promotion_made WHERE id = $1`, [
      (await atStripe(code))[0]?.id,
    ]);
    await story.service.db.query(`UPDATE tributary.referral_code SET stripe_promotion_code_id = NULL WHERE code = $1`, [
      code,
    ]);
    await story.service.db.query(`UPDATE tributary.code_promotion SET due_at = now()`);

    await worker().drain();

    const all = await atStripe(code);
    expect(all).toHaveLength(1);
    expect((await get(code)).promotionCode).toMatchObject({ id: all[0]?.id, drift: [] });
  });

  it('is suspended and reactivated there, too', async () => {
    const { code } = await withCoupon();
    await worker().drain();

    await patch(code, { active: false, reason: 'a pause' });
    expect((await get(code)).promotionCode).toMatchObject({ active: true, drift: ['active'] });
    await worker().drain();
    expect(await atStripe(code)).toMatchObject([{ active: false }]);
    expect((await get(code)).promotionCode).toMatchObject({ active: false, drift: [] });

    await patch(code, { active: true });
    await worker().drain();
    expect(await atStripe(code)).toMatchObject([{ active: true }]);
  });

  it('gets another promotion code where Stripe lets nobody change the old one, and keeps whom both bring', async () => {
    const { code, partnerId } = await withCoupon({ maxUses: 5 });
    await worker().drain();
    const [first] = await atStripe(code);
    const renamed = unique('Renamed');

    await patch(code, { code: renamed, maxUses: 4 });
    expect((await get(code)).promotionCode).toMatchObject({ drift: ['code', 'max_redemptions'] });
    await worker().drain();

    expect(await atStripe(code)).toMatchObject([{ id: first?.id, active: false }]);
    const [second] = await atStripe(renamed);
    expect(second).toMatchObject({ active: true, max_redemptions: 4 });
    expect((await get(renamed)).promotionCode).toMatchObject({ id: second?.id, drift: [] });

    const at = Math.floor(story.service.clock.now().getTime() / 1_000);
    for (const promotion of [first, second]) {
      const customer = unique('cus_used');
      const discounts = [{ coupon: null, promotion_code: promotion?.id }];
      const session = { id: unique('cs_used'), object: 'checkout.session', created: at, customer, discounts };
      await story.happens(
        stripeEvent('checkout.session.completed', { ...session, status: 'complete' }, { created: at }),
      );
    }
    const bound = await story.service.db.query(`SELECT 1 FROM tributary.attribution WHERE partner_id = $1`, [
      partnerId,
    ]);
    expect(bound).toHaveLength(2);
  });

  it('tells where Stripe has drifted, and is set right by naming the coupon again', async () => {
    const { code, stripeCouponId } = await withCoupon();
    await worker().drain();
    const { promotionCode } = await get(code);
    await story.call('PATCH', `/v1/billing/promotion_codes/${promotionCode?.id}`, { params: { active: false } });

    expect((await get(code)).promotionCode).toMatchObject({ active: false, drift: ['active'] });
    await patch(code, { stripeCouponId });
    await worker().drain();

    expect((await get(code)).promotionCode).toEqual({ ...promotionCode, active: true, drift: [] });
  });

  it('says what Stripe refuses, and goes on when it is named again', async () => {
    const taken = unique('Taken');
    const params = { code: taken, promotion: { type: 'coupon', coupon: await coupon() } };
    const { id } = await story.call<{ id: string }>('POST', '/v1/billing/promotion_codes', { params });
    const { code, stripeCouponId } = await withCoupon({ code: taken });

    await worker().drain();
    expect((await get(code)).promotionCode).toMatchObject({
      ...{ id: null, drift: ['missing'], error: expect.stringMatching(/^code: Stripe refused/) },
    });

    await story.call('PATCH', `/v1/billing/promotion_codes/${id}`, { params: { active: false } });
    await patch(code, { stripeCouponId });
    await worker().drain();
    expect((await get(code)).promotionCode).toMatchObject({ active: true, drift: [], error: null });
  });

  it('ends its promotion code without the coupon', async () => {
    const { code } = await withCoupon();
    await worker().drain();

    await patch(code, { stripeCouponId: null });
    await worker().drain();

    expect(await atStripe(code)).toMatchObject([{ active: false }]);
    expect(await get(code)).toMatchObject({ stripeCouponId: null, stripePromotionCodeId: null, promotionCode: null });
  });

  it('is refused where the coupon does not fit', async () => {
    const { code, programKey, partnerId } = await withCoupon();
    const euros = await coupon({ amount_off: 500, currency: 'eur' });
    const of = (stripeCouponId: string, more = {}) =>
      post('/v1/codes', { programKey, partnerId, stripeCouponId, ...more });

    expect(await of(euros)).toMatchObject(refused(400, 'coupon_currency', 'stripeCouponId'));
    expect(await story.service.http('PATCH', `/v1/codes/${code}`, { stripeCouponId: euros })).toMatchObject(
      refused(400, 'coupon_currency', 'stripeCouponId'),
    );
    expect(await of('nothing')).toMatchObject(refused(404, 'coupon_not_found', 'stripeCouponId'));
    const both = await of(await coupon(), { stripePromotionCodeId: 'promo_1' });
    expect(both).toMatchObject(refused(400, 'field_not_allowed', 'stripePromotionCodeId'));
    expect((await of(await coupon({ amount_off: 500, currency: 'usd' }))).status).toBe(201);

    const stranger = await givenStranger(story.service);
    const reward = { type: 'one_time', amountMinor: 1 };
    await post('/v1/programs', { key: 'theirs', name: 'Theirs', reward }, stranger);
    const { body } = await post('/v1/partners', { externalId: 'theirs' }, stranger);
    const theirs = { programKey: 'theirs', partnerId: body.id, stripeCouponId: await coupon() };
    expect(await post('/v1/codes', theirs, stranger)).toMatchObject(refused(404, 'coupon_not_found', 'stripeCouponId'));
  });
});
