import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService, type TestService } from '../support/test-service.js';
import { backfill, differences, finish, many, order, sandboxOf, stripe } from './backfill-world.js';

const RESTRICTED = 'rk_test_backfill0123456789';

/** Holds the sandbox. */
let service: TestService;
/** Asks it with a restricted key, into a database of its own. */
let restricted: TestService;
let account: string;

beforeAll(async () => {
  service = await startTestService({ env: { STRIPE_REQUESTS_PER_SECOND: '5000' } });
  const sandbox = sandboxOf(service);
  sandbox.deliveries.hold();
  sandbox.putObjects(many('charge', 220));
  sandbox.putObjects(many('customer', 30));
  sandbox.putObjects(many('coupon', 29));
  // It is also seen inside of the customers that have it.
  sandbox.putObjects(many('coupon', 1, () => ({ id: 'half' })));
  account = (await stripe(sandbox, 'POST', '/v1/accounts', { type: 'express', country: 'DE' })).id;
  sandbox.putObjects(many('charge', 3), { account });
  restricted = await startTestService({
    sandbox: false,
    env: { STRIPE_SECRET_KEY: RESTRICTED, STRIPE_API_BASE: sandbox.url, STRIPE_REQUESTS_PER_SECOND: '5000' },
  });
});
afterEach(() => sandboxOf(service).faults.clear());
afterAll(async () => {
  await restricted?.stop();
  await service?.stop();
});

describe('what Stripe refuses', () => {
  it('is skipped with its reason, and the rest goes on', async () => {
    sandboxOf(service).restrictKey(RESTRICTED, { '*': 'read', charges: 'none', 'issuing.cards': 'none' });

    const view = await backfill(restricted, { account: 'platform' });

    const skipped = view.problems.filter(({ state }) => state === 'skipped').map(({ type }) => type);
    expect(view).toMatchObject({ state: 'done', error: null });
    expect(skipped).toEqual(expect.arrayContaining(['charges', 'issuing_cards']));
    const reason = view.problems.find(({ type }) => type === 'charges')?.reason;
    expect(reason).toMatch(/lacks the permission rak_charge_read.*: grant it/);
    expect(reason).not.toMatch(/rk_test/);
    expect(view.byType.find(({ type }) => type === 'charges')).toMatchObject({ state: 'skipped', objects: 0 });
    expect(view.byType.find(({ type }) => type === 'coupons')).toMatchObject({ state: 'done', added: 30 });
  });

  it('fails the job when nothing of what was asked for can be read, and says why', async () => {
    sandboxOf(service).restrictKey(RESTRICTED, { '*': 'read', coupons: 'none' });

    const view = await backfill(restricted, { account: 'platform', types: ['coupons'] });

    expect(view).toMatchObject({ state: 'failed', error: expect.stringMatching(/^coupons: .*rak_coupon_read/) });
  });

  it('ends the whole job when the key itself is refused', async () => {
    const revoked = await startTestService({
      sandbox: false,
      // The sandbox knows no live keys, as Stripe knows no revoked ones.
      env: {
        ...{ STRIPE_SECRET_KEY: 'sk_live_revoked0123456789', STRIPE_API_BASE: sandboxOf(service).url },
        STRIPE_REQUESTS_PER_SECOND: '5000',
      },
    });
    try {
      const view = await backfill(revoked);

      expect(view).toMatchObject({ state: 'failed', objects: 0, error: expect.stringMatching(/live key/i) });
    } finally {
      await revoked.stop();
    }
  });
});

describe('an account that is gone', () => {
  it('is skipped as a whole', async () => {
    await backfill(service, { types: ['accounts'] });
    const { id } = await stripe(sandboxOf(service), 'POST', '/v1/accounts', { type: 'express', country: 'DE' });
    await backfill(service, { types: ['accounts'] });
    sandboxOf(service).deauthorizeAccount(id);
    sandboxOf(service).requests.clear();

    const view = await backfill(service, { types: ['charges', 'coupons', 'payouts'] });

    const asked = sandboxOf(service)
      .requests.list({ method: 'GET' })
      .filter((one) => one.account === id);
    expect(view.state).toBe('done');
    expect(view.problems.filter((one) => one.account === id).every(({ state }) => state === 'skipped')).toBe(true);
    expect(view.problems.some((one) => one.account === id && /account_invalid/.test(one.reason))).toBe(true);
    // At most what was under way when the first answer came.
    expect(asked.length).toBeLessThanOrEqual(4);
    expect(view.byType.find(({ type }) => type === 'charges')?.objects).toBe(223);
  });
});

describe('what fails in passing', () => {
  it('is tried again: refusals for the rate, errors of Stripe’s and broken connections cost time only', async () => {
    await service.db.query(`TRUNCATE stripe.charges, stripe.coupons`);
    for (const kind of ['rate_limit', 'server_error', 'reset'] as const) {
      sandboxOf(service).faults.add({ kind, method: 'GET', path: '/v1/charges', times: 2 });
    }

    const view = await backfill(service, { types: ['charges', 'coupons'] });

    expect(view).toMatchObject({ state: 'done', error: null });
    expect(await differences(service, (object) => object === 'charge' || object === 'coupon')).toEqual([]);
  }, 180_000);

  it('fails the job only when it never passes, and says why; the other lists are brought all the same', async () => {
    await service.db.query(`TRUNCATE stripe.coupons`);
    const { id } = await order(service, { types: ['charges', 'coupons'], account: 'platform' });
    // As after many attempts: the next one is the last.
    await service.db.query(`UPDATE tributary.backfill_task SET attempts = 7 WHERE object_table = 'charges'`);
    sandboxOf(service).faults.add({
      ...{ kind: 'server_error', method: 'GET', path: '/v1/charges', times: 100, shouldRetry: false },
    });

    const view = await finish(service, id);

    expect(view).toMatchObject({ state: 'failed', error: expect.stringMatching(/^charges: /) });
    expect(view.byType.find(({ type }) => type === 'charges')).toMatchObject({ state: 'failed' });
    expect(view.byType.find(({ type }) => type === 'coupons')).toMatchObject({ state: 'done', added: 30 });
  }, 180_000);

  it('does not lose its place when the object after which a list goes on is gone', async () => {
    await service.db.query(`TRUNCATE stripe.charges`);
    const { id } = await order(service, { types: ['charges'], account: 'platform' });
    await service.db.query(
      `UPDATE tributary.backfill_task SET cursor = '{"next": "starting_after=ch_gone", "reached": 1708000000}'
        WHERE object_table = 'charges'`,
    );

    const view = await finish(service, id);

    expect(view.state).toBe('done');
    const asked = sandboxOf(service).requests.list({ method: 'GET', path: '/v1/charges' });
    expect(asked.some(({ query }) => decodeURIComponent(query).includes('created[lt]=1708000001'))).toBe(true);
    const [row] = await service.db.query<Array<{ n: number }>>(
      `SELECT count(*)::int AS n FROM stripe.charges WHERE created <= to_timestamp(1708000000)`,
    );
    expect(row?.n).toBeGreaterThan(90);
  });
});

describe('without a key', () => {
  it('refuses to order a backfill and says what to set', async () => {
    const without = await startTestService({ sandbox: false });
    try {
      const { status, body } = await without.http<{ error: unknown }>('POST', '/v1/billing/backfills', {});

      expect(status).toBe(503);
      expect(body.error).toMatchObject({
        code: 'stripe_not_configured',
        message: expect.stringContaining('STRIPE_SECRET_KEY'),
      });
    } finally {
      await without.stop();
    }
  });
});
