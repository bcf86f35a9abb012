import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkoutBy, payment, Story, unix } from '../support/story.js';
import { randomId, stripeEvent } from '../support/stripe-events.js';
import { checkoutSession, customer as stripeCustomer, invoiceLine, subscription } from '../support/stripe-objects.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story.end());

const T = unix('2026-03-10T12:00:00Z');
const iso = (seconds: number): string => new Date(seconds * 1_000).toISOString();
const pays = (customer: string, paidAt: number, invoice: Record<string, unknown> = {}) =>
  payment({ customer, paidAt, invoice }).events;

async function referred(terms: Record<string, unknown> = {}) {
  const made = await story.referrer(terms);
  return { ...made, customer: await story.referredCustomer(made.code) };
}

const setState = (key: string, state: string, at: number) =>
  story.call<{ state: string }>('POST', `/v1/programs/${key}/state`, { state, effectiveAt: iso(at) });

/** When the sales were that earn something. */
const earning = async (partnerId: string): Promise<string[]> =>
  (await story.commissions(partnerId)).filter(({ netMinor }) => netMinor !== 0).map(({ occurredAt }) => occurredAt);

describe('a partner who is deactivated', () => {
  it.each([
    ['before', false],
    ['after', false],
    ['before', true],
  ])('scenario 13: told %s the sales, with earnAfterDeactivation %s', async (when, earnAfterDeactivation) => {
    const { partnerId, customer } = await referred({ policies: { earnAfterDeactivation } });
    const deactivate = () => story.call('POST', `/v1/partners/${partnerId}/deactivate`, { effectiveAt: iso(T) });
    if (when === 'before') await deactivate();
    await story.happens(...pays(customer, T + 1), ...pays(customer, T - 1));
    if (when === 'after') await deactivate();
    await story.settle();

    expect(await earning(partnerId)).toEqual(earnAfterDeactivation ? [iso(T - 1), iso(T + 1)] : [iso(T - 1)]);
  });

  it('brings nobody new, until they are active again', async () => {
    const { partnerId, code } = await story.referrer();
    const away = { effectiveAt: '2026-02-01T00:00:00Z', reason: 'left' };
    const left = await story.call('POST', `/v1/partners/${partnerId}/deactivate`, away);
    expect(left).toMatchObject({ active: false, deactivatedAt: '2026-02-01T00:00:00.000Z' });
    const customer = await story.referredCustomer(code);
    await story.happens(...pays(customer, T));
    expect(await earning(partnerId)).toEqual([]);

    const back = await story.call('POST', `/v1/partners/${partnerId}/reactivate`, {
      effectiveAt: '2026-02-02T00:00:00Z',
    });
    await story.settle();

    expect(back).toMatchObject({ active: true, deactivatedAt: null });
    expect(await earning(partnerId)).toEqual([iso(T)]);
  });
});

describe('the state of a program', () => {
  it('as a draft binds nobody and earns nothing, before its time', async () => {
    const { programKey, partnerId, customer } = await referred({ state: 'draft' });
    await story.happens(...pays(customer, T));
    expect(await earning(partnerId)).toEqual([]);

    await setState(programKey, 'active', unix('2026-03-01T12:00:00Z'));
    await story.settle();

    expect(await earning(partnerId)).toEqual([iso(T)]);
  });

  it('paused earns for those who are bound, and binds nobody', async () => {
    const { programKey, partnerId, code, customer } = await referred();
    await setState(programKey, 'paused', T);
    const click = await story.click(code);
    const late = randomId('cus');

    await story.happens(checkoutBy(click, late, T + 1), ...pays(late, T + 2), ...pays(customer, T + 3));

    expect(await earning(partnerId)).toEqual([iso(T + 3)]);
  });

  it.each([['before'], ['after']])('archived earns nothing from then on, told %s the sales', async (when) => {
    const { programKey, partnerId, customer } = await referred();
    if (when === 'before') await setState(programKey, 'archived', T);
    await story.happens(...pays(customer, T), ...pays(customer, T - 1));
    if (when === 'after') await setState(programKey, 'archived', T);
    await story.settle();

    expect(await earning(partnerId)).toEqual([iso(T - 1)]);
  });

  it('is told to whoever asks whether a code is valid', async () => {
    const { programKey, partnerId, code } = await story.referrer();
    const validity = () => story.call('POST', `/v1/codes/${code}/validate`);
    expect(await validity()).toMatchObject({ valid: true });

    await setState(programKey, 'paused', unix('2026-03-01T12:00:00Z'));
    expect(await validity()).toMatchObject({ valid: false, reason: 'program_not_active' });

    await setState(programKey, 'active', unix('2026-03-01T12:00:00Z'));
    await story.call('POST', `/v1/partners/${partnerId}/deactivate`, { effectiveAt: '2026-03-01T12:00:00Z' });
    expect(await validity()).toMatchObject({ valid: false, reason: 'partner_not_active' });
  });

  it('changes as it may, and keeps its moments', async () => {
    const key = await story.program({ state: 'draft' });
    await setState(key, 'active', T);
    const paused = await setState(key, 'paused', T + 1);

    expect(paused).toMatchObject({
      state: 'draft',
      states: [{ state: 'draft' }, { state: 'active', from: iso(T) }, { state: 'paused', from: iso(T + 1) }],
    });
    const refused = async (state: string, at: number) =>
      (await story.service.http('POST', `/v1/programs/${key}/state`, { state, effectiveAt: iso(at) })).body;
    expect(await refused('draft', T + 2)).toMatchObject({ error: { code: 'transition_not_allowed', field: 'state' } });
    expect(await refused('active', T)).toMatchObject({
      error: { code: 'effective_before_last', field: 'effectiveAt' },
    });
  });
});

describe('what counts of a sale', () => {
  // Scenario 15's invoice: 100.00 less 10.00, shipping 5.00, 20 % tax on 95.00.
  const line = invoiceLine({
    amount: 10_000,
    discount_amounts: [{ amount: 1_000, discount: 'di_1' }],
    taxes: [{ amount: 1_800, tax_behavior: 'exclusive' }],
  });
  const shipping = { amount_subtotal: 500, amount_tax: 100, amount_total: 600 };
  const invoice = { total: 11_400, amount_due: 11_400, amount_paid: 11_400, shipping_cost: shipping };

  it.each([
    [{}, 1_800],
    [{ includeShipping: true }, 1_900],
    [{ includeTax: true }, 2_160],
    [{ includeTax: true, includeShipping: true }, 2_280],
  ])('with the policies %o', async (policies, amountMinor) => {
    const { partnerId, customer } = await referred({ policies });

    await story.happens(...payment({ customer, paidAt: T, lines: [{ ...line, id: randomId('il') }], invoice }).events);

    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor }]);
  });
});

describe('who had bought before', () => {
  it.each([
    [true, []],
    [false, [iso(T + 60), iso(T + 120)]],
  ])('scenario 8: with newCustomersOnly %s', async (newCustomersOnly, earned) => {
    const { partnerId, code } = await story.referrer({ policies: { newCustomersOnly } });
    const customer = randomId('cus');
    const click = await story.click(code);
    await story.happens(
      ...pays(customer, T - 86_400),
      checkoutBy(click, customer, T + 30),
      ...pays(customer, T + 60),
      ...pays(customer, T + 120),
    );

    expect(await earning(partnerId)).toEqual(earned);
    const [link] = await story.service.db.query<Array<{ id: string }>>(
      `SELECT customer_id AS id FROM tributary.customer_link WHERE stripe_customer_id = $1`,
      [customer],
    );
    const { data } = await story.call<{ data: object[] }>('GET', `/v1/attributions?customerId=${link?.id}`);
    expect(data).toMatchObject([{ evidence: [{ verdict: newCustomersOnly ? 'after_first_sale' : 'bound' }] }]);
  });
});

describe('metadata referral: false', () => {
  const no = { metadata: { referral: 'false' } };

  it.each([
    ['invoice', (customer: string) => pays(customer, T, no)],
    ['subscription', (customer: string) => withSubscription(customer, no, {})],
    ['checkout session', (customer: string) => withSubscription(customer, {}, no)],
    [
      'customer',
      (customer: string) => [
        stripeEvent('customer.created', stripeCustomer({ id: customer, ...no }), { created: T }),
        ...pays(customer, T),
      ],
    ],
  ])('scenario 14: on the %s, in either order', async (_what, events) => {
    for (const reversed of [false, true]) {
      const { partnerId, customer } = await referred();
      const told = events(customer);
      for (const event of reversed ? [...told].reverse() : told) await story.happens(event, event);

      expect(await earning(partnerId)).toEqual([]);
    }
  });

  it('ends when it is taken away', async () => {
    const { partnerId, customer } = await referred();
    const told = stripeCustomer({ id: customer, ...no });
    await story.happens(stripeEvent('customer.created', told, { created: T }), ...pays(customer, T));
    expect(await earning(partnerId)).toEqual([]);

    const after = { ...told, metadata: {} };
    await story.happens(
      stripeEvent('customer.updated', after, { created: T + 5, previous: { metadata: no.metadata } }),
    );

    expect(await earning(partnerId)).toEqual([iso(T)]);
  });
});

function withSubscription(customer: string, ofSubscription: object, ofSession: object) {
  const bought = subscription({ customer, created: T, ...ofSubscription });
  const session = checkoutSession({
    customer,
    created: T,
    subscription: bought.id,
    mode: 'subscription',
    ...ofSession,
  });
  const parent = { type: 'subscription_details', subscription_details: { subscription: bought.id, metadata: {} } };
  return [
    stripeEvent('customer.subscription.created', bought, { created: T }),
    stripeEvent('checkout.session.completed', session, { created: T }),
    ...pays(customer, T, { parent }),
  ];
}
