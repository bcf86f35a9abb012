import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { assertSandboxAllowed } from '../../sandbox/guard.js';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { clientOf, startSandbox } from './support.js';

describe('protocol', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;
  let destination: string;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox());
    sandbox.addFunds(100_000);
    destination = (await stripe.accounts.create({ capabilities: { transfers: { requested: true } } })).id;
  });
  afterEach(() => sandbox.stop());

  const transfer = (amount: number, idempotencyKey: string): Promise<Stripe.Response<Stripe.Transfer>> =>
    stripe.transfers.create({ amount, currency: 'usd', destination }, { idempotencyKey });
  const transfers = async (): Promise<number> => (await stripe.transfers.list({ limit: 100 })).data.length;

  describe('idempotency keys', () => {
    it('replay the first answer to the same request', async () => {
      const first = await transfer(1_000, 'payout:1:1');
      const again = await transfer(1_000, 'payout:1:1');

      expect(again.id).toBe(first.id);
      expect(again.lastResponse.headers).toMatchObject({
        'idempotent-replayed': 'true',
        'idempotency-key': 'payout:1:1',
      });
      expect(first.lastResponse.headers).not.toHaveProperty('idempotent-replayed');
      expect(await transfers()).toBe(1);
      expect(sandbox.requests.list({ method: 'POST', path: '/v1/transfers' })).toMatchObject([
        { replayed: false },
        { replayed: true },
      ]);
    });

    it('refuse other parameters and another path', async () => {
      await transfer(1_000, 'payout:1:1');

      await expect(transfer(2_000, 'payout:1:1')).rejects.toMatchObject({
        type: 'StripeIdempotencyError',
        statusCode: 400,
      });
      await expect(stripe.customers.create({}, { idempotencyKey: 'payout:1:1' })).rejects.toMatchObject({
        statusCode: 400,
      });
    });

    it('replay a refusal too, so that a new attempt needs a new key', async () => {
      await expect(transfer(200_000, 'a:1')).rejects.toMatchObject({ code: 'balance_insufficient' });
      sandbox.addFunds(200_000);

      await expect(transfer(200_000, 'a:1')).rejects.toMatchObject({ code: 'balance_insufficient' });
      await expect(transfer(200_000, 'a:2')).resolves.toMatchObject({ amount: 200_000 });
    });

    it('do not keep what was refused before it began', async () => {
      const bad = { amount: 1_000, currency: 'usd', destination, colour: 'red' } as Stripe.TransferCreateParams;
      await expect(stripe.transfers.create(bad, { idempotencyKey: 'b' })).rejects.toMatchObject({
        code: 'parameter_unknown',
        param: 'colour',
      });

      await expect(transfer(1_000, 'b')).resolves.toMatchObject({ amount: 1_000 });
    });

    it('are in use while the first request is under way', async () => {
      sandbox.faults.add({ kind: 'latency', method: 'POST', path: '/v1/transfers', latencyMs: 100 });

      const [first, second] = await Promise.allSettled([transfer(1_000, 'c'), transfer(1_000, 'c')]);

      const [failed] = [first, second].filter((one) => one.status === 'rejected');
      expect(failed?.reason).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
      expect(await transfers()).toBe(1);
    });

    it('are forgotten after 24 hours of the sandbox’s clock', async () => {
      const first = await transfer(1_000, 'd');
      await sandbox.advance(86_399);
      expect((await transfer(1_000, 'd')).id).toBe(first.id);

      await sandbox.advance(1);

      expect((await transfer(1_000, 'd')).id).not.toBe(first.id);
    });
  });

  describe('faults', () => {
    it('answer 429 before anything else, and save nothing', async () => {
      sandbox.faults.add({ kind: 'rate_limit', path: '/v1/transfers', reason: 'global-rate', times: 2 });

      await expect(transfer(1_000, 'e')).rejects.toMatchObject({
        type: 'StripeRateLimitError',
        headers: { 'stripe-rate-limited-reason': 'global-rate' },
      });
      await expect(transfer(1_000, 'e')).rejects.toMatchObject({ statusCode: 429 });
      await expect(transfer(1_000, 'e')).resolves.toMatchObject({ amount: 1_000 });
    });

    it.each([
      { committed: false, left: 0 },
      { committed: true, left: 1 },
    ])('save a 500 under its key, committed: $committed', async ({ committed, left }) => {
      sandbox.faults.add({ kind: 'server_error', method: 'POST', path: '/v1/transfers', committed });

      await expect(transfer(1_000, 'f')).rejects.toMatchObject({ statusCode: 500 });
      await expect(transfer(1_000, 'f')).rejects.toMatchObject({
        statusCode: 500,
        headers: { 'idempotent-replayed': 'true' },
      });
      expect(await transfers()).toBe(left);
    });

    it.each(['hang', 'reset'] as const)('%s after the commit; the same key finds what was done', async (kind) => {
      const hasty = new Stripe('sk_test_1', {
        host: sandbox.host,
        port: sandbox.port,
        protocol: 'http',
        telemetry: false,
        maxNetworkRetries: 0,
        timeout: 100,
      });
      const create = (): Promise<Stripe.Transfer> =>
        hasty.transfers.create({ amount: 700, currency: 'usd', destination }, { idempotencyKey: 'g' });
      // The SDK tries a closed connection once more by itself.
      sandbox.faults.add({
        kind,
        method: 'POST',
        path: '/v1/transfers',
        committed: true,
        times: kind === 'reset' ? 2 : 1,
      });

      await expect(create()).rejects.toBeInstanceOf(Stripe.errors.StripeConnectionError);

      await expect(create()).resolves.toMatchObject({ amount: 700 });
      expect(await transfers()).toBe(1);
    });

    it('before the commit leave nothing', async () => {
      sandbox.faults.add({ kind: 'reset', method: 'POST', path: '/v1/transfers', times: 2 });

      await expect(transfer(1_000, 'h')).rejects.toBeInstanceOf(Stripe.errors.StripeConnectionError);

      expect(await transfers()).toBe(0);
    });

    it('hit a share of the requests, the same with the same seed', async () => {
      const run = async (): Promise<string[]> => {
        const { sandbox: seeded, stripe: client } = await startSandbox({ seed: 7 });
        seeded.faults.add({ kind: 'rate_limit', path: '/v1/*', rate: 0.5 });
        const outcomes: string[] = [];
        for (let i = 0; i < 20; i++)
          outcomes.push(
            await client.customers.list().then(
              () => 'ok',
              () => 'no',
            ),
          );
        await seeded.stop();
        return outcomes;
      };

      const first = await run();

      expect(new Set(first)).toEqual(new Set(['ok', 'no']));
      expect(await run()).toEqual(first);
    });
  });

  describe('lists', () => {
    it('page by cursors in both directions, newest first', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 25; i++) ids.unshift((await stripe.customers.create({ name: String(i) })).id);

      const first = await stripe.customers.list({ limit: 10 });
      const second = await stripe.customers.list({ limit: 10, starting_after: ids[9] });
      const back = await stripe.customers.list({ limit: 3, ending_before: ids[10] });
      const all: string[] = [];
      for await (const { id } of stripe.customers.list({ limit: 7 })) all.push(id);

      expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 10));
      expect(first.has_more).toBe(true);
      expect(second.data.map(({ id }) => id)).toEqual(ids.slice(10, 20));
      expect(back.data.map(({ id }) => id)).toEqual(ids.slice(7, 10));
      expect(all).toEqual(ids);
      await expect(stripe.customers.list({ starting_after: 'cus_no' })).rejects.toMatchObject({
        code: 'resource_missing',
        param: 'starting_after',
      });
      await expect(stripe.customers.list({ limit: 101 })).rejects.toMatchObject({ param: 'limit' });
    });

    it('filter by time and expand references', async () => {
      await stripe.customers.create({ name: 'early' });
      await sandbox.advance(100);
      const late = await stripe.customers.create({ name: 'late' });
      const product = await stripe.products.create({ name: 'P' });
      await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 100 });

      expect((await stripe.customers.list({ created: { gte: late.created } })).data).toMatchObject([{ name: 'late' }]);
      expect((await stripe.prices.list({ expand: ['data.product'] })).data[0]?.product).toMatchObject({ name: 'P' });
      await expect(stripe.prices.list({ expand: ['data.colour'] })).rejects.toMatchObject({ param: 'expand' });
    });
  });

  it('refuses loudly what it does not know', async () => {
    await expect(stripe.terminal.connectionTokens.create()).rejects.toMatchObject({ statusCode: 501 });
    await expect(stripe.customers.list({ colour: 'red' } as Stripe.CustomerListParams)).rejects.toMatchObject({
      code: 'parameter_unknown',
    });
    await expect(stripe.customers.retrieve('cus_no')).rejects.toMatchObject({
      code: 'resource_missing',
      statusCode: 404,
    });
    await expect(clientOf(sandbox, 'sk_live_1').customers.list()).rejects.toMatchObject({ statusCode: 401 });
    const bare = await fetch(`${sandbox.url}/v1/customers`);
    expect(bare.status).toBe(401);
    expect(bare.headers.get('request-id')).toMatch(/^req_/);
  });

  it('leaves nothing of a refused request behind', async () => {
    const before = sandbox.events().length;

    await expect(stripe.customers.create({ payment_method: 'pm_card_nothing' })).rejects.toMatchObject({
      code: 'resource_missing',
    });

    expect((await stripe.customers.list()).data).toEqual([]);
    expect(sandbox.events()).toHaveLength(before);
  });

  it('is not started in production or beside a live key', async () => {
    expect(() => assertSandboxAllowed({ nodeEnv: 'production' })).toThrow('NODE_ENV');
    await expect(startSandbox({ secretKey: 'sk_live_1' })).rejects.toThrow('live key');
  });
});
