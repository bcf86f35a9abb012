import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { freshnessOf, type EventFacts, type TypeFacts } from '../../src/billing/truth/freshness-rules.js';
import type { AccountFreshness, FreshnessView, TypeFreshness } from '../../src/billing/truth/dto/freshness.dto.js';
import type { StripeObjectType } from '../../src/billing/objects/object-type.js';
import { typeOfTable } from '../../src/billing/objects/registry.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { deliverAll, drain, stripeEvent } from '../support/stripe-events.js';
import { customer } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

const NOW = 1_800_000_000;
const type = (table: string) => typeOfTable(table) as StripeObjectType;

const HEALTHY: EventFacts = { completeUntil: NOW - 30, oldestUnapplied: null, lostUntil: null, areBrought: true };
const NOT_FOLLOWED = { follow: null };
const LISTED: TypeFacts = {
  ...NOT_FOLLOWED,
  type: type('customers'),
  listedAt: NOW - 86_400,
  openQuestions: 0,
  oldestQuestion: null,
};

describe('how far behind a type can be', () => {
  it.each<[string, Partial<EventFacts>, Partial<TypeFacts>, Partial<TypeFreshness>]>([
    ['is as far as the poller looked', {}, {}, { behindSecondsMax: 150, reason: 'poller', complete: true }],
    [
      'is held back by an event that is not applied',
      { oldestUnapplied: NOW - 600 },
      {},
      { behindSecondsMax: 601, reason: 'pending_event' },
    ],
    [
      'is held back by an open question to Stripe',
      {},
      { openQuestions: 1, oldestQuestion: NOW - 400 },
      { behindSecondsMax: 401, reason: 'open_question', openQuestions: 1 },
    ],
    [
      'is shorter right after everything was listed',
      {},
      { listedAt: NOW - 5 },
      { behindSecondsMax: 5, reason: 'listed_only' },
    ],
    [
      'is unknown before anybody looked',
      { completeUntil: null },
      { listedAt: null },
      { behindSecondsMax: null, reason: 'never_looked', complete: false },
    ],
    [
      'is unknown after events were lost and nothing was listed since',
      { lostUntil: NOW - 3_600 },
      {},
      { behindSecondsMax: null, reason: 'events_lost', complete: false },
    ],
    [
      'is known again once everything was listed after the loss',
      { lostUntil: NOW - 100_000 },
      {},
      { behindSecondsMax: 150, reason: 'poller', complete: true },
    ],
    [
      'is that of the last listing where nothing brings the events',
      { completeUntil: null, areBrought: false },
      {},
      { behindSecondsMax: 86_400, reason: 'no_endpoint', complete: true },
    ],
    [
      'is unknown where nothing brings the events and nothing was listed',
      { completeUntil: null, areBrought: false },
      { listedAt: null },
      { behindSecondsMax: null, reason: 'no_endpoint', complete: false },
    ],
    [
      'is that of the last listing where Stripe sends no events',
      {},
      { type: type('balance_transactions') },
      { behindSecondsMax: 86_400, reason: 'listed_only' },
    ],
    [
      'is unknown where Stripe sends no events and nothing was listed',
      {},
      { type: type('balance_transactions'), listedAt: null },
      { behindSecondsMax: null, reason: 'never_listed', complete: false },
    ],
    [
      'says that nothing older is there without a backfill',
      {},
      { listedAt: null },
      { behindSecondsMax: 150, complete: false },
    ],
  ])('%s', (_name, events, facts, expected) => {
    const freshness = freshnessOf({ ...HEALTHY, ...events }, { ...LISTED, ...facts }, NOW);

    expect(freshness).toMatchObject(expected);
    expect(freshness.explanation).toMatch(/^(Every change|Nothing can be promised)[^]+\.$/);
  });
});

describe('GET /v1/billing/freshness', () => {
  let service: TestService;
  let sandbox: StripeSandbox;
  beforeAll(async () => {
    service = await startTestService({ sandbox: true });
    sandbox = service.sandbox as unknown as StripeSandbox;
    sandbox.deliveries.hold();
  });
  afterAll(() => service?.stop());

  async function ask(query = '?type=customers'): Promise<AccountFreshness> {
    const { status, body } = await service.http<FreshnessView>('GET', `/v1/billing/freshness${query}`);
    expect(status).toBe(200);
    return body.accounts[0] as AccountFreshness;
  }

  it('promises nothing at first, and a bound once the poller has looked', async () => {
    expect((await ask()).types).toEqual([expect.objectContaining({ reason: 'never_looked', behindSecondsMax: null })]);

    await (service.workers.get('events-poller') as PollingWorker).drain();

    const [customers] = (await ask()).types;
    expect(customers).toMatchObject({ reason: 'poller', complete: false });
    expect(customers?.behindSecondsMax).toBeGreaterThanOrEqual(120);
    expect(customers?.behindSecondsMax).toBeLessThan(180);
    expect(customers?.explanation).toContain('until a backfill has finished');
  });

  it('is held back by an event that is stored and not applied, until it is', async () => {
    const created = Math.floor(sandbox.clock.now().getTime() / 1_000) - 1_000;
    await deliverAll(service, [stripeEvent('customer.created', customer(), { created })]);

    const held = await ask();
    expect(held).toMatchObject({ eventsPending: 1, oldestEventPending: new Date(created * 1_000).toISOString() });
    expect(held.types[0]).toMatchObject({ reason: 'pending_event' });
    expect(held.types[0]?.behindSecondsMax).toBeGreaterThanOrEqual(1_001);

    await drain(service);
    const free = await ask();
    expect(free).toMatchObject({ eventsPending: 0, newestEventApplied: new Date(created * 1_000).toISOString() });
    expect(free.types[0]).toMatchObject({ reason: 'poller' });
  });

  it('is complete once the sweep has listed the type', async () => {
    const sweeper = service.workers.get('sweep') as PollingWorker;
    await sweeper.runOnce();
    await service.db.query(`UPDATE tributary.sweep SET due_at = now() WHERE object_table = 'customers'`);
    await sweeper.drain();

    expect((await ask()).types[0]).toMatchObject({ complete: true, lastListedAt: expect.any(String) });
  });

  it('answers for every type that Stripe lists, over gRPC as well', async () => {
    const { types } = await ask('');
    const { message } = await service.grpc.call<FreshnessView>('BillingTruth', 'GetFreshness', {});

    expect(types.length).toBeGreaterThan(80);
    expect(message?.accounts[0]?.types.map((one) => one.type)).toEqual(types.map((one) => one.type));
  });

  it('names the field as the caller wrote it when it does not know the type', async () => {
    const refused = { code: 'unknown_type', field: 'type' };

    expect(await service.http('GET', '/v1/billing/freshness?type=gizmos')).toMatchObject({
      status: 400,
      body: { error: refused },
    });
    expect(await service.grpc.call('BillingTruth', 'GetFreshness', { type: 'gizmos' })).toMatchObject({
      body: { error: refused },
    });
    expect(await service.http('POST', '/v1/billing/verifications', { types: ['gizmos'] })).toMatchObject({
      status: 400,
      body: { error: { code: 'unknown_type', field: 'types' } },
    });
  });
});
