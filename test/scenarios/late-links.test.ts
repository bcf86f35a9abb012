import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { checkoutBy, payment, Story, unix } from '../support/story.js';
import { drain, drainWithRefetches, randomId, stripeEvent } from '../support/stripe-events.js';
import { charge, checkoutSession, invoice, invoicePayment, refund } from '../support/stripe-objects.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
afterAll(() => story.end());
const NOON = '2026-03-01T12:00:00Z';
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A paid checkout of 50.00 USD without an invoice, and its charge. */
function oneOffPayment(customer: string, at: number, chargeFields: Record<string, unknown> = {}) {
  const pi = randomId('pi');
  const amounts = { amount_total: 5000, amount_subtotal: 5000, currency: 'usd', total_details: {} };
  return {
    pi,
    ch: charge({ customer, created: at, payment_intent: pi, ...chargeFields }),
    session: checkoutSession({ mode: 'payment', customer, created: at, payment_intent: pi, ...amounts }),
  };
}

describe('a link that arrives last', () => {
  it('earns when the Stripe customer of a known sign-up is told after the invoice', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const externalId = randomId('user');
    await story.call('POST', '/v1/referrals', { code, customer: { externalId } });
    await story.settle();
    const customer = randomId('cus');
    await story.happens(...payment({ customer, paidAt: unix(NOON) + 60 }).events);
    await story.call('POST', '/v1/referrals', { code, customer: { externalId, stripeCustomerId: customer } });
    await story.settle();
    expect((await story.commissions(partnerId)).map((c) => c.netMinor)).toEqual([1000]);
  });

  it('earns when the checkout that names the sign-up arrives after its invoice', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const clickId = await story.click(code);
    await story.call('POST', '/v1/referrals', { clickId, customer: { externalId: randomId('user') } });
    await story.settle();
    const customer = randomId('cus');
    const paidAt = unix(NOON) + 60;
    await story.happens(...payment({ customer, paidAt }).events);
    await story.happens(checkoutBy(clickId, customer, paidAt - 30));
    expect((await story.commissions(partnerId)).map((c) => c.netMinor)).toEqual([1000]);
  });

  it('moves the sales of a person who turns out to be another', async () => {
    story.timeIs(NOON);
    const a = await story.referrer();
    const partnerB = await story.partner('Bob');
    const codeB = await story.code(a.programKey, partnerB);
    const externalId = randomId('user');
    const customer = randomId('cus');
    const click = await story.click(codeB);
    await story.happens(checkoutBy(click, customer, unix(NOON) + 1));
    story.timeIs('2026-03-01T12:05:00Z');
    await story.call('POST', '/v1/referrals', { code: a.code, customer: { externalId } });
    await story.settle();
    const paidAt = unix(NOON) + 600;
    story.timeIs('2026-03-01T12:15:00Z');
    await story.happens(...payment({ customer, paidAt }).events);
    expect((await story.commissions(partnerB)).map((c) => c.netMinor)).toEqual([1000]);
    await story.call('POST', '/v1/referrals', { code: a.code, customer: { externalId, stripeCustomerId: customer } });
    await story.settle();
    const before = [
      (await story.commissions(a.partnerId)).map((c) => c.netMinor),
      (await story.commissions(partnerB)).map((c) => c.netMinor),
    ];
    // any later unrelated touch of the sale
    await story.service.db.query(
      `INSERT INTO tributary.settle_queue (workspace_id, account, kind, key) SELECT workspace_id, '', 'invoice', id FROM stripe.invoices WHERE customer=$1`,
      [customer],
    );
    await story.settle();
    const after = [
      (await story.commissions(a.partnerId)).map((c) => c.netMinor),
      (await story.commissions(partnerB)).map((c) => c.netMinor),
    ];
    expect(before).toEqual(after);
  });

  it('takes a one-off sale back when its payment turns out to have paid an invoice', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const customer = await story.referredCustomer(code);
    const at = unix(NOON) + 60;
    const { pi, ch, session } = oneOffPayment(customer, at);
    await story.happens(
      stripeEvent('charge.succeeded', ch, { created: at }),
      stripeEvent('checkout.session.completed', session, { created: at }),
    );
    const bill = invoice({ customer, created: at + 2 });
    await story.happens(
      stripeEvent('invoice.paid', bill, { created: at + 2 }),
      stripeEvent('invoice_payment.paid', invoicePayment(bill.id, pi, 5000, { created: at + 2 }), { created: at + 2 }),
    );
    expect((await story.commissions(partnerId)).map((c) => c.netMinor).filter((n) => n > 0)).toEqual([1000]);
  });

  it('counts the invoice, not its payment, as the first sale', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer({ reward: { type: 'one_time', amountMinor: 500 } });
    const customer = await story.referredCustomer(code);
    const at = unix(NOON) + 60;
    const { pi, ch, session } = oneOffPayment(customer, at);
    const bill = invoice({ customer, created: at + 2 });
    await story.happens(
      stripeEvent('invoice.paid', bill, { created: at + 2 }),
      stripeEvent('invoice_payment.paid', invoicePayment(bill.id, pi, 5000, { created: at + 2 }), { created: at + 2 }),
      stripeEvent('charge.succeeded', ch, { created: at }),
      stripeEvent('checkout.session.completed', session, { created: at }),
    );
    expect((await story.commissions(partnerId)).map((c) => c.netMinor).filter((n) => n > 0)).toEqual([500]);
  });

  it('takes a refund back that names only its payment', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const customer = await story.referredCustomer(code);
    const at = unix(NOON) + 60;
    const p = payment({ customer, paidAt: at });
    await story.happens(...p.events);
    await story.happens(
      stripeEvent(
        'refund.created',
        refund('', 5000, { created: at + 5, payment_intent: p.charge.payment_intent, charge: null }),
        { created: at + 5 },
      ),
    );
    expect((await story.commissions(partnerId)).map((c) => c.netMinor)).toEqual([0]);
  });

  it('finds the sale of a charge that names no customer', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const customer = await story.referredCustomer(code);
    const at = unix(NOON) + 60;
    const { ch, session } = oneOffPayment(customer, at, { customer: null });
    await story.happens(stripeEvent('checkout.session.completed', session, { created: at }));
    await story.happens(stripeEvent('charge.succeeded', ch, { created: at }));
    expect((await story.commissions(partnerId)).map((c) => c.netMinor)).toEqual([1000]);
  });

  it('binds every user of a promotion code that becomes known, however many', async () => {
    story.timeIs(NOON);
    const programKey = await story.program();
    const partnerId = await story.partner();
    const text = `LATE${randomId('x').slice(2, 10).toUpperCase()}`;
    await story.code(programKey, partnerId, text);
    const promo = randomId('promo');
    const at = unix(NOON) + 60;
    await story.service.db.query(
      `
    INSERT INTO stripe.checkout_sessions (workspace_id, account, id, data, created, source_updated_at, source_rank, undecided)
    SELECT $1, '', 'cs_h'||g, jsonb_build_object('id','cs_h'||g,'object','checkout.session','customer','cus_h'||g,'status','complete','mode','subscription','discounts', jsonb_build_array(jsonb_build_object('promotion_code',$2::text))), to_timestamp($3), to_timestamp($3), 1, false
      FROM generate_series(1,501) g`,
      [story.service.workspaceId, promo, at],
    );
    await story.happens(
      stripeEvent(
        'promotion_code.created',
        { id: promo, object: 'promotion_code', created: at, code: text, active: true },
        { created: at },
      ),
    );
    const [{ n }] = (await story.service.db.query<Array<{ n: string }>>(
      `SELECT count(*) n FROM tributary.attribution WHERE partner_id=$1`,
      [partnerId],
    )) as [{ n: string }];
    expect(Number(n)).toBe(501);
  });

  it('takes back what an invoice earned that is not paid any more', async () => {
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const customer = await story.referredCustomer(code);
    const at = unix(NOON) + 60;
    const p = payment({ customer, paidAt: at });
    await story.happens(...p.events);
    const open = { ...p.invoice, status: 'open', amount_paid: 0, status_transitions: { paid_at: null } };
    await story.happens(stripeEvent('invoice.updated', open, { created: at + 5 }));
    expect((await story.commissions(partnerId)).map((c) => c.netMinor)).toEqual([0]);
  });

  it('keeps the lines of an invoice whose discounts were asked for a second later', async () => {
    const { hostname, port } = new URL(story.sandbox.url);
    const stripe = new Stripe('sk_test_story', { host: hostname, port, protocol: 'http', telemetry: false });
    story.sandbox.setClock(new Date());
    const programKey = await story.program();
    const partnerId = await story.partner('A');
    const code = await story.code(programKey, partnerId, `ONLY${Date.now()}`);
    const { id: coupon } = await stripe.coupons.create({ duration: 'once', percent_off: 20 });
    const promotion = (await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon }, code })).id;
    const customer = await stripe.customers.create({ email: 'buyer@example.com' });
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: card.id } });
    const draft = await stripe.invoices.create({ customer: customer.id, discounts: [{ promotion_code: promotion }] });
    await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 10_000, currency: 'usd' });
    await stripe.invoices.pay(draft.id as string);
    await story.sandbox.idle();
    await drain(story.service, ['inbox', 'settle']);
    await sleep(2_100);
    await drainWithRefetches(story.service);
    const lines = await story.service.db.query<Array<{ deleted_at: unknown }>>(
      `SELECT id, deleted_at FROM stripe.invoice_line_items WHERE parent=$1`,
      [draft.id],
    );
    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 1_600 }]);
    expect(lines.every((l) => l.deleted_at === null)).toBe(true);
  }, 60000);

  it.each([
    ['control', false],
    ['race', true],
  ])('is settled under the right lock when two persons are joined meanwhile (%s)', async (_n, race) => {
    const { db, workspaceId: w } = story.service;
    story.timeIs(NOON);
    const { partnerId, code } = await story.referrer();
    const externalId = randomId('user');
    await story.call('POST', '/v1/referrals', { code, customer: { externalId } });
    const click = await story.click(code);
    const [c1, c2] = [randomId('cus'), randomId('cus')];
    const at = unix(NOON) + 60;
    await story.happens(checkoutBy(click, c1, at));
    await db.query(
      `INSERT INTO tributary.customer_link SELECT workspace_id, account, $2, customer_id FROM tributary.customer_link WHERE stripe_customer_id = $1`,
      [c1, c2],
    );
    const p = payment({ customer: c2, paidAt: at + 1 });
    await story.happens(...p.events);
    expect((await story.commissions(partnerId)).map((c) => c.netMinor)).toEqual([1000]);
    const links = (await db.query(
      `SELECT customer_id FROM tributary.customer_link WHERE stripe_customer_id = ANY($1)`,
      [[c1, c2]],
    )) as Array<{ customer_id: string }>;
    expect(new Set(links.map((l) => l.customer_id)).size).toBe(1);
    const q = links[0]!.customer_id;
    const touch = () =>
      db.query(`INSERT INTO tributary.settle_queue (workspace_id, account, kind, key) VALUES ($1,'','invoice',$2)`, [
        w,
        p.invoice.id,
      ]);
    const ensure = () => story.call('POST', '/v1/referrals', { code, customer: { externalId, stripeCustomerId: c1 } });
    if (race) {
      const runner = db.createQueryRunner();
      await runner.startTransaction();
      await runner.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`person/${w}/${q}`]);
      const http = ensure();
      await sleep(400);
      await touch();
      const settled = (story.service.workers.get('settle') as unknown as { drain(): Promise<number> }).drain();
      await sleep(400);
      await runner.commitTransaction();
      await runner.release();
      await http;
      await settled;
    } else {
      await ensure();
      await touch();
    }
    await story.settle();
    const rows = await story.commissions(partnerId);
    expect(rows.filter((c) => c.netMinor > 0).map((c) => c.netMinor)).toEqual([1000]);
  });
});
