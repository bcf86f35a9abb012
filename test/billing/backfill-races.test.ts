import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { drainWithRefetches } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';
import { backfill, differences, finish, many, order, sandboxOf, stripe } from './backfill-world.js';

const CUSTOMERS = 300;
const ROUNDS = 4;
const CHANGED_AT_ONCE = 60;

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ env: { STRIPE_REQUESTS_PER_SECOND: '5000' } });
  sandboxOf(service).putObjects(many('customer', CUSTOMERS, (n) => ({ id: idOf(n), metadata: { version: '0' } })));
  // Whatever writes a row: one that goes back to an older version is noted.
  await service.db.query(`CREATE TABLE regressions (id text, held text, came text)`);
  await service.db.query(`
    CREATE FUNCTION note_regression() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.data#>>'{metadata,version}')::int < (OLD.data#>>'{metadata,version}')::int
         OR (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL) THEN
        INSERT INTO regressions VALUES (NEW.id, OLD.data#>>'{metadata,version}', NEW.data#>>'{metadata,version}');
      END IF;
      RETURN NEW;
    END $$`);
  await service.db.query(
    `CREATE TRIGGER noted AFTER UPDATE ON stripe.customers FOR EACH ROW EXECUTE FUNCTION note_regression()`,
  );
});
beforeEach(() => service.db.query(`TRUNCATE stripe.customers, regressions`));
afterAll(() => service?.stop());

const idOf = (n: number): string => `cus_race${String(n).padStart(6, '0')}`;
const isCustomer = (object: string): boolean => object === 'customer';

let version = 0;

/** Changes customers at Stripe, which tells it by webhooks. */
async function change(ids: readonly string[]): Promise<void> {
  version += 1;
  for (const id of ids) {
    await stripe(sandboxOf(service), 'POST', `/v1/customers/${id}`, { 'metadata[version]': String(version) });
  }
}

async function applyAll(): Promise<void> {
  await sandboxOf(service).idle();
  await drainWithRefetches(service);
}

const regressions = () => service.db.query<unknown[]>(`SELECT * FROM regressions`);

describe('pages of a backfill that race webhooks', () => {
  it('failure 21: never bring an older state over a newer one, however they interleave', async () => {
    const inbox = service.workers.get('inbox') as PollingWorker;
    let racing = true;
    const applying = (async () => {
      while (racing) if ((await inbox.runOnce()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    })();

    for (let round = 0; round < ROUNDS; round++) {
      const { id } = await order(service, { types: ['customers'], account: 'platform' });
      const changed = Array.from({ length: CHANGED_AT_ONCE }, (_, n) => idOf((n * 7 + round * 31) % CUSTOMERS));
      await Promise.all([finish(service, id), change(changed), change(changed.slice(0, 20))]);
    }
    racing = false;
    await applying;
    await applyAll();

    expect(await regressions()).toEqual([]);
    expect(await differences(service, isCustomer)).toEqual([]);
  }, 180_000);

  it('lose to what was applied while they waited to be written, and to deletions', async () => {
    const blocker = new pg.Client({ connectionString: service.databaseUrl });
    await blocker.connect();
    const { id } = await order(service, { types: ['customers'], account: 'platform' });
    await blocker.query('BEGIN');
    await blocker.query(`LOCK TABLE tributary.backfill_count IN ACCESS EXCLUSIVE MODE`);
    const asked = (): number => sandboxOf(service).requests.list({ method: 'GET', path: '/v1/customers' }).length;
    sandboxOf(service).requests.clear();

    const working = finish(service, id);
    while (asked() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 300));
    // The newest page is fetched, and its transaction cannot end.
    const newest = [CUSTOMERS - 1, CUSTOMERS - 2, CUSTOMERS - 3].map(idOf);
    await change(newest);
    await stripe(sandboxOf(service), 'DELETE', `/v1/customers/${idOf(CUSTOMERS - 4)}`);
    await sandboxOf(service).idle();
    const applying = (service.workers.get('inbox') as PollingWorker).drain();
    await blocker.query('COMMIT');
    await blocker.end();
    await Promise.all([working, applying]);
    await applyAll();

    expect(await regressions()).toEqual([]);
    expect(await differences(service, isCustomer)).toEqual([]);
    const [gone] = await service.db.query<Array<{ deleted: boolean }>>(
      `SELECT deleted_at IS NOT NULL AS deleted FROM stripe.customers WHERE id = $1`,
      [idOf(CUSTOMERS - 4)],
    );
    expect(gone?.deleted).toBe(true);
  }, 180_000);

  it('take back what they hold too old: a later backfill brings what no webhook told', async () => {
    await backfill(service, { types: ['customers'], account: 'platform' });
    sandboxOf(service).putObject({ object: 'customer', ...many('customer', 1)[0], id: idOf(5), name: 'Silent' });
    // Stamps are whole seconds: one later.
    await new Promise((resolve) => setTimeout(resolve, 1_100));

    const view = await backfill(service, { types: ['customers'], account: 'platform' });

    expect(view).toMatchObject({ changed: 1, added: 0 });
    expect(await differences(service, isCustomer)).toEqual([]);
  });
});
