import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildService, type Failpoint, type FailpointName } from '../support/child-service.js';
import { drain, signatureOf, type StripeEvent } from '../support/stripe-events.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { payment, Story } from '../support/story.js';

const SECRET = 'whsec_0123456789abcdef';
/** After the sign-ups that this file makes: what was paid before earns nothing. */
const PAID_AT = Math.floor(Date.now() / 1000) + 600;
const LANES = 6;
/** A sender gives up after this many attempts; Stripe makes more. */
const ATTEMPTS_MAX = 400;
const RETRY_AFTER_MS = 25;
const DRAINED_WITHIN_MS = 25_000;

let story: Story;
let dataDir: string;
let children: ChildService[] = [];

beforeAll(async () => {
  // Its workers stand still: what the children leave is looked at first and finished afterwards.
  story = await Story.begin({ sandbox: false, env: { STRIPE_WEBHOOK_SECRET: SECRET } });
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-crashes-'));
});
afterEach(async () => {
  for (const child of children) await child.end();
  children = [];
});
afterAll(async () => {
  await story?.end();
  rmSync(dataDir, { recursive: true, force: true });
});

function startChild(failpoint?: Failpoint): ChildService {
  const env = { STRIPE_WEBHOOK_SECRET: SECRET };
  const child = new ChildService({ databaseUrl: story.service.databaseUrl, dataDir, env, failpoint });
  children.push(child);
  return child;
}

/** Delivers like Stripe does: whatever is not answered 200 is delivered again, to wherever the service is by then. */
class Sender {
  acknowledged = 0;
  url = '';

  async deliver(events: readonly StripeEvent[]): Promise<void> {
    const queue = [...events];
    const lane = async (): Promise<void> => {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) await this.insist(event);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  private async insist(event: StripeEvent): Promise<void> {
    const body = JSON.stringify(event);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const headers = { 'content-type': 'application/json', 'stripe-signature': signatureOf(body, [SECRET]) };
      const answer = await fetch(`${this.url}/webhooks/stripe`, { method: 'POST', headers, body }).catch(() => null);
      if (answer?.status === 200) {
        this.acknowledged += 1;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    }
    throw new Error(`${event.id} was never acknowledged`);
  }
}

/** What is leased to the dead is free again, as after the lease's time. */
const leasesEnd = () =>
  story.service.db.query(`UPDATE tributary.webhook_event SET available_at = now() WHERE state = 'pending'`);

async function statesOf(events: readonly StripeEvent[]): Promise<string[]> {
  const rows = await story.service.db.query<Array<{ state: string }>>(
    `SELECT state FROM tributary.webhook_event WHERE id = ANY($1::text[])`,
    [events.map(({ id }) => id)],
  );
  return rows.map(({ state }) => state);
}

/** Invoices of one referred customer: every one earns, so that a lost or doubled event shows in the ledger. */
async function someSales(count: number) {
  const { partnerId, code } = await story.referrer();
  const customer = await story.referredCustomer(code);
  const lines = () => [invoiceLine({ amount: 10_000 })];
  const sales = Array.from({ length: count }, (_, n) => payment({ customer, paidAt: PAID_AT + n, lines: lines() }));
  return { partnerId, events: sales.flatMap((sale) => sale.events) };
}

describe('failure 8: a process killed', () => {
  const points: Array<[FailpointName, passes: number]> = [
    ['before the commit of the insert', 2],
    ['between the commit and the answer', 2],
    ['after the answer', 5],
    ['between claim and apply', 1],
    ['before the commit of the apply', 1],
    ['after the commit of the apply', 1],
  ];

  it.each(points)('%s loses nothing and doubles nothing', async (name, passes) => {
    const { partnerId, events } = await someSales(10);
    const sender = new Sender();
    const doomed = startChild({ name, passes, signal: 'SIGKILL' });
    sender.url = await doomed.ready();
    const delivered = sender.deliver(events);
    expect(await doomed.exited).toBe('SIGKILL');

    const successor = startChild();
    sender.url = await successor.ready();
    await delivered;
    await successor.end();
    await leasesEnd();
    await drain(story.service);

    expect(sender.acknowledged).toBe(events.length);
    expect(await statesOf(events)).toEqual(events.map(() => 'applied'));
    expect(await story.postings(partnerId)).toEqual(
      Array.from({ length: 10 }, () => ({ kind: 'earning', amountMinor: 2_000 })),
    );
  });
});

describe('failure 55: SIGTERM in the middle of a batch', () => {
  it('finishes it within 25 s, gives its leases back, loses nothing and leaves no process', async () => {
    const { partnerId, events } = await someSales(30);
    const sender = new Sender();
    const child = startChild({ name: 'before the commit of the apply', passes: 1, signal: 'SIGTERM' });
    sender.url = await child.ready();
    const delivered = sender.deliver(events);
    const exit = await child.exited;
    const { pid } = child;
    const [{ leased }] = await story.service.db.query<[{ leased: string }]>(
      `SELECT count(*) AS leased FROM tributary.webhook_event WHERE state = 'pending' AND lease_token IS NOT NULL`,
    );
    const connections = await story.service.db.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tributary'
          AND client_port IS NOT NULL AND state <> 'idle' AND pid <> pg_backend_pid()`,
    );

    const successor = startChild();
    sender.url = await successor.ready();
    await delivered;
    const startedAt = Date.now();
    successor.signal('SIGTERM');
    const successorExit = await successor.exited;
    const drainedMs = Date.now() - startedAt;
    await drain(story.service);

    expect({ exit, successorExit, leased, connections }).toEqual({
      exit: 0,
      successorExit: 0,
      leased: '0',
      connections: [],
    });
    expect(drainedMs).toBeLessThan(DRAINED_WITHIN_MS);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await statesOf(events)).toEqual(events.map(() => 'applied'));
    expect(await story.postings(partnerId)).toHaveLength(30);
  });
});
