import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BILLING_VIEWS } from '../../src/billing/sql-views/billing-views.js';
import { migrate } from '../../src/database/migrate.js';
import { customer, invoice } from '../support/stripe-objects.js';
import { deliverAll, drain, stripeEvent } from '../support/stripe-events.js';
import { AT, TODAY, ViewsWorld } from './views-world.js';

let world: ViewsWorld;
beforeAll(async () => {
  world = await ViewsWorld.start();
});
afterAll(() => world.stop());

describe('schema billing', () => {
  it('has a comment on every view and every column', async () => {
    const missing = await world.rows(`
      SELECT c.relname, a.attname FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relnamespace = 'billing'::regnamespace AND c.relkind = 'v'
         AND (coalesce(col_description(c.oid, a.attnum), '') = '' OR coalesce(obj_description(c.oid, 'pg_class'), '') = '')`);
    const [counted] = await world.rows(
      `SELECT count(*)::int AS views FROM information_schema.views WHERE table_schema = 'billing'`,
    );

    expect(counted).toEqual({ views: BILLING_VIEWS.length });
    expect(missing).toEqual([]);
  });

  it('counts money in bigint beside its currency, tells times with their zone, and keeps workspaces and accounts apart', async () => {
    const columns = await world.rows(
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
      await world.rows(`SELECT billing.major(1234, 'usd')::text AS usd, billing.major(1234, 'JPY')::text AS jpy,
                         billing.major(1234, 'kwd')::text AS kwd, billing.major(-5, 'eur')::text AS eur`),
    ).toEqual([{ usd: '12.34', jpy: '1234', kwd: '1.234', eur: '-0.05' }]);
  });

  it('leaves out what was deleted, and flags it where history names it', async () => {
    const gone = customer();
    const draft = invoice({ status: 'draft', customer: gone.id });
    await world.mirrored(TODAY, ['customer.created', gone], ['invoice.created', draft]);

    await deliverAll(world.service, [
      stripeEvent('customer.deleted', gone, { created: AT + 5 }),
      stripeEvent('invoice.deleted', draft, { created: AT + 5 }),
    ]);
    await drain(world.service, ['inbox']);

    expect(await world.rows(`SELECT deleted_at FROM billing.customers WHERE id = $1`, [gone.id])).toEqual([
      { deleted_at: new Date((AT + 5) * 1000) },
    ]);
    expect(await world.rows(`SELECT id FROM billing.invoices WHERE id = $1`, [draft.id])).toEqual([]);
    expect(await world.rows(`SELECT id FROM billing.invoice_lines WHERE invoice_id = $1`, [draft.id])).toEqual([]);
  });
});

describe('the read-only role', () => {
  async function asReader(statement: string): Promise<unknown> {
    const runner = world.service.db.createQueryRunner();
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
    await world.service.db.query(`CREATE TABLE stripe.made_later (id text)`);

    for (const { name } of BILLING_VIEWS) {
      expect(await asReader(`SELECT * FROM billing.${name} LIMIT 1`)).toBeInstanceOf(Array);
    }
    expect(await asReader(`SELECT id FROM stripe.customers LIMIT 1`)).toBeInstanceOf(Array);
    expect(await asReader(`SELECT id FROM stripe.made_later`)).toEqual([]);
    await world.service.db.query(`DROP TABLE stripe.made_later`);
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
    await world.service.db.query(
      `UPDATE tributary.typeorm_metadata SET value = 'an older reading' WHERE "table" = 'subscriptions' AND name = 'current_period_end'`,
    );
    await world.service.db.query(`DELETE FROM tributary.schema_step`);
  }

  it('the views make way and come back, readable', async () => {
    await pretendOlder();

    await migrate(world.service.db);

    const [column] = await world.rows(
      `SELECT value FROM tributary.typeorm_metadata WHERE "table" = 'subscriptions' AND name = 'current_period_end'`,
    );
    expect(column?.value).not.toBe('an older reading');
    expect(await world.rows(`SELECT id FROM billing.subscriptions WHERE false`)).toEqual([]);
    const [granted] = await world.rows(
      `SELECT has_table_privilege('tributary_reader', 'billing.subscriptions', 'select') AS yes`,
    );
    expect(granted).toEqual({ yes: true });
  });

  it('says whose view is in the way, and leaves all as it was', async () => {
    await world.service.db.query(`CREATE VIEW public.my_own AS SELECT id, email FROM billing.customers`);
    await pretendOlder();

    await expect(migrate(world.service.db)).rejects.toThrow(
      /view my_own depends on view billing.customers.*make them again/,
    );
    expect(await world.rows(`SELECT id FROM public.my_own WHERE false`)).toEqual([]);

    await world.service.db.query(`DROP VIEW public.my_own`);
    await migrate(world.service.db);
  });

  it('a view of one’s own stays when only this build’s views are made again', async () => {
    await world.service.db.query(`CREATE VIEW public.my_own AS SELECT id, email FROM billing.customers`);
    await world.service.db.query(`DELETE FROM tributary.schema_step`);

    await migrate(world.service.db);

    expect(await world.rows(`SELECT id FROM public.my_own WHERE false`)).toEqual([]);
    await world.service.db.query(`DROP VIEW public.my_own`);
  });
});
