import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seededRandom, shuffled } from '../../sandbox/core/random.js';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { typeOfObject } from '../../src/billing/objects/registry.js';
import { Lifecycles } from '../support/lifecycles.js';
import { deliver, drainWithRefetches, type StripeEvent } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

const SEEDS = process.env.TRUTH_SEEDS?.split(',').map(Number) ?? [1, 2];
const STEPS = Number(process.env.TRUTH_STEPS ?? 220);
/** What Stripe changes without an event, or shows to those who ask and not in events: a sweep's work, not the webhooks'. */
const SILENT_FIELDS: Record<string, readonly string[]> = {
  customer: ['currency', 'next_invoice_sequence'],
  invoice: ['amount_paid_off_stripe'],
};
/** So that what waits in this test is never the limiter. */
const REQUESTS_PER_SECOND = '1000';
const DROPPED = 0.1;
const DOUBLED = 0.3;
const LANES = 8;
const REPLICAS = 2;

let service: TestService;
const replicas: TestService[] = [];

beforeAll(async () => {
  service = await startTestService({ sandbox: true, env: { STRIPE_REQUESTS_PER_SECOND: REQUESTS_PER_SECOND } });
  const { databaseUrl, config } = service;
  sandbox().deliveries.hold();
  sandbox().freezeClock(new Date());
  const env = {
    STRIPE_SECRET_KEY: 'sk_test_replica',
    STRIPE_API_BASE: sandbox().url,
    STRIPE_WEBHOOK_SECRET: config.stripeWebhookSecrets.join(','),
    STRIPE_REQUESTS_PER_SECOND: REQUESTS_PER_SECOND,
  };
  for (let n = 0; n < REPLICAS; n++) replicas.push(await startTestService({ sandbox: false, databaseUrl, env }));
});
afterAll(async () => {
  for (const replica of replicas) await replica.stop();
  await service?.stop();
});

const sandbox = (): StripeSandbox => service.sandbox as unknown as StripeSandbox;

/** Posts everything over several connections while all replicas' workers apply what has come so far. */
async function deliverInDisorder(events: readonly StripeEvent[], random: () => number): Promise<number> {
  const arriving = events.filter(() => random() >= DROPPED);
  const copies = arriving.flatMap((event) => (random() < DOUBLED ? [event, event] : [event]));
  const queue = shuffled(copies, random);
  let delivering = true;
  const lane = async (): Promise<void> => {
    for (let event = queue.shift(); event !== undefined; event = queue.shift())
      expect((await deliver(service, event)).status).toBe(200);
  };
  const work = async ({ workers }: TestService): Promise<void> => {
    const inbox = workers.get('inbox') as PollingWorker;
    while (delivering) if ((await inbox.runOnce()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const working = [service, ...replicas].map(work);
  await Promise.all(Array.from({ length: LANES }, lane));
  delivering = false;
  await Promise.all(working);
  return events.length - arriving.length;
}

/** What no delivery brought is found in Stripe's own list; answers how many events that were. */
async function lookAtStripesEvents(): Promise<number> {
  await service.db.query(`UPDATE tributary.event_poll SET due_at = now()`);
  await (service.workers.get('events-poller') as PollingWorker).drain();
  const [row] = await service.db.query<[{ recovered: string }]>(
    `SELECT sum(recovered) AS recovered FROM tributary.event_poll`,
  );
  return Number(row.recovered);
}

interface Wrong {
  object: string;
  id: string;
  what: string;
}

/** Every object of Stripe's whose events were told, against its row; and every row that is alive, against Stripe. */
async function differences(told: ReadonlySet<string>): Promise<{ wrong: Wrong[]; compared: number }> {
  const wrong: Wrong[] = [];
  let compared = 0;
  for (const { account, object, id, deleted, data } of sandbox().truth()) {
    const type = typeOfObject(object);
    const [row] = await service.db.query<Array<{ data: Record<string, unknown>; gone: boolean }>>(
      `SELECT data, deleted_at IS NOT NULL AS gone FROM stripe.${type.table} WHERE workspace_id = $1 AND account = $2 AND id = $3`,
      [service.workspaceId, account, type.identify(data) ?? id],
    );
    if (row === undefined) {
      if (told.has(id)) wrong.push({ object, id, what: 'missing' });
      continue;
    }
    compared++;
    // Stripe answers for no discount by itself: what it keeps for its invoices is nobody's truth.
    if (object === 'discount' && row.gone) continue;
    if (row.gone !== deleted) wrong.push({ object, id, what: row.gone ? 'buried alive' : 'not buried' });
    else if (!deleted) {
      const silent = SILENT_FIELDS[object] ?? [];
      const [held, real] = [without(row.data, silent), without(data, silent)];
      if (!same(held, real)) wrong.push({ object, id, what: firstDifference(held, real) });
    }
  }
  return { wrong, compared };
}

function without(data: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([field]) => !fields.includes(field)));
}

function same(a: unknown, b: unknown): boolean {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
}

function firstDifference(held: Record<string, unknown>, true_: Record<string, unknown>): string {
  const fields = [...new Set([...Object.keys(held), ...Object.keys(true_)])].filter(
    (key) => !same(held[key], true_[key]),
  );
  return fields
    .map((key) => `${key}: ${JSON.stringify(held[key])} instead of ${JSON.stringify(true_[key])}`)
    .join('; ')
    .slice(0, 300);
}

describe('truth under disorder', () => {
  it.each(SEEDS)(
    'holds no wrong row after hundreds of lives told in any order, twice or never, over several workers (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      const recoveredBefore = await lookAtStripesEvents();
      const known = new Set(
        sandbox()
          .events()
          .map(({ id }) => id),
      );
      const lives = new Lifecycles(sandbox(), random);
      await lives.live(STEPS);
      const events = sandbox()
        .events()
        .filter(({ id }) => !known.has(id)) as unknown as StripeEvent[];
      // What is younger than a minute may still be on its way, and does not count as recovered.
      await sandbox().advance(120);

      const dropped = await deliverInDisorder(events, random);
      const recovered = await lookAtStripesEvents();
      await drainWithRefetches(service);

      const told = new Set(events.map((event) => String(event.data.object.id)));
      const { wrong, compared } = await differences(told);
      expect({ seed, wrong: wrong.slice(0, 20), count: wrong.length }).toEqual({ seed, wrong: [], count: 0 });
      expect(recovered - recoveredBefore).toBe(dropped);
      expect(compared).toBeGreaterThan(STEPS);
      expect(lives.taken.done).toBeGreaterThan(lives.taken.refused);
    },
    180_000,
  );
});
