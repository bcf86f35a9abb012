import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXPORTS_AT_ONCE } from '../../src/numbers/exports/exports.service.js';
import { EXPORTS } from '../../src/numbers/exports/export-tables.js';
import { Story } from '../support/story.js';

/** More than sockets and streams hold between them. */
const MANY_CLICKS = 60_000;
const FORMULA = '=HYPERLINK("http://example.com","x")';
let story: Story;
let referrer: { programKey: string; partnerId: string; code: string };

beforeAll(async () => {
  story = await Story.begin();
  referrer = await story.referrer();
  const { code } = referrer;
  await story.call('POST', '/v1/referrals', { code, customer: { externalId: FORMULA } });
  await story.call('POST', '/v1/sales', {
    ...{ externalId: '-2+3', customer: { externalId: FORMULA }, amountMinor: 10_000, currency: 'usd' },
    occurredAt: new Date(story.service.clock.now().getTime() + 1).toISOString(),
  });
  await story.settle();
});
afterAll(() => story?.end());

const text = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
  (await story.service.http<string>('GET', `/v1/exports/${path}`, undefined, headers)).body;
const rows = async (path: string): Promise<Record<string, unknown>[]> =>
  (await text(path))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('an export', () => {
  it.each(Object.keys(EXPORTS))(
    'of %s has a heading without rows, and times and amounts by their names',
    async (name) => {
      const nothing = await text(`${name}?format=csv&to=2001-01-01T00:00:00Z`);

      expect(nothing).toMatch(/^id,[A-Za-z,]+\r\n$/);
      const all = await rows(name);
      if (name !== 'payouts' && name !== 'clicks') expect(all.length).toBeGreaterThan(0);
      for (const row of all) expect(Object.keys(row).join()).toBe(nothing.trim());
    },
  );

  it('has the commissions as the API tells them', async () => {
    const [commission] = await story.commissions(referrer.partnerId);
    const [row] = await rows(`commissions?partnerId=${referrer.partnerId}&programKey=${referrer.programKey}`);

    const { id, state, amountMinor, reversedMinor, netMinor, currency, occurredAt, dueAt } = row as Record<
      string,
      unknown
    >;
    expect({ id, state, amountMinor, reversedMinor, netMinor, currency, occurredAt, dueAt }).toEqual(
      Object.fromEntries(
        ['id', 'state', 'amountMinor', 'reversedMinor', 'netMinor', 'currency', 'occurredAt', 'dueAt'].map((name) => [
          name,
          commission?.[name as 'id'],
        ]),
      ),
    );
  });

  it('has a ledger that sums to zero', async () => {
    const entries = await rows('ledger');

    expect(entries.reduce((sum, { amountMinor }) => sum + Number(amountMinor), 0)).toBe(0);
  });

  it('is CSV for who accepts it, in which texts are no formulas and numbers stay numbers', async () => {
    const file = await text('commissions', { accept: 'text/csv' });
    const ledger = await text('ledger?format=csv');

    expect(file).toContain(`,"'=HYPERLINK(""http://example.com"",""x"")",`);
    expect(file).toContain(`,'-2+3,`);
    expect(ledger).toMatch(/,-2000,usd,/);
  });

  it('asks for the scope of what it tells', async () => {
    const key = await story.service.newKey(['referrals:read']);
    const ask = (name: string) =>
      story.service.http('GET', `/v1/exports/${name}`, undefined, { authorization: `Bearer ${key}` });

    expect((await ask('ledger')).status).toBe(200);
    expect((await ask('payouts')).status).toBe(403);
  });

  it('refuses a program that there is not', async () => {
    const { body } = await story.service.http('GET', '/v1/exports/clicks?programKey=nothing');

    expect(body).toMatchObject({ error: { code: 'program_not_found', field: 'programKey' } });
  });
});

describe('a long export', () => {
  beforeAll(async () => {
    await story.service.db.query(
      `INSERT INTO tributary.referral_tracking (workspace_id, id, program_id, partner_id, code_id, clicked_at, visitor, url, created_at)
       SELECT workspace_id, 'click_' || n, program_id, partner_id, id, created_at, 'person', repeat('https://example.com/', 10), created_at
         FROM tributary.referral_code CROSS JOIN generate_series(1, ${MANY_CLICKS}) AS n`,
    );
  });

  /** Begun and not read any further. */
  const begin = (): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${story.service.apiKey}` };
      get(`${story.service.httpUrl}/v1/exports/clicks`, { headers, agent: false }, resolve).on('error', reject);
    });
  const openCursors = async (): Promise<number[]> => {
    const found = await story.service.db.query<Array<{ pid: number }>>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
          AND query LIKE '%clickedAt%'`,
    );
    return found.map(({ pid }) => pid);
  };
  const untilNoneIsOpen = async (): Promise<void> => {
    for (const limit = Date.now() + 10_000; (await openCursors()).length > 0;)
      if (Date.now() > limit) throw new Error('a cursor is still open');
  };

  it('comes whole', async () => {
    expect((await text('clicks')).split('\n')).toHaveLength(MANY_CLICKS + 1);
    await untilNoneIsOpen();
  });

  it('waits for its reader, and frees the cursor when that one hangs up', async () => {
    for (let n = 0; n <= EXPORTS_AT_ONCE; n++) {
      const answer = await begin();
      expect(await openCursors()).toHaveLength(1);

      answer.destroy();

      await untilNoneIsOpen();
    }
  });

  it('is refused beside as many as there may be at once', async () => {
    const answers = await Promise.all(Array.from({ length: EXPORTS_AT_ONCE }, begin));

    const { status, body, headers } = await story.service.http('GET', '/v1/exports/clicks');

    expect([status, headers.get('retry-after')]).toEqual([429, '10']);
    expect(body).toMatchObject({ error: { code: 'too_many_exports' } });
    for (const answer of answers) answer.destroy();
    await untilNoneIsOpen();
  });

  it('that fails on the way breaks the connection off, so that it does not look complete', async () => {
    const answer = await begin();
    const [pid] = await openCursors();
    await story.service.db.query('SELECT pg_terminate_backend($1)', [pid]);

    const end = new Promise<string>((resolve) => {
      answer.on('end', () => resolve('complete')).on('error', ({ message }) => resolve(message));
    });
    answer.resume();

    expect(await end).toBe('aborted');
    expect(answer.complete).toBe(false);
    expect((await story.service.http('GET', '/v1/exports/payouts')).status).toBe(200);
  });
});
