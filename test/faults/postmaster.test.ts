import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDataSource } from '../../ormconfig.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { deliver, type StripeEvent } from '../support/stripe-events.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, Story } from '../support/story.js';

const KILLS = 5;
const WRITERS = 8;
const SALES = 60;
const BACK_WITHIN_MS = 10_000;
const RESTARTED_WITHIN_MS = 30_000;
const ATTEMPTS_MAX = 1_000;
/** After the sign-ups: what was paid before earns nothing. */
const PAID_AT = Math.floor(Date.now() / 1000) + 600;

let dataDir: string;
let server: EmbeddedPostgres;
let story: Story;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-postmaster-'));
  // As in production: what was committed is on the disk.
  server = await startEmbeddedPostgres({ dataDir });
  const db = await createDataSource({ url: server.url }).initialize();
  await db.runMigrations();
  await db.destroy();
  const env = { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' };
  story = await Story.begin({ sandbox: false, databaseUrl: server.url, workers: 'running', env });
});
afterAll(async () => {
  await story?.end();
  await server?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** The postmaster gets no chance to tell anybody. Answers how long the service takes once there is a server at the port again. */
async function killedAndBack(): Promise<number> {
  process.kill(server.pid, 'SIGKILL');
  const until = performance.now() + RESTARTED_WITHIN_MS;
  for (;;) {
    // Sessions that have not noticed yet keep the new server from starting.
    const next = await startEmbeddedPostgres({ dataDir, port: server.port }).catch((error: unknown) => error);
    if (!(next instanceof Error)) server = next as EmbeddedPostgres;
    if (!(next instanceof Error) || performance.now() > until) break;
    await sleep(100);
  }
  const from = performance.now();
  while ((await story.service.http('GET', '/readyz')).status !== 200 && performance.now() - from < BACK_WITHIN_MS)
    await sleep(50);
  return performance.now() - from;
}

/** As Stripe does: again, until it is answered 200. Answers how often it was not. */
async function insist(event: StripeEvent): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const answer = await deliver(story.service, event);
    if (answer.status === 200) return attempt;
    expect(answer.status).toBe(503);
    await sleep(25);
  }
  throw new Error(`${event.id} was never acknowledged`);
}

describe('failure 9: PostgreSQL killed five times beneath eight writers', () => {
  it('loses nothing, doubles nothing, and is back within ten seconds', async () => {
    const { partnerId, code } = await story.referrer();
    const customers: string[] = [];
    for (let n = 0; n < WRITERS; n++) customers.push(await story.referredCustomer(code));
    const queue = Array.from({ length: SALES }, (_, n) => {
      const customer = customers[n % WRITERS] as string;
      const sale = payment({ customer, paidAt: PAID_AT + n, lines: [invoiceLine({ amount: 10_000 })] });
      return [...sale.events, ...refundOf(sale.charge, 4_000, PAID_AT + 1_000).events];
    }).flat();
    const events = [...queue];
    let done = 0;
    const writer = async (): Promise<void> => {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        await insist(event);
        done += 1;
      }
    };
    const written = Promise.all(Array.from({ length: WRITERS }, writer));

    const outages: number[] = [];
    for (let kill = 1; kill <= KILLS; kill++) {
      // Spread over the whole of it, so that each falls on writers.
      while (done < (kill * events.length) / (KILLS + 2)) await sleep(5);
      outages.push(await killedAndBack());
    }
    await written;
    // Leases of when the server died, and pauses after a failure, are over; what is parked stays.
    const { db } = story.service;
    await db.query(`UPDATE tributary.webhook_event SET available_at = now() WHERE state = 'pending'`);
    await story.settle();
    await db.query(`UPDATE tributary.settle_queue SET available_at = now() WHERE available_at < 'infinity'`);
    await story.settle();

    expect(Math.max(...outages)).toBeLessThan(BACK_WITHIN_MS);
    const stored = await db.query(
      `SELECT count(*)::int AS rows, count(DISTINCT id)::int AS events FROM tributary.webhook_event WHERE state = 'applied'`,
    );
    expect(await db.query(`SELECT * FROM tributary.settle_queue`)).toEqual([]);
    expect(stored).toEqual([{ rows: events.length, events: events.length }]);
    const posted = await story.postings(partnerId);
    expect(posted.filter(({ amountMinor }) => amountMinor === 2_000)).toHaveLength(SALES);
    expect(posted.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(SALES * 1_200);
  }, 180_000);
});
