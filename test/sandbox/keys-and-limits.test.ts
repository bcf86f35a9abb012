import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { clientOf, startSandbox } from './support.js';

let sandbox: StripeSandbox;
let stripe: Stripe;
beforeEach(async () => ({ sandbox, stripe } = await startSandbox()));
afterEach(() => sandbox.stop());

const KEY = 'rk_test_51SandboxRestricted1234';

const control = (method: string, path: string, body?: object): Promise<Response> =>
  fetch(`${sandbox.url}/_sandbox/${path}`, { method, ...(body && { body: JSON.stringify(body) }) });

describe('restricted keys', () => {
  it('may do what their permissions name, and are told the missing one by its name', async () => {
    await control('POST', 'keys', { key: KEY, permissions: { charges: 'read', customers: 'write' } });
    const restricted = clientOf(sandbox, KEY);

    const customer = await restricted.customers.create({ name: 'Jo' });
    const charges = await restricted.charges.list();

    expect((await restricted.customers.retrieve(customer.id)).id).toBe(customer.id);
    expect(charges.data).toEqual([]);
    await expect(restricted.invoices.list()).rejects.toMatchObject({
      type: 'StripePermissionError',
      statusCode: 403,
      rawType: 'invalid_request_error',
      message: expect.stringMatching(
        /^The provided key 'rk_test_\*+1234' does not have the required permissions for this endpoint on account 'acct_\w+'\. Having the 'rak_invoice_read' permission would allow this request to continue\.$/,
      ),
    });
    await expect(restricted.checkout.sessions.list()).rejects.toThrow("'rak_checkout_session_read'");
    await expect(restricted.prices.list()).rejects.toThrow("'rak_plan_read'");
    await expect(restricted.refunds.create({ charge: 'ch_1' })).rejects.toThrow("'rak_charge_write'");
    expect((await stripe.invoices.list()).data).toEqual([]);
  });

  it('have all rights when nobody restricted them, and again when nobody does any more', async () => {
    const free = clientOf(sandbox, KEY);
    expect((await free.invoices.list()).data).toEqual([]);

    sandbox.restrictKey(KEY, { '*': 'read', invoices: 'none' });
    await expect(free.invoices.list()).rejects.toMatchObject({ statusCode: 403 });
    expect((await free.charges.list()).data).toEqual([]);
    await control('DELETE', `keys/${KEY}`);

    expect((await free.invoices.list()).data).toEqual([]);
  });

  it('are refused with the field that is wrong', async () => {
    const wrongKey = await control('POST', 'keys', { key: 'sk_test_1', permissions: {} });
    const wrongWord = await control('POST', 'keys', { key: KEY, permissions: { charges: 'admin' } });

    expect(wrongKey.status).toBe(400);
    expect(await wrongWord.json()).toMatchObject({ error: { message: expect.stringContaining("'charges'") } });
  });
});

describe('limits', () => {
  const statuses = async (requests: Promise<unknown>[]): Promise<(string | undefined)[]> => {
    const outcomes = await Promise.allSettled(requests);
    return outcomes.map((one) =>
      one.status === 'fulfilled'
        ? 'ok'
        : (one.reason as { headers?: Record<string, string> }).headers?.['stripe-rate-limited-reason'],
    );
  };

  it('refuse what is beyond a second of requests, and say which limit it was', async () => {
    await control('POST', 'limits', { perSecond: 5, perEndpointPerSecond: 3 });

    const sameEndpoint = await statuses([1, 2, 3, 4].map(() => stripe.customers.list()));
    const others = await statuses([stripe.charges.list(), stripe.prices.list(), stripe.refunds.list()]);

    expect(sameEndpoint.toSorted()).toEqual(['endpoint-rate', 'ok', 'ok', 'ok']);
    expect(others.toSorted()).toEqual(['global-rate', 'ok', 'ok']);
    await expect(stripe.events.list()).rejects.toMatchObject({ statusCode: 429, code: 'rate_limit' });
    expect(await (await control('GET', 'limits')).json()).toMatchObject({
      refused: { 'endpoint-rate': 1, 'global-rate': 2 },
    });
    await control('POST', 'limits', {});
    expect((await stripe.events.list()).data).toEqual([]);
  });

  it('refuse what is under way beyond the number allowed, while requests take their time', async () => {
    sandbox.limiter.set({ concurrent: 2, latencyMs: 50 });

    const outcome = await statuses([1, 2, 3].map(() => stripe.customers.list()));

    expect(outcome.toSorted()).toEqual(['global-concurrency', 'ok', 'ok']);
    expect((await stripe.customers.list()).data).toEqual([]);
  });

  it('can be given at the start, and are refused by name when they make no sense', async () => {
    const other = await startSandbox({ limits: { perEndpointConcurrent: 1, latencyMs: 50 } });

    const outcome = await statuses([1, 2].map(() => other.stripe.customers.list()));
    const unknown = await control('POST', 'limits', { perMinute: 3 });

    expect(outcome.toSorted()).toEqual(['endpoint-concurrency', 'ok']);
    expect(await unknown.json()).toMatchObject({ error: { message: expect.stringContaining("'perMinute'") } });
    await other.sandbox.stop();
  });
});
