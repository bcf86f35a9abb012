import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BILLING_VIEWS } from '../../src/billing/sql-views/billing-views.js';
import { migrate } from '../../src/database/migrate.js';
import { deliverAll, drain, stripeEvent } from '../support/stripe-events.js';
import { customer, invoice } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

const AT = 1_780_000_000;
const TODAY = '2026-10-28.endive';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ sandbox: false, env: { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' } });
});
afterAll(() => service.stop());

type Row = Record<string, unknown>;
const rows = (sql: string, parameters: unknown[] = []) => service.db.query<Row[]>(sql, parameters);

/** Mirrors the objects as events of that API version, each of its own type. */
async function mirrored(apiVersion: string, ...events: Array<[type: string, object: Row]>): Promise<void> {
  await deliverAll(
    service,
    events.map(([type, object]) => stripeEvent(type, object, { apiVersion, created: AT })),
  );
  await drain(service, ['inbox']);
}

describe('schema billing', () => {
  it('has a comment on every view and every column', async () => {
    const missing = await rows(`
      SELECT c.relname, a.attname FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relnamespace = 'billing'::regnamespace AND c.relkind = 'v'
         AND (coalesce(col_description(c.oid, a.attnum), '') = '' OR coalesce(obj_description(c.oid, 'pg_class'), '') = '')`);
    const [counted] = await rows(
      `SELECT count(*)::int AS views FROM information_schema.views WHERE table_schema = 'billing'`,
    );

    expect(counted).toEqual({ views: BILLING_VIEWS.length });
    expect(missing).toEqual([]);
  });

  it('counts money in bigint beside its currency, tells times with their zone, and keeps workspaces and accounts apart', async () => {
    const columns = await rows(
      `SELECT table_name AS view, column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = 'billing'`,
    );
    const has = (view: unknown, pattern: RegExp) =>
      columns.some((column) => column.view === view && pattern.test(String(column.name)));
    const wrong = columns.filter(({ view, name, type }) => {
      if (/_minor$/.test(String(name))) return type !== 'bigint' || !has(view, /currency$/);
      if (/_at$/.test(String(name))) return type !== 'timestamp with time zone';
      return ['jsonb', 'double precision', 'real'].includes(String(type)) && name !== 'metadata';
    });

    expect(wrong).toEqual([]);
    expect(BILLING_VIEWS.filter(({ name }) => !has(name, /^workspace_id$/) || !has(name, /^account$/))).toEqual([]);
  });

  it('turns minor units into major ones, with no, two or three digits', async () => {
    expect(
      await rows(`SELECT billing.major(1234, 'usd')::text AS usd, billing.major(1234, 'JPY')::text AS jpy,
                         billing.major(1234, 'kwd')::text AS kwd, billing.major(-5, 'eur')::text AS eur`),
    ).toEqual([{ usd: '12.34', jpy: '1234', kwd: '1.234', eur: '-0.05' }]);
  });

  it('leaves out what was deleted, and flags it where history names it', async () => {
    const gone = customer();
    const draft = invoice({ status: 'draft', customer: gone.id });
    await mirrored(TODAY, ['customer.created', gone], ['invoice.created', draft]);

    await deliverAll(service, [
      stripeEvent('customer.deleted', gone, { created: AT + 5 }),
      stripeEvent('invoice.deleted', draft, { created: AT + 5 }),
    ]);
    await drain(service, ['inbox']);

    expect(await rows(`SELECT deleted_at FROM billing.customers WHERE id = $1`, [gone.id])).toEqual([
      { deleted_at: new Date((AT + 5) * 1000) },
    ]);
    expect(await rows(`SELECT id FROM billing.invoices WHERE id = $1`, [draft.id])).toEqual([]);
    expect(await rows(`SELECT id FROM billing.invoice_lines WHERE invoice_id = $1`, [draft.id])).toEqual([]);
  });
});

describe('the read-only role', () => {
  async function asReader(statement: string): Promise<unknown> {
    const runner = service.db.createQueryRunner();
    try {
      await runner.startTransaction();
      await runner.query('SET LOCAL ROLE tributary_reader');
      return (await runner.query(statement)) as unknown;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  }

  it('reads every view and the mirror, also tables that are made later', async () => {
    await service.db.query(`CREATE TABLE stripe.made_later (id text)`);

    for (const { name } of BILLING_VIEWS) {
      expect(await asReader(`SELECT * FROM billing.${name} LIMIT 1`)).toBeInstanceOf(Array);
    }
    expect(await asReader(`SELECT id FROM stripe.customers LIMIT 1`)).toBeInstanceOf(Array);
    expect(await asReader(`SELECT id FROM stripe.made_later`)).toEqual([]);
    await service.db.query(`DROP TABLE stripe.made_later`);
  });

  it.each([
    [`DELETE FROM stripe.customers`, 'permission denied for table customers'],
    [`UPDATE stripe.invoices SET account = ''`, 'permission denied for table invoices'],
    [`DELETE FROM billing.customers`, 'permission denied for view customers'],
    [`CREATE VIEW billing.mine AS SELECT 1`, 'permission denied for schema billing'],
    [`SELECT * FROM tributary.webhook_endpoint`, 'permission denied for schema tributary'],
    [`SELECT * FROM tributary.api_key`, 'permission denied for schema tributary'],
  ])('may not %s', async (statement, message) => {
    expect(await asReader(statement)).toBe(message);
  });
});

describe('when the mirror makes a column anew', () => {
  /** As a database that an older build has made: the column's expression is another one, and no step of this build is known. */
  async function pretendOlder(): Promise<void> {
    await service.db.query(
      `UPDATE tributary.typeorm_metadata SET value = 'an older reading' WHERE "table" = 'subscriptions' AND name = 'current_period_end'`,
    );
    await service.db.query(`DELETE FROM tributary.schema_step`);
  }

  it('the views make way and come back, readable', async () => {
    await pretendOlder();

    await migrate(service.db);

    const [column] = await rows(
      `SELECT value FROM tributary.typeorm_metadata WHERE "table" = 'subscriptions' AND name = 'current_period_end'`,
    );
    expect(column?.value).not.toBe('an older reading');
    expect(await rows(`SELECT id FROM billing.subscriptions WHERE false`)).toEqual([]);
    const [granted] = await rows(
      `SELECT has_table_privilege('tributary_reader', 'billing.subscriptions', 'select') AS yes`,
    );
    expect(granted).toEqual({ yes: true });
  });

  it('says whose view is in the way, and leaves all as it was', async () => {
    await service.db.query(`CREATE VIEW public.my_own AS SELECT id, email FROM billing.customers`);
    await pretendOlder();

    await expect(migrate(service.db)).rejects.toThrow(/view my_own depends on view billing.customers.*make them again/);
    expect(await rows(`SELECT id FROM public.my_own WHERE false`)).toEqual([]);

    await service.db.query(`DROP VIEW public.my_own`);
    await migrate(service.db);
  });

  it('a view of one’s own stays when only this build’s views are made again', async () => {
    await service.db.query(`CREATE VIEW public.my_own AS SELECT id, email FROM billing.customers`);
    await service.db.query(`DELETE FROM tributary.schema_step`);

    await migrate(service.db);

    expect(await rows(`SELECT id FROM public.my_own WHERE false`)).toEqual([]);
    await service.db.query(`DROP VIEW public.my_own`);
  });
});
