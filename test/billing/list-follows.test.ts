import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { PollingWorker } from '../../src/common/background-worker.js';
import type { StripeObjectType } from '../../src/billing/objects/object-type.js';
import { FOLLOWED_TYPES, typeOfTable } from '../../src/billing/objects/registry.js';
import type { FreshnessView, TypeFreshness } from '../../src/billing/truth/dto/freshness.dto.js';
import { freshnessOf, type FollowFacts } from '../../src/billing/truth/freshness-rules.js';
import { isTold } from '../../src/billing/truth/told-types.js';
import { drain } from '../support/stripe-events.js';
import { Story } from '../support/story.js';
import { startTestService, type TestService } from '../support/test-service.js';
import { clientOf, monthlyPrice, payingCustomer } from '../sandbox/support.js';

const ENV = { STRIPE_REQUESTS_PER_SECOND: '2000' };
const LIST = '/v1/balance_transactions';
const RESTRICTED_KEY = 'rk_test_51ListFollowsRestricted';
const WITHIN_MS = 15_000;

let story: Story;
let stripe: Stripe;
beforeAll(async () => {
  story = await Story.begin({ env: ENV });
  stripe = clientOf(story.sandbox);
  story.timeIs('2026-11-02T12:00:00Z');
  await follow();
});
afterAll(() => story?.end());
beforeEach(() => story.sandbox.faults.clear());

const follower = (of: TestService = story.service) => of.workers.get('list-follow') as PollingWorker;
const asked = (): number => story.sandbox.requests.list({ method: 'GET', path: LIST }).length;

/** Lets every look be due, and has them. */
async function follow(of: TestService = story.service): Promise<void> {
  await of.db.query(`UPDATE tributary.list_follow SET due_at = now()`);
  await follower(of).drain();
}

/** Works as the running service does, and never makes a look due by hand. */
async function workUntil(isDone: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + WITHIN_MS;
  while (!(await isDone())) {
    if (Date.now() > until) throw new Error(`this did not happen within ${WITHIN_MS} ms`);
    await drain(story.service, ['inbox', 'list-follow']);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface FollowRow {
  brought: string;
  complete_until: Date | null;
  error: string | null;
  seconds: string;
}

async function rowOf(account = ''): Promise<FollowRow> {
  const [row] = await story.service.db.query<FollowRow[]>(
    `SELECT brought, complete_until, error, extract(epoch FROM due_at - now()) AS seconds FROM tributary.list_follow
      WHERE account = $1 AND object_table = 'balance_transactions'`,
    [account],
  );
  if (row === undefined) throw new Error(`nobody follows the balance transactions of ${account}`);
  return row;
}

async function subscribed(): Promise<{ charge: Stripe.Charge; booking: Stripe.BalanceTransaction }> {
  const customer = await payingCustomer(stripe);
  const price = await monthlyPrice(stripe, 3_000);
  await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  await story.sandbox.idle();
  const [charge] = (await stripe.charges.list({ customer: customer.id })).data;
  if (charge === undefined) throw new Error('nothing was paid');
  return { charge, booking: await stripe.balanceTransactions.retrieve(String(charge.balance_transaction)) };
}

async function held(id: string): Promise<{ status: string; account: string; synced_at: Date } | undefined> {
  const [row] = await story.service.db.query<Array<{ status: string; account: string; synced_at: Date }>>(
    `SELECT status, account, synced_at FROM stripe.balance_transactions WHERE id = $1`,
    [id],
  );
  return row;
}

const summary = (id: string) => story.call<Record<string, unknown>>('GET', `/v1/billing/charges/${id}/summary`);

async function freshness(account: string | null = null): Promise<TypeFreshness | undefined> {
  const { accounts } = await story.call<FreshnessView>('GET', '/v1/billing/freshness?type=balance_transactions');
  return accounts.find((one) => one.account === account)?.types[0];
}

describe('a list that no events tell of', () => {
  it('is looked at within seconds once a charge names what is not held, so that the fee needs no backfill', async () => {
    const { charge, booking } = await subscribed();
    await drain(story.service, ['inbox']);
    expect(await summary(charge.id)).toMatchObject({ feeMinor: null, feeMissing: 'not_mirrored' });
    const before = asked();

    await workUntil(async () => (await held(booking.id)) !== undefined);

    expect(await summary(charge.id)).toMatchObject({
      feeMinor: booking.fee,
      netMinor: booking.net,
      feeCurrency: 'usd',
      feeMissing: null,
    });
    const [view] = await story.service.db.query<Array<{ fee_minor: string; net_minor: string }>>(
      `SELECT fee_minor, net_minor FROM billing.charges WHERE id = $1`,
      [charge.id],
    );
    expect(view).toEqual({ fee_minor: String(booking.fee), net_minor: String(booking.net) });
    expect(asked() - before).toBe(1);
  });

  it('is not looked at for what is held already', async () => {
    const { charge } = await subscribed();
    await follow();
    await drain(story.service, ['inbox']);
    await stripe.charges.update(charge.id, { description: 'told once more' });
    await story.sandbox.idle();
    await drain(story.service, ['inbox']);
    const before = asked();
    await new Promise((resolve) => setTimeout(resolve, 1_100));

    await follower().drain();

    expect(asked()).toBe(before);
    expect(Number((await rowOf()).seconds)).toBeGreaterThan(30);
  });

  it('writes nothing and costs one request when nothing is new', async () => {
    const { booking } = await subscribed();
    await follow();
    const [first, before, { brought }] = [await held(booking.id), asked(), await rowOf()];

    await follow();

    expect(asked() - before).toBe(1);
    expect(await held(booking.id)).toEqual(first);
    expect((await rowOf()).brought).toBe(brought);
  });

  it('is read on from where it was after an outage, page by page', async () => {
    await follow();
    const ids: string[] = [];
    for (let n = 0; n < 120; n++) {
      const topup = await stripe.topups.create({ amount: 100 + n, currency: 'usd' });
      ids.push(String(topup.balance_transaction));
    }
    await story.sandbox.advance(3 * 86_400);
    for (let n = 0; n < 20; n++) story.sandbox.faults.add({ kind: 'server_error', path: LIST, times: 1 } as never);
    const until = (await rowOf()).complete_until;
    await follow();
    expect(await rowOf()).toMatchObject({ error: expect.any(String), complete_until: until });
    story.sandbox.faults.clear();
    const restarted = await startTestService({
      sandbox: false,
      databaseUrl: story.service.databaseUrl,
      env: { ...ENV, STRIPE_SECRET_KEY: 'sk_test_restarted', STRIPE_API_BASE: story.sandbox.url },
    });

    await follow(restarted);
    await restarted.stop();

    const [row] = await story.service.db.query<Array<{ count: string }>>(
      `SELECT count(*) FROM stripe.balance_transactions WHERE id = ANY($1)`,
      [ids],
    );
    expect(row?.count).toBe('120');
    expect((await rowOf()).error).toBeNull();
  });

  it('is asked for again when its objects were to change', async () => {
    const { booking } = await subscribed();
    await follow();
    expect(await held(booking.id)).toMatchObject({ status: 'pending' });
    await story.sandbox.advance(booking.available_on - booking.created + 60);

    await follow();

    expect(await held(booking.id)).toMatchObject({ status: 'available' });
    const told = await freshness();
    expect(told).toMatchObject({ reason: 'followed', complete: false });
    expect(told?.behindSecondsMax).toBeLessThanOrEqual(1);
    const before = asked();
    await follow();
    expect(asked() - before).toBe(1);
  });

  it('is looked at once, however many replicas there are', async () => {
    const replica = await startTestService({
      sandbox: false,
      databaseUrl: story.service.databaseUrl,
      env: { ...ENV, STRIPE_SECRET_KEY: 'sk_test_replica', STRIPE_API_BASE: story.sandbox.url },
    });
    await follower(replica).drain();
    await story.service.db.query(
      `UPDATE tributary.list_follow SET due_at = now() WHERE account = '' AND object_table = 'balance_transactions'`,
    );
    const before = asked();

    await Promise.all([follower().runOnce(), follower(replica).runOnce()]);
    await replica.stop();

    expect(asked() - before).toBe(1);
  });

  it('is followed for connected accounts whose events are looked after', async () => {
    const account = await stripe.accounts.create({ country: 'US' });
    await story.service.db.query(
      `INSERT INTO tributary.event_poll (workspace_id, account, source) VALUES ($1, $2, 'v1')`,
      [story.service.workspaceId, account.id],
    );
    const charge = await stripe.charges.create(
      { amount: 7_000, currency: 'usd', source: 'tok_visa' },
      { stripeAccount: account.id },
    );
    const fresh = await startTestService({
      sandbox: false,
      databaseUrl: story.service.databaseUrl,
      env: { ...ENV, STRIPE_SECRET_KEY: 'sk_test_connected', STRIPE_API_BASE: story.sandbox.url },
    });

    await follower(fresh).drain();
    await fresh.stop();

    expect(await held(String(charge.balance_transaction))).toMatchObject({ account: account.id });
    expect(await freshness(account.id)).toMatchObject({ reason: 'followed' });
  });

  it('is left alone for an hour when the key may not read it, whatever names its objects', async () => {
    const body = JSON.stringify({ key: RESTRICTED_KEY, permissions: { charges: 'read' } });
    await fetch(`${story.sandbox.url}/_sandbox/keys`, { method: 'POST', body });
    const restricted = await startTestService({
      sandbox: false,
      databaseUrl: story.service.databaseUrl,
      env: { ...ENV, STRIPE_SECRET_KEY: RESTRICTED_KEY, STRIPE_API_BASE: story.sandbox.url },
    });
    await follow(restricted);
    const row = await rowOf();
    expect(row.error).not.toBeNull();
    expect(Number(row.seconds)).toBeGreaterThan(3_000);
    await subscribed();
    await drain(restricted, ['inbox']);
    const before = asked();
    await new Promise((resolve) => setTimeout(resolve, 1_100));

    await follower(restricted).drain();
    await restricted.stop();

    expect(asked()).toBe(before);
  });
});

describe('how far behind a followed type can be', () => {
  const NOW = 1_800_000_000;
  const FOLLOW: FollowFacts = { from: NOW - 90_000, until: NOW - 40, changesUntil: NOW - 40 };
  const EVENTS = { completeUntil: NOW - 30, oldestUnapplied: NOW - 700, lostUntil: null, areBrought: true };

  it.each<[string, Partial<FollowFacts>, number | null, Partial<TypeFreshness>]>([
    ['is as far as its list was read', {}, NOW - 86_400, { behindSecondsMax: 40, reason: 'followed', complete: true }],
    ['is held back by changes that are due', { changesUntil: NOW - 500 }, NOW - 86_400, { behindSecondsMax: 500 }],
    ['is that of a later listing', {}, NOW - 5, { behindSecondsMax: 5, reason: 'listed_only' }],
    ['leaves older objects out without a listing', {}, null, { behindSecondsMax: 40, complete: false }],
    [
      'is that of the listing when following began later',
      { from: NOW - 600 },
      NOW - 86_400,
      { behindSecondsMax: 86_400, reason: 'listed_only' },
    ],
  ])('%s', (_name, follow, listedAt, expected) => {
    const type = typeOfTable('balance_transactions') as StripeObjectType;
    const facts = { type, listedAt, follow: { ...FOLLOW, ...follow }, openQuestions: 0, oldestQuestion: null };

    expect(freshnessOf(EVENTS, facts, NOW)).toMatchObject(expected);
  });
});

describe('the registry', () => {
  it.each(FOLLOWED_TYPES.map((type) => [type.object, type] as const))(
    '%s is followed because no event tells of it and it is listed by creation',
    (_object, type) => {
      expect(isTold(type)).toBe(false);
      expect(type.hasCreated).toBe(true);
      expect(type.lists).toEqual([expect.objectContaining({ of: null, byCreated: true, single: false })]);
    },
  );
});
