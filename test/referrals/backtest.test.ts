import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../sandbox/core/random.js';
import type { BacktestSumsView, BacktestView } from '../../src/referrals/backtest/backtest.dto.js';
import { checkoutSession, invoiceLine } from '../support/stripe-objects.js';
import { disputeOf } from '../support/complaints.js';
import { payment, refundOf, Story, unix } from '../support/story.js';
import { randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { refused } from './given.js';

const BEGIN = unix('2026-01-05T12:00:00Z');
const DAY = 86_400;
const SEED = 20_261_121;

const TIERED = {
  reward: undefined,
  timeZone: 'America/New_York',
  suspicion: { mode: 'off' },
  rules: [
    { key: 'first', firstSaleOnly: true, reward: { type: 'recurring', amountMinor: 700, payments: 1 } },
    {
      key: 'tiers',
      reward: {
        ...{ type: 'tiered', by: 'revenue', period: 'month', mode: 'graduated' },
        tiers: [
          { from: 0, rateBps: 1_000 },
          { from: 30_000, rateBps: 2_500 },
        ],
      },
    },
  ],
  caps: [
    { per: 'customer', period: 'quarter', maxMinor: 5_000 },
    { per: 'program', period: 'day', maxSales: 2 },
  ],
};
const PHASES = {
  ...{ reward: undefined, suspicion: { mode: 'off' }, timeZone: 'America/New_York' },
  rules: [{ key: 'phases', reward: { type: 'phases', phases: [{ payments: 2, rateBps: 4_000 }, { rateBps: 777 }] } }],
  caps: [{ per: 'partner', period: 'month', maxMinor: 9_000 }],
};

let story: Story;
/** Two programs that bind the same customers to the same partners, by different terms. */
let tiered: string;
let phases: string;
let partners: string[];
let events: number;

beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-01-01T00:00:00Z');
  tiered = await story.program(TIERED);
  phases = await story.program(PHASES);
  partners = [await story.partner('Ada'), await story.partner('Bea'), await story.partner('Cleo')];
  const told = await business(seededRandom(SEED));
  events = told.length;
  await story.happens(...told);
  await story.call('POST', `/v1/partners/${partners[2]}/deactivate`, { effectiveAt: '2026-03-01T00:00:00Z' });
  await story.settle();
  story.timeIs('2026-08-01T00:00:00Z');
}, 120_000);
afterAll(() => story?.end());

/** Customers of all kinds, who pay, get money back and dispute, in half a year. */
async function business(random: () => number): Promise<StripeEvent[]> {
  const told: StripeEvent[] = [];
  const upTo = (n: number): number => Math.floor(random() * n);
  for (let n = 0; n < 14; n++) {
    const customer = await referred(partners[n % 3] as string, n);
    for (let sale = 0; sale < 1 + upTo(7); sale++) {
      const paidAt = BEGIN + upTo(150) * DAY + upTo(3);
      const metadata = n === 5 ? { referral: 'false' } : {};
      const lines = [invoiceLine({ amount: 500 + upTo(30_000) }), invoiceLine({ amount: -upTo(400) })];
      const paid = payment({ customer, paidAt, lines, invoice: { metadata } });
      told.push(...paid.events);
      const amount = Number(paid.charge.amount);
      if (random() < 0.3) told.push(...refundOf(paid.charge, 1 + upTo(amount), paidAt + upTo(40) * DAY).events);
      else if (random() < 0.15) {
        const dispute = disputeOf(paid.charge, amount, paidAt + 3 * DAY);
        told.push(dispute.opened, dispute.withdrawn());
      }
    }
    if (n % 4 === 0) told.push(...oneOff(customer, BEGIN + upTo(100) * DAY, 2_000 + upTo(5_000)));
  }
  return told;
}

async function referred(partnerId: string, n: number): Promise<string> {
  const stripeCustomerId = randomId('cus');
  const customer = { externalId: randomId('user'), stripeCustomerId };
  for (const program of [tiered, phases]) {
    await story.call('POST', '/v1/referrals', { code: await story.code(program, partnerId), customer });
    if (n === 7) {
      const move = { programKey: program, partnerId: partners[0], customer, reason: 'moved' };
      await story.call('POST', '/v1/attributions', { ...move, effectiveAt: '2026-03-15T00:00:00Z' });
    }
  }
  return stripeCustomerId;
}

/** A checkout without an invoice. */
function oneOff(customer: string, at: number, amount: number): StripeEvent[] {
  const { charge } = payment({ customer, paidAt: at, lines: [invoiceLine({ amount })] });
  const session = checkoutSession({
    ...{ customer, created: at, mode: 'payment', invoice: null, payment_intent: charge.payment_intent },
    ...{ amount_total: amount, amount_subtotal: amount, payment_status: 'paid' },
  });
  return [
    stripeEvent('charge.succeeded', charge, { created: at }),
    stripeEvent('checkout.session.completed', session, { created: at }),
  ];
}

const run = (program: string, terms: object = {}): Promise<BacktestView> =>
  story.call<BacktestView>('POST', `/v1/programs/${program}/backtest`, terms);

/** Of one side, by partner and month, and without those for whom nothing came of it. */
function table({ partners: told }: BacktestView, side: 'proposed' | 'actual'): Record<string, BacktestSumsView> {
  const rows = told.flatMap(({ partnerId, months }) =>
    months.map((month) => [`${partnerId} ${month.month} ${month.currency}`, month[side]] as const),
  );
  return Object.fromEntries(rows.filter(([, sums]) => sums.commissions > 0));
}

const termsOnly = ({ rules, caps, timeZone }: { rules: unknown; caps: unknown; timeZone: string }) => ({
  ...{ rules, caps, timeZone },
});

describe('a backtest', () => {
  it('with the terms that are in force tells what was earned, to the cent', async () => {
    for (const program of [tiered, phases]) {
      const told = await run(program);

      expect(Object.keys(table(told, 'actual')).length).toBeGreaterThan(8);
      expect(table(told, 'proposed')).toEqual(table(told, 'actual'));
      for (const { proposed, actual } of [...told.totals, ...told.months]) expect(proposed).toEqual(actual);
    }
  });

  it('with other terms tells what a program with these terms did pay', async () => {
    const asPhases = await run(tiered, termsOnly(PHASES));
    const asTiers = await run(phases, termsOnly(TIERED));

    expect(table(asPhases, 'proposed')).toEqual(table(asTiers, 'actual'));
    expect(table(asTiers, 'proposed')).toEqual(table(asPhases, 'actual'));
    expect(asPhases.totals[0]?.proposed.takenBackMinor).toBeGreaterThan(0);
  });

  it('changes nothing', async () => {
    const versions = () =>
      story.service.db.query(`SELECT 'commission' AS t, count(*), max(xmin::text::bigint) FROM tributary.commission
        UNION ALL SELECT 'entry', count(*), max(xmin::text::bigint) FROM tributary.ledger_entry
        UNION ALL SELECT 'version', count(*), max(xmin::text::bigint) FROM tributary.referral_program_version`);
    const before = await versions();

    await run(tiered, { reward: { type: 'percentage', rateBps: 5_000 }, caps: [] });

    expect(events).toBeGreaterThan(100);
    expect(await versions()).toEqual(before);
  });

  it('of a stretch of time counts what came before it, and tells of what is in it', async () => {
    const whole = await run(tiered);
    const part = await run(tiered, { from: '2026-03-01T05:00:00Z', to: '2026-05-01T04:00:00Z' });

    expect(part.months.map(({ month }) => month)).toEqual(['2026-03', '2026-04']);
    expect(part.months).toEqual(whole.months.filter(({ month }) => month === '2026-03' || month === '2026-04'));
    expect(part.sales).toBeLessThan(whole.sales);
  });

  it('tells of the partners for whom most would change, and how many it leaves out', async () => {
    const terms = { reward: { type: 'percentage', rateBps: 9_000 }, caps: [] };
    const whole = await run(tiered, terms);
    const one = await run(tiered, { ...terms, partners: 1 });

    const changes = whole.partners.map(({ proposed, actual }) => Math.abs(proposed.netMinor - actual.netMinor));
    expect(changes).toEqual([...changes].sort((a, b) => b - a));
    expect(one).toMatchObject({ partners: [whole.partners[0]], partnersLeftOut: whole.partners.length - 1 });
  });

  it.each([
    [{ rules: [{ key: 'r', reward: { type: 'percentage', rateBps: 20_000 } }] }, 'rules.0.reward.rateBps'],
    [{ caps: [{ per: 'partner', period: 'month' }] }, 'caps.0'],
    [{ from: '2026-03-01T00:00:00Z', to: '2026-03-01T00:00:00Z' }, 'from'],
    [{ partners: 1_000_000 }, 'partners'],
    [{ currency: 'eur' }, 'currency'],
  ])('refuses what cannot be meant: %j', async (terms, field) => {
    const answer = await story.service.http('POST', `/v1/programs/${tiered}/backtest`, terms);
    expect(answer.body).toMatchObject({ error: { field: expect.stringContaining(field) } });
    expect([400, 422]).toContain(answer.status);
  });

  it('runs alone in its workspace, whichever process has the other', async () => {
    await story.service.db.transaction(async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('backtest/' || $1, 0))`, [
        story.service.workspaceId,
      ]);
      const answer = await story.service.http('POST', `/v1/programs/${tiered}/backtest`, {});
      expect(answer).toMatchObject(refused(409, 'backtest_under_way'));
    });
    expect((await run(tiered)).sales).toBeGreaterThan(0);
  });

  it('of a program that is not there is refused, and over gRPC is the same', async () => {
    expect(await story.service.http('POST', '/v1/programs/nobody/backtest', {})).toMatchObject(
      refused(404, 'program_not_found', 'key'),
    );
    const told = await story.service.grpc.call<{ sales: string }>('Backtests', 'RunBacktest', { key: tiered });
    expect(Number(told.message?.sales)).toBe((await run(tiered)).sales);
  });
});
