import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { signPayload } from '../../sandbox/webhooks/signature.js';
import { payingCustomer, Receiver, startSandbox } from './support.js';

describe('events', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;
  let receiver: Receiver;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox({ delivery: { retryDelaysMs: [5, 5] } }));
    receiver = await Receiver.start();
    receiver.secret = sandbox.addWebhookEndpoint({ url: receiver.url }).secret;
  });
  afterEach(async () => {
    await sandbox.stop();
    await receiver.stop();
  });

  const charge = async (amount: number): Promise<string> => {
    const intent = await stripe.paymentIntents.create({
      amount,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    return intent.latest_charge as string;
  };

  it('tell the old values of what changed, and only of that', async () => {
    const customer = await stripe.customers.create({ name: 'Jo', metadata: { plan: 'a', team: 'x' } });
    await stripe.customers.update(customer.id, { metadata: { plan: 'b', since: '2026' } });
    const id = await charge(10_000);
    await stripe.refunds.create({ charge: id, amount: 4_000 });
    await stripe.refunds.create({ charge: id });

    const [updated] = sandbox.events('customer.updated');
    expect(updated?.data.previous_attributes).toEqual({ metadata: { plan: 'a', since: null } });
    expect(sandbox.events('charge.refunded').map(({ data }) => data.previous_attributes)).toEqual([
      { amount_refunded: 0 },
      { amount_refunded: 4_000, refunded: false },
    ]);
  });

  it('name the request that caused them, and none for what happens by itself', async () => {
    const made = await stripe.customers.create({ name: 'Jo' }, { idempotencyKey: 'key-1' });
    const [created] = sandbox.events('customer.created');
    expect(created?.request).toEqual({ id: made.lastResponse.requestId, idempotency_key: 'key-1' });

    sandbox.addFunds(100);
    expect(sandbox.events('topup.created')[0]?.request).toEqual({ id: null, idempotency_key: null });
  });

  it('are delivered again until the endpoint takes them', async () => {
    receiver.answer = (delivery) => (delivery < 3 ? 500 : 200);

    const customer = await stripe.customers.create({});
    await sandbox.idle();

    expect(receiver.events).toMatchObject([{ type: 'customer.created', data: { object: { id: customer.id } } }]);
    expect(sandbox.deliveries.list()).toMatchObject([{ status: 'delivered', attempts: 3 }]);
  });

  it('are given up after the last attempt, and can be delivered by hand', async () => {
    receiver.answer = () => 500;
    await stripe.customers.create({});
    await sandbox.idle();
    const [failed] = sandbox.deliveries.list({ status: 'failed' });
    expect(failed).toMatchObject({ attempts: 3, lastStatus: 500 });

    receiver.answer = () => 200;
    sandbox.redeliver(failed?.eventId ?? '', 3);
    await sandbox.idle();

    expect(new Set(receiver.events.map(({ id }) => id))).toEqual(new Set([failed?.eventId]));
    expect(receiver.events).toHaveLength(3);
  });

  it('are held and released in any order', async () => {
    sandbox.deliveries.hold();
    const customer = await stripe.customers.create({});
    await stripe.customers.update(customer.id, { name: 'Jo' });
    await stripe.customers.del(customer.id);
    await sandbox.idle();
    expect(receiver.events).toEqual([]);

    for (const type of ['customer.deleted', 'customer.created', 'customer.updated']) {
      sandbox.deliveries.release([sandbox.events(type)[0]?.id ?? '']);
      await sandbox.idle();
    }

    expect(receiver.types).toEqual(['customer.deleted', 'customer.created', 'customer.updated']);
  });

  it('come twice, in disorder or not at all when asked for', async () => {
    sandbox.deliveries.misbehave({ copies: 2, shuffleWindowMs: 20, dropTypes: ['charge.succeeded'] });

    await charge(500);
    await sandbox.idle();

    const types = ['payment_intent.created', 'payment_intent.succeeded'];
    expect([...receiver.types].sort()).toEqual([...types, ...types].sort());
    expect(sandbox.deliveries.list({ status: 'dropped' })).toHaveLength(2);
  });

  it('are signed with every secret while one is rotated', async () => {
    const [endpoint] = (await stripe.webhookEndpoints.list()).data;
    const old = receiver.secret;
    const fresh = sandbox.rotateSecret(endpoint?.id ?? '');
    await stripe.customers.create({});
    receiver.secret = fresh;
    await stripe.customers.create({});
    await sandbox.idle();
    expect(receiver.rejected).toEqual([]);

    sandbox.dropOldSecrets(endpoint?.id ?? '');
    receiver.secret = old;
    await stripe.customers.create({});
    await sandbox.idle();

    expect(receiver.events).toHaveLength(2);
    expect(receiver.rejected).not.toEqual([]);
  });

  it('of connected accounts carry the account and go to Connect endpoints only', async () => {
    const connect = await Receiver.start();
    connect.secret = sandbox.addWebhookEndpoint({ url: connect.url, connect: true }).secret;
    const account = await stripe.accounts.create({ capabilities: { transfers: { requested: true } } });
    sandbox.setCapability(account.id, 'transfers', 'inactive');
    sandbox.deauthorizeAccount(account.id);
    await sandbox.idle();

    expect([...connect.types].sort()).toEqual([
      'account.application.deauthorized',
      'account.updated',
      'capability.updated',
    ]);
    expect(connect.events.every((event) => event.account === account.id)).toBe(true);
    expect(receiver.events).toEqual([]);
    await connect.stop();
    await expect(stripe.accounts.retrieve(account.id)).rejects.toMatchObject({ code: 'account_invalid' });
  });

  it('of a dispute follow the money', async () => {
    const id = await charge(10_000);
    const dispute = sandbox.openDispute(id, { amount: 4_000 });
    sandbox.withdrawDispute(dispute.id);
    sandbox.reinstateDispute(dispute.id);
    const closed = sandbox.closeDispute(dispute.id, 'won');

    expect(closed.balance_transactions.map(({ amount }) => amount)).toEqual([-4_000, 4_000]);
    const told = sandbox
      .events()
      .map(({ type }) => type)
      .filter((type) => type.startsWith('charge.dispute'));
    expect(told).toEqual([
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.funds_reinstated',
      'charge.dispute.closed',
    ]);
  });

  it('of a declined card say so, and the payment stays on record', async () => {
    const customer = await payingCustomer(stripe, 'pm_card_chargeCustomerFail');
    const failing = stripe.paymentIntents.create({
      amount: 500,
      currency: 'usd',
      customer: customer.id,
      payment_method: 'pm_card_chargeCustomerFail',
      confirm: true,
    });

    await expect(failing).rejects.toBeInstanceOf(Stripe.errors.StripeCardError);

    expect(
      sandbox
        .events()
        .map(({ type }) => type)
        .slice(-3),
    ).toEqual(['payment_intent.created', 'charge.failed', 'payment_intent.payment_failed']);
    expect((await stripe.charges.list({ customer: customer.id })).data).toMatchObject([
      { status: 'failed', paid: false },
    ]);
  });

  it('sign any bytes for tests of the receiving side', () => {
    const body = '{"id":"evt_1","object":"event"}';
    const header = signPayload(body, ['whsec_new', 'whsec_old']);

    expect(Stripe.webhooks.constructEvent(body, header, 'whsec_old')).toMatchObject({ id: 'evt_1' });
    expect(() => Stripe.webhooks.constructEvent(body, header, 'whsec_other')).toThrow();
  });
});
