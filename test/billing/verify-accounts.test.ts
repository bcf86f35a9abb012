import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { EXIT } from '../../src/cli/command.js';
import { VERIFY } from '../../src/cli/verify.command.js';
import { AccountComparisons } from '../../src/billing/truth/account-comparisons.service.js';
import type { TypeComparison } from '../../src/billing/truth/comparison-result.js';
import { OPENS_NOTHING } from '../support/command-tools.js';
import { drainWithRefetches, randomId, type StripeObject } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
let sandbox: StripeSandbox;
/** The platform's own account, and a connected one whose events nobody delivers. */
let own: string;
let theirs: string;
let customer: string;

beforeAll(async () => {
  service = await startTestService({ sandbox: true, env: { STRIPE_REQUESTS_PER_SECOND: '2000' } });
  sandbox = service.sandbox as unknown as StripeSandbox;
  ({ id: own } = await stripe('GET', '/v1/account'));
  ({ id: theirs } = await stripe('POST', '/v1/accounts', { country: 'US' }));
  ({ id: customer } = await stripe('POST', '/v1/customers', { name: 'theirs' }, theirs));
  await stripe('POST', '/v1/customers', { name: 'ours' });
  await sandbox.idle();
  await drainWithRefetches(service);
  await verify({ types: ['accounts', 'customers'], account: 'platform', repair: true });
});
afterAll(() => service?.stop());

async function stripe(
  method: string,
  path: string,
  params: Record<string, string> = {},
  account?: string,
): Promise<StripeObject & { id: string }> {
  const headers: Record<string, string> = {
    authorization: 'Bearer sk_test_verify',
    'content-type': 'application/x-www-form-urlencoded',
    ...(account !== undefined && { 'stripe-account': account }),
  };
  const body = method === 'POST' ? new URLSearchParams(params).toString() : undefined;
  const answer = await fetch(sandbox.url + path, { method, headers, body });
  const object = (await answer.json()) as StripeObject & { id: string };
  if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(object)}`);
  return object;
}

interface Verification {
  id: string;
  account: string | null;
  agrees: boolean | null;
  results: TypeComparison[];
}

async function verify(body: Record<string, unknown>): Promise<Verification> {
  const key = { 'idempotency-key': randomId('key') };
  const made = await service.http<Verification>('POST', '/v1/billing/verifications', body, key);
  expect(made.status).toBe(201);
  await (service.workers.get('verifications') as PollingWorker).drain();
  const { body: done } = await service.http<Verification>('GET', `/v1/billing/verifications/${made.body.id}`);
  expect(done).toMatchObject({ state: 'done', error: null });
  return done;
}

async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return commandAt(undefined, ...args);
}

/** As an operator runs it; `err` is a terminal of so many columns, or none. */
async function commandAt(columns: number | undefined, ...args: string[]) {
  let [out, err] = ['', ''];
  const house = {
    config: service.config,
    get: service.app.get.bind(service.app),
    work: () => undefined,
    close: () => Promise.resolve(),
  };
  const code = await VERIFY.run(args, {
    config: () => service.config,
    ...OPENS_NOTHING,
    openHouse: () => Promise.resolve(house),
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text), isTTY: columns !== undefined, columns },
    interrupted: new AbortController().signal,
  });
  return { code, out, err };
}

describe('verifying without naming an account', () => {
  it('compares the connected accounts too, and the own one only once', async () => {
    const done = await verify({ types: ['accounts', 'customers'] });

    expect(done.results.map(({ account, table }) => [account, table])).toEqual([
      [null, 'accounts'],
      [null, 'customers'],
      [theirs, 'customers'],
    ]);
    const held = await service.db.query(`SELECT id FROM stripe.accounts WHERE account = ''`);
    expect(held).toEqual(expect.arrayContaining([{ id: own }, { id: theirs }]));
    expect(done).toMatchObject({ account: null, agrees: false });
    expect(done.results[2]?.findings).toEqual([{ id: customer, table: 'customers', what: 'missing', fields: [] }]);
  });

  it('compares the own objects alone when it is told so', async () => {
    const done = await verify({ types: ['accounts', 'customers'], account: 'platform' });

    expect(done).toMatchObject({ account: 'platform', agrees: true });
    expect(done.results.map(({ account }) => account)).toEqual([null, null]);
  });

  it('prints a table for each account, and names the account of each finding', async () => {
    const off = await command('--types', 'customers');

    expect(off.code).toBe(EXIT.failed);
    expect(off.out).toMatch(new RegExp(`^type +agree[^]+customers +1 +0 +0[^]+Account ${theirs}\ntype +agree`));
    expect(off.out).toContain(`customers of ${theirs}: ${customer} is missing here\n`);
    expect((await command('--types', 'customers', '--account', 'platform')).code).toBe(EXIT.done);
  });

  it('takes the id of the own account for the platform', async () => {
    const { code, out } = await command('--types', 'accounts,customers', '--account', own);

    expect(code).toBe(EXIT.done);
    expect(out).not.toContain('Account acct_');
    await expect(command('--types', 'accounts', '--account', theirs)).rejects.toThrow(
      /accounts belong to the platform/,
    );
  });

  it('shows how far it is on a terminal, beside the result, and is quiet elsewhere', async () => {
    const shown = await commandAt(60, '--types', 'customers,accounts', '--account', 'platform', '--json');
    const quiet = await command('--types', 'customers,accounts', '--account', 'platform', '--json');

    expect(shown.err).toMatch(/^(\r\x1b\[2K\[[#.]{24}\] +\d+ % compared {2}\d+ requests)+\r\x1b\[2K$/);
    expect(JSON.parse(shown.out)).toMatchObject({ agrees: true });
    expect(quiet).toMatchObject({ code: EXIT.done, err: '' });
  });

  it('tells how much of all accounts is compared', async () => {
    const shares: number[] = [];

    await service.app.get(AccountComparisons).run({
      ...{ workspaceId: service.workspaceId, account: null, types: ['accounts', 'customers'] },
      ...{ sample: null, repair: false, onReached: (share: number) => shares.push(share) },
    });

    expect(shares).toHaveLength(6);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  it('sets the connected accounts right as well', async () => {
    await verify({ types: ['customers'], repair: true });

    expect(await service.db.query(`SELECT account FROM stripe.customers WHERE id = $1`, [customer])).toEqual([
      { account: theirs },
    ]);
    expect(await verify({ types: ['customers'] })).toMatchObject({ agrees: true });
  });

  it('does not agree about a type of which rows are held and whose list Stripe refuses', async () => {
    // Stripe answers so when the account lacks the product, and also when it does not like the question.
    const stripeServer = createServer((_, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { type: 'invalid_request_error', message: 'no such list' } }));
    });
    await new Promise<void>((resolve) => stripeServer.listen(0, '127.0.0.1', resolve));
    const { port } = stripeServer.address() as AddressInfo;
    const refused = await startTestService({
      sandbox: false,
      databaseUrl: service.databaseUrl,
      env: { STRIPE_SECRET_KEY: 'sk_test_refused', STRIPE_API_BASE: `http://127.0.0.1:${port}` },
    });

    const { types: results, agrees } = await refused.app.get(AccountComparisons).run({
      ...{ workspaceId: service.workspaceId, account: 'platform', types: ['customers', 'payment_links'] },
      ...{ sample: null, repair: false },
    });
    await refused.stop();
    await new Promise((resolve) => stripeServer.close(resolve));

    expect(agrees).toBe(false);
    expect(results.map(({ skipped }) => skipped)).toEqual(['invalid_request_error', 'not_enabled']);
  });
});
