import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { Receiver, startSandbox } from './support.js';

const DAY = 86_400;

let sandbox: StripeSandbox;
let stripe: Stripe;
beforeEach(async () => ({ sandbox, stripe } = await startSandbox()));
afterEach(() => sandbox.stop());

const typesOf = (events: { data: Stripe.Event[] }): string[] => events.data.map(({ type }) => type);

describe('/v1/events', () => {
  it('is filtered by type, by types and by time, and paged with cursors', async () => {
    const customer = await stripe.customers.create({ name: 'Jo' });
    await sandbox.advance(DAY);
    await stripe.customers.update(customer.id, { name: 'Joanna' });
    await stripe.products.create({ name: 'Plan' });
    const [first] = sandbox.events();
    const since = (first?.created ?? 0) + DAY;

    expect(typesOf(await stripe.events.list())).toEqual(['product.created', 'customer.updated', 'customer.created']);
    expect(typesOf(await stripe.events.list({ type: 'customer.*' }))).toEqual(['customer.updated', 'customer.created']);
    expect(typesOf(await stripe.events.list({ types: ['customer.created', 'product.created'] }))).toEqual([
      'product.created',
      'customer.created',
    ]);
    expect(typesOf(await stripe.events.list({ created: { gte: since } }))).toEqual([
      'product.created',
      'customer.updated',
    ]);
    expect(typesOf(await stripe.events.list({ created: { lt: since } }))).toEqual(['customer.created']);
    expect(typesOf(await stripe.events.list({ limit: 1, ending_before: first?.id }))).toEqual(['customer.updated']);
    await expect(stripe.events.list({ type: 'a', types: ['b'] })).rejects.toMatchObject({ param: 'types' });
  });

  it('is forgotten after thirty days of the sandbox', async () => {
    await stripe.products.create({ name: 'Plan' });
    const [event] = sandbox.events();
    await sandbox.advance(30 * DAY);
    expect(typesOf(await stripe.events.list())).toEqual(['product.created']);

    await sandbox.advance(1);

    expect(typesOf(await stripe.events.list())).toEqual([]);
    await expect(stripe.events.retrieve(event?.id ?? '')).rejects.toMatchObject({ statusCode: 404 });
  });

  it('is the account’s own, by its header', async () => {
    const { id } = await stripe.accounts.create({ type: 'express' });
    await stripe.products.create({ name: 'Theirs' }, { stripeAccount: id });

    expect(typesOf(await stripe.events.list({}, { stripeAccount: id }))).toEqual(['product.created']);
    expect(typesOf(await stripe.events.list())).not.toContain('product.created');
  });

  it('tells which events did not arrive everywhere', async () => {
    const receiver = await Receiver.start();
    receiver.secret = sandbox.addWebhookEndpoint({ url: receiver.url, events: ['product.created'] }).secret;
    sandbox.deliveries.misbehave({ dropTypes: ['product.created'] });
    await stripe.products.create({ name: 'Lost' });
    sandbox.deliveries.misbehave();
    await stripe.products.create({ name: 'Found' });
    await sandbox.idle();

    const nameOf = ({ data }: Stripe.ApiList<Stripe.Event>): unknown[] =>
      data.map(({ data: { object } }) => (object as Stripe.Product).name);
    expect(nameOf(await stripe.events.list({ delivery_success: false }))).toEqual(['Lost']);
    expect(nameOf(await stripe.events.list({ delivery_success: true }))).toEqual(['Found']);
    await receiver.stop();
  });
});
