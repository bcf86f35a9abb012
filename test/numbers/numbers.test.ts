import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DateTime } from 'luxon';
import type {
  CohortsView,
  LeaderboardRow,
  LeaderboardView,
  NumbersRow,
  NumbersView,
} from '../../src/numbers/dto/numbers.view.js';
import { Story } from '../support/story.js';
import { NumbersStory } from './numbers-story.js';

const SEED = 7;
const PERIOD = 'from=2026-01-01T05:00:00Z&to=2026-07-01T04:00:00Z';
let story: Story;
let told: NumbersStory;

beforeAll(async () => {
  story = await Story.begin();
  told = await NumbersStory.tell(story, SEED);
}, 240_000);
afterAll(() => story?.end());

const numbers = async (query: string): Promise<NumbersRow[]> =>
  (await story.call<NumbersView>('GET', `/v1/numbers?programKey=${told.programKey}&${PERIOD}&${query}`)).data;

/** Everything of a row that may be added up over rows. */
const COUNTS = ['clicks', 'signUps', 'conversions', 'sales'] as const;
const MONEY = [
  'sales',
  'revenueMinor',
  'earnedMinor',
  'reversedMinor',
  'rejectedMinor',
  'netMinor',
  'heldMinor',
  'paidMinor',
] as const;
function added(rows: readonly NumbersRow[]): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (name: string, value: number): void => void (sums[name] = (sums[name] ?? 0) + value);
  for (const row of rows) {
    for (const name of COUNTS) add(name, row[name]);
    for (const money of row.money) for (const name of MONEY) add(`${money.currency} ${name}`, money[name]);
  }
  return sums;
}

/** The same from the ledger's rows, read as they are and added up here. */
async function fromLedger(dayOf: (at: Date) => string): Promise<Map<string, { net: number; paid: number }>> {
  const rows = await story.service.db.query<Array<{ account: string; amount_minor: string; occurred_at: Date }>>(
    `SELECT e.account, e.amount_minor, t.occurred_at FROM tributary.ledger_entry e
       JOIN tributary.ledger_transaction t ON t.workspace_id = e.workspace_id AND t.id = e.transaction_id`,
  );
  const days = new Map<string, { net: number; paid: number }>();
  for (const { account, amount_minor: amount, occurred_at: at } of rows) {
    const day = days.get(dayOf(at)) ?? { net: 0, paid: 0 };
    days.set(dayOf(at), day);
    if (account === 'expense') day.net -= Number(amount);
    if (account === 'paid') day.paid += Number(amount);
  }
  return days;
}

describe('figures over a time', () => {
  it('are, day by day in the program’s time zone, what the ledger’s rows add up to', async () => {
    const dayOf = (at: Date): string => DateTime.fromJSDate(at, { zone: 'America/New_York' }).toISODate() as string;
    const ledger = await fromLedger(dayOf);

    const rows = await numbers('by=day');

    const told = new Map(rows.map((row) => [row.period as string, row.money[0]]));
    for (const [day, { net, paid }] of ledger)
      expect([day, told.get(day)?.netMinor ?? 0, told.get(day)?.paidMinor ?? 0]).toEqual([day, net, paid]);
    const [whole] = await numbers('');
    const sum = [...ledger.values()].reduce((all, { net, paid }) => ({ net: all.net + net, paid: all.paid + paid }));
    expect(whole?.money[0]).toMatchObject({ currency: 'usd', netMinor: sum.net, paidMinor: sum.paid });
    expect(sum.paid).toBeGreaterThan(0);
    expect(whole?.money[0]?.reversedMinor).toBeGreaterThan(0);
  });

  it.each([
    'by=day',
    'by=week',
    'by=month',
    'split=partner',
    'split=code',
    'split=group',
    'split=program',
    'by=month&split=code',
  ])('add up to the whole with %s', async (query) => {
    const rows = await numbers(query);

    expect(added(rows)).toEqual(added(await numbers('')));
    expect(rows.length).toBeGreaterThan(query === 'split=program' ? 0 : 1);
  });

  it('of a partner and of a code are the rows of the split', async () => {
    const [first] = told.partnerIds as [string];
    const byPartner = await numbers('split=partner');
    expect(await numbers(`partnerId=${first}`)).toEqual([{ ...byPartner.find(({ key }) => key === first), key: null }]);

    const byCode = await numbers('split=code');
    for (const code of told.codes)
      expect(await numbers(`code=${code.toLowerCase()}`)).toEqual([
        { ...byCode.find(({ key }) => key === code), key: null },
      ]);
  });

  it('of a group are those of its partners from the moment on that they are in it', async () => {
    const byGroup = await numbers('split=group');
    const [whole] = await numbers('groupKey=friends');
    const [first] = told.partnerIds;
    const [since] = (
      await story.call<NumbersView>(
        'GET',
        `/v1/numbers?partnerId=${first}&from=2026-02-01T12:00:00Z&to=2026-07-01T04:00:00Z`,
      )
    ).data;

    expect(byGroup.map(({ key }) => key)).toEqual(['friends', null]);
    expect(whole).toEqual({ ...byGroup[0], key: null });
    expect(whole?.clicks).toBeGreaterThan(0);
    expect(whole).toEqual(since);
  });

  it('count clicks, sign-ups, first sales and sales as the tables have them', async () => {
    const [counted] = await story.service.db.query<[Record<string, string>]>(
      `SELECT (SELECT count(*) FROM tributary.referral_tracking WHERE visitor = 'person' AND click_id IS NULL) AS clicks,
              (SELECT count(DISTINCT (customer_id, code_id)) FROM tributary.referral_tracking WHERE signed_up_at IS NOT NULL) AS "signUps",
              (SELECT count(DISTINCT customer_id) FROM tributary.commission) AS conversions,
              (SELECT count(DISTINCT sale_id) FROM tributary.commission) AS sales`,
    );
    const [whole] = (await numbers('')) as [NumbersRow];

    const { clicks, signUps, conversions, sales } = whole;
    expect({ clicks, signUps, conversions, sales }).toEqual(
      Object.fromEntries(Object.entries(counted).map(([name, value]) => [name, Number(value)])),
    );
    expect(whole.signUpRateBps).toBe(Math.round((signUps / clicks) * 10_000));
    expect(whole.money[0]?.netPerClickMinor).toBe(Math.round((whole.money[0]?.netMinor ?? 0) / clicks));
  });

  it('are true the moment something is posted', async () => {
    const before = added(await numbers(''));
    const customer = { externalId: 'late buyer' };
    await story.call('POST', '/v1/sales', {
      ...{ externalId: 'order late', customer, amountMinor: 10_000, currency: 'eur', code: told.codes[0] },
      occurredAt: '2026-03-20T12:00:00Z',
    });
    await story.settle();

    const after = added(await numbers(''));
    expect(after).toMatchObject({
      sales: (before.sales ?? 0) + 1,
      'eur revenueMinor': 10_000,
      'usd netMinor': before['usd netMinor'],
    });
    expect(after.conversions).toBe((before.conversions ?? 0) + 1);
  });
});

describe('the leaderboard', () => {
  const board = (query: string): Promise<LeaderboardView> =>
    story.call('GET', `/v1/numbers/leaderboard?programKey=${told.programKey}&${PERIOD}&${query}`);

  it.each(['clicks', 'signUps', 'conversions', 'netMinor', 'paidMinor'])(
    'has the partners by %s, in pages',
    async (figure) => {
      const currency = figure.endsWith('Minor') ? '&currency=usd' : '';
      const whole = await board(`figure=${figure}${currency}`);
      const first = await board(`figure=${figure}${currency}&limit=1`);
      const second = await board(`figure=${figure}${currency}&limit=1&cursor=${first.nextCursor}`);

      expect([...first.data, ...second.data]).toEqual(whole.data);
      const [leader, other] = whole.data as [LeaderboardRow, LeaderboardRow];
      expect([leader.rank, other.rank]).toEqual([1, leader.value === other.value ? 1 : 2]);
      expect(leader.value).toBeGreaterThanOrEqual(other.value);
      const rows = await numbers('split=partner');
      for (const { partnerId, value } of whole.data) {
        const row = rows.find(({ key }) => key === partnerId) as NumbersRow;
        expect(value).toBe({ ...row, ...row.money.find(({ currency: of }) => of === 'usd') }[figure as 'clicks']);
      }
    },
  );

  it('compares money in one currency, and asks for it', async () => {
    const ask = (query: string) => story.service.http('GET', `/v1/numbers/leaderboard?${query}`);

    expect((await ask('figure=netMinor')).body).toMatchObject({ error: { code: 'missing_field', field: 'currency' } });
    expect((await ask('figure=clicks&currency=usd')).body).toMatchObject({
      error: { code: 'field_not_allowed', field: 'currency' },
    });
  });
});

describe('cohorts', () => {
  it('hold those who converted in a month, and who of them paid later', async () => {
    const { data } = await story.call<CohortsView>(
      'GET',
      `/v1/numbers/cohorts?programKey=${told.programKey}&${PERIOD}`,
    );

    const byMonth = await numbers('by=month');
    const converted = byMonth.filter(({ conversions }) => conversions > 0);
    expect(data.map(({ cohort, persons }) => [`${cohort}-01`, persons])).toEqual(
      converted.map(({ period, conversions }) => [period, conversions]),
    );
    const payments = await story.service.db.query<Array<{ n: string }>>(
      `SELECT count(DISTINCT (customer_id, date_trunc('month', occurred_at AT TIME ZONE 'America/New_York'))) AS n FROM tributary.sale
        WHERE occurred_at < '2026-04-01T04:00:00Z'`,
    );
    const paying = data.flatMap(({ months }) => months).reduce((sum, { persons }) => sum + persons, 0);
    expect(paying).toBe(Number(payments[0]?.n));
    expect(data[0]?.months[0]).toMatchObject({ month: 0, retentionBps: 10_000 });
  });
});

describe('times to convert', () => {
  it('are those of the persons who converted, from their click and from their sign-up', async () => {
    const rows = await story.service.db.query<Array<{ seconds: number }>>(
      `SELECT floor(extract(epoch FROM min(c.occurred_at) - min(t.signed_up_at)))::int AS seconds
         FROM tributary.commission c
         JOIN tributary.referral_tracking t ON t.customer_id = c.customer_id AND t.code_id = c.code_id AND t.signed_up_at IS NOT NULL
        GROUP BY c.customer_id ORDER BY 1`,
    );
    const seconds = rows.map((row) => row.seconds).filter((each) => each >= 0);
    const at = (share: number) => seconds[Math.ceil(share * seconds.length) - 1];

    const times = await story.call('GET', `/v1/numbers/conversion-times?programKey=${told.programKey}&${PERIOD}`);

    expect(times).toMatchObject({
      fromSignUp: { persons: seconds.length, medianSeconds: at(0.5), p90Seconds: at(0.9) },
    });
  });
});

describe('what is asked for', () => {
  it.each([
    ['programKey=nothing', 'program_not_found', 'programKey'],
    ['partnerId=partner_0', 'partner_not_found', 'partnerId'],
    ['code=NOBODY-1', 'code_not_found', 'code'],
    ['by=year', 'invalid_field', 'by'],
    ['from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'invalid_period', 'from'],
  ])('must exist and make sense: %s', async (query, code, field) => {
    expect((await story.service.http('GET', `/v1/numbers?${query}`)).body).toMatchObject({ error: { code, field } });
  });

  it('is answered the same over gRPC', async () => {
    const query = {
      programKey: told.programKey,
      from: '2026-01-01T05:00:00Z',
      to: '2026-07-01T04:00:00Z',
      by: 'month',
    };
    const { message } = await story.service.grpc.call<NumbersView>('Numbers', 'GetNumbers', query);
    const rows = await numbers('by=month');

    const plain = (row: NumbersRow) => [
      row.period,
      row.clicks,
      row.money.map(({ currency, netMinor }) => [currency, netMinor]),
    ];
    expect(message?.timeZone).toBe('America/New_York');
    expect(message?.data.map(plain)).toEqual(rows.map(plain));
  });

  it('holds nothing of another workspace', async () => {
    const key = await story.service.newKey(['referrals:read'], { workspaceId: await story.service.newWorkspace() });
    const answer = await story.service.http<NumbersView>('GET', `/v1/numbers?${PERIOD}`, undefined, {
      authorization: `Bearer ${key}`,
    });

    expect(added(answer.body.data)).toEqual({ clicks: 0, signUps: 0, conversions: 0, sales: 0 });
  });
});
