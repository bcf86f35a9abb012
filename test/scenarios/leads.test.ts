import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ordersOf, payment, Story, unix } from '../support/story.js';
import { randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
beforeEachAtNoon();
afterAll(() => story?.end());

const NOON = '2026-03-01T12:00:00Z';
const AT = unix(NOON);
const FLAT = { type: 'one_time', amountMinor: 500 };

function beforeEachAtNoon(): void {
  beforeAll(() => story.timeIs(NOON));
}

const leadRule = (on = 'sign_up', more = {}) => ({ key: 'lead', on, reward: FLAT, ...more });

/** A partner in a program of their own that pays for leads. */
const referrer = (rule: object = leadRule(), terms: Record<string, unknown> = {}) =>
  story.referrer({ reward: undefined, rules: [rule], ...terms });

/** Stripe tells of a customer that names the code. */
function customerBy(code: string, fields: Record<string, unknown> = {}): StripeEvent {
  const { created = AT, ...more } = fields;
  const metadata = { referral_code: code, ...(more.metadata as object) };
  const customer = { id: randomId('cus'), object: 'customer', created, ...more, metadata };
  return stripeEvent('customer.created', customer, { created: Number(created) });
}

const idOf = (event: StripeEvent): string => (event.data as { object: { id: string } }).object.id;

function trialOf(customer: string, startedAt: number, fields: Record<string, unknown> = {}): StripeEvent {
  const trial = { trial_start: startedAt, trial_end: startedAt + 14 * 86_400, status: 'trialing' };
  const items = { object: 'list', data: [] };
  const subscription = { id: randomId('sub'), object: 'subscription', created: startedAt, customer, items, ...trial };
  return stripeEvent('customer.subscription.created', { ...subscription, ...fields }, { created: startedAt });
}

const claimsOf = (customer: StripeEvent) =>
  story.service.db.query<Array<{ id: string; mailbox: string }>>(
    `SELECT c.customer_id AS id, c.mailbox FROM tributary.lead_claim c
       JOIN tributary.customer_link l ON l.workspace_id = c.workspace_id AND l.customer_id = c.customer_id
      WHERE l.stripe_customer_id = $1`,
    [idOf(customer)],
  );

const earned = async (partnerId: string) =>
  (await story.commissions(partnerId)).filter(({ netMinor }) => netMinor !== 0);

describe('leads', () => {
  it('scenario 12: two Stripe customers with one e-mail earn a lead reward once, in every order and each twice', async () => {
    for (const twice of [false, true]) {
      for (const order of ordersOf([0, 1])) {
        const { partnerId, code } = await referrer();
        const email = `${randomId('mail')}@example.com`;
        const both = [customerBy(code, { email }), customerBy(code, { email: email.toUpperCase(), created: AT + 60 })];
        const tale = order.map((index) => both[index] as StripeEvent);

        for (const event of twice ? [...tale, ...tale] : tale) await story.happens(event);

        expect(await earned(partnerId)).toMatchObject([
          { amountMinor: 500, netMinor: 500, state: 'pending', sourceId: idOf(both[0] as StripeEvent) },
        ]);
        expect(await story.balance(partnerId)).toMatchObject([{ pendingMinor: 500 }]);
      }
    }
  });

  it('scenario 12: the e-mail may become known late, and by our own sign-ups', async () => {
    const { partnerId, code } = await referrer();
    const email = `${randomId('mail')}@example.com`;
    const external = [randomId('user'), randomId('user')];
    for (const externalId of external) await story.call('POST', '/v1/referrals', { code, customer: { externalId } });
    await story.settle();
    expect(await earned(partnerId)).toHaveLength(2);

    for (const externalId of external)
      await story.call('POST', '/v1/referrals', { code, customer: { externalId, email } });
    await story.settle();

    expect(await earned(partnerId)).toMatchObject([{ netMinor: 500 }]);
    expect(await story.balance(partnerId)).toMatchObject([{ pendingMinor: 500 }]);
  });

  it('earns once by a mailbox, also after its first person was erased', async () => {
    const { partnerId, code } = await referrer();
    const email = `${randomId('mail')}@example.com`;
    const first = customerBy(code, { email });
    await story.happens(first);
    const [{ id, mailbox } = { id: '', mailbox: '' }] = await claimsOf(first);

    await story.call('POST', `/v1/customers/${id}/erase`);
    await story.happens(trialOf(idOf(first), AT + 60), customerBy(code, { email, created: AT + 120 }));

    expect(await claimsOf(first)).toEqual([{ id, mailbox }]);
    expect(await earned(partnerId)).toMatchObject([{ netMinor: 500, sourceId: idOf(first) }]);
    const plain = createHash('sha256').update(`${story.service.workspaceId}\n${email}`).digest('base64url');
    expect(mailbox).not.toBe(plain);
  });

  it('earns once for a person with two Stripe customers, whenever they turn out to be one', async () => {
    const { partnerId, code } = await referrer();
    const externalId = randomId('user');
    await story.call('POST', '/v1/referrals', { code, customer: { externalId } });
    const stripe = customerBy(code, { created: AT + 60 });
    await story.happens(stripe);
    expect(await earned(partnerId)).toHaveLength(2);

    await story.call('POST', '/v1/referrals', { code, customer: { externalId, stripeCustomerId: idOf(stripe) } });
    await story.settle();

    expect(await earned(partnerId)).toMatchObject([{ netMinor: 500, occurredAt: '2026-03-01T12:00:00.000Z' }]);
  });

  it('pays the sign-up to whom it came by, and the sales to whom a later touch names', async () => {
    const rules = [leadRule(), { key: 'share', reward: { type: 'percentage', rateBps: 1_000 } }];
    const { programKey, partnerId, code } = await story.referrer({ reward: undefined, rules });
    const other = await story.partner('Bob');
    const otherCode = await story.code(programKey, other);
    const customer = await story.referredCustomer(code);
    await story.settle();
    story.timeIs('2026-03-02T12:00:00Z');
    await story.happens(
      stripeEvent(
        'customer.updated',
        { id: customer, object: 'customer', created: AT + 3_600, metadata: { referral_code: otherCode } },
        { created: AT + 3_600 },
      ),
      ...payment({ customer, paidAt: AT + 7_200 }).events,
    );
    story.timeIs(NOON);

    expect(await earned(partnerId)).toMatchObject([{ amountMinor: 500, source: 'sign_up' }]);
    expect(await earned(other)).toMatchObject([{ amountMinor: 500, source: 'invoice' }]);
  });

  it('moves to the sign-up that was earlier, and ends when there was a sale before it', async () => {
    const { programKey, partnerId, code } = await referrer();
    const other = await story.partner('Bob');
    const otherCode = await story.code(programKey, other);
    const customer = customerBy(code);
    await story.happens(customer);
    const cs = {
      ...{ id: randomId('cs'), object: 'checkout.session', mode: 'subscription', status: 'complete', created: AT - 60 },
      ...{ customer: idOf(customer), metadata: { referral_code: otherCode } },
    };
    await story.happens(stripeEvent('checkout.session.completed', cs, { created: AT - 60 }));
    expect(await earned(partnerId)).toEqual([]);
    expect(await earned(other)).toMatchObject([{ sourceId: cs.id, dueAt: '2026-03-31T11:59:00.000Z' }]);

    await story.happens(...payment({ customer: idOf(customer), paidAt: AT - 120 }).events);

    expect([...(await earned(partnerId)), ...(await earned(other))]).toEqual([]);
  });

  it('pays the first trial once, and keeps it when the trial is canceled', async () => {
    for (const order of ordersOf([0, 1, 2])) {
      const { partnerId, code } = await referrer(leadRule('trial_start'));
      const customer = await story.referredCustomer(code);
      const first = trialOf(customer, AT + 3_600);
      const { object } = first.data as { object: Record<string, unknown> };
      const ended = { ...object, status: 'canceled', canceled_at: AT + 7_200 };
      const all = [
        first,
        stripeEvent('customer.subscription.deleted', ended, { created: AT + 7_200 }),
        trialOf(customer, AT + 86_400),
      ];

      for (const index of order) await story.happens(all[index] as StripeEvent, all[index] as StripeEvent);

      expect(await earned(partnerId)).toMatchObject([
        { source: 'trial_start', sourceId: object.id, netMinor: 500, occurredAt: '2026-03-01T13:00:00.000Z' },
      ]);
    }
  });

  it('pays nothing for what is exempt, was before the binding, or came by nobody', async () => {
    const { partnerId, code } = await referrer(leadRule('trial_start'));
    await story.happens(trialOf(await story.referredCustomer(code), AT - 60));
    await story.happens(trialOf(await story.referredCustomer(code), AT + 60, { metadata: { referral: 'false' } }));
    await story.happens(trialOf(randomId('cus'), AT + 60));
    expect(await story.commissions(partnerId)).toEqual([]);

    const signUps = await referrer();
    await story.happens(customerBy(signUps.code, { metadata: { referral: 'false' } }));
    expect(await story.commissions(signUps.partnerId)).toEqual([]);
  });

  it('goes by the country and the metadata as far as they are known', async () => {
    const { partnerId, code } = await referrer(
      leadRule('sign_up', { when: { countries: ['DE'] }, except: { metadata: { plan: 'free' } } }),
    );
    await story.happens(customerBy(code), customerBy(code, { address: { country: 'FR' } }));
    await story.happens(customerBy(code, { address: { country: 'DE' }, metadata: { plan: 'free' } }));
    expect(await earned(partnerId)).toEqual([]);

    await story.happens(customerBy(code, { address: { country: 'DE' } }));
    expect(await earned(partnerId)).toHaveLength(1);
  });
});
