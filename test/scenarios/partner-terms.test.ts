import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { invoiceLine } from '../support/stripe-objects.js';
import { ordersOf, payment, refundOf, Story, unix, type Payment } from '../support/story.js';
import { randomId } from '../support/stripe-events.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story.end());

const T = unix('2026-03-10T12:00:00Z');
const DAY = 86_400;
const iso = (seconds: number): string => new Date(seconds * 1_000).toISOString();
const percent = (rateBps: number) => ({ reward: { type: 'percentage', rateBps } });

const sale = (customer: string, paidAt: number, amount = 10_000): Payment =>
  payment({ customer, paidAt, lines: [invoiceLine({ amount })] });
const eventsOf = (...sales: Payment[]) => sales.flatMap(({ events }) => events);

async function group(): Promise<string> {
  const key = randomId('g').replace('_', '-');
  await story.call('PUT', `/v1/partner-groups/${key}`, { name: 'Gold' });
  return key;
}

const move = (partnerId: string, to: string | null, at?: number) =>
  story.call('PUT', `/v1/partners/${partnerId}/group`, {
    group: to,
    ...(at !== undefined && { effectiveAt: iso(at) }),
  });

const say = (programKey: string, of: string, terms: object) =>
  story.call<Record<string, unknown>>('PUT', `/v1/programs/${programKey}/terms/${of}`, terms);

async function referred(terms: Record<string, unknown> = {}) {
  const made = await story.referrer(terms);
  return { ...made, customer: await story.referredCustomer(made.code) };
}

/** What each sale earns now, in the order of their business time. */
async function nets(partnerId: string): Promise<number[]> {
  const rows = await story.commissions(partnerId);
  return rows.filter(({ netMinor }) => netMinor !== 0).map(({ netMinor }) => netMinor);
}

interface Explained {
  explanation: { programVersion: number; terms?: Record<string, { scope: string; scopeId: string; version: number }> };
  steps: string[];
}

async function explained(partnerId: string): Promise<Explained> {
  const live = (await story.commissions(partnerId)).filter(({ netMinor }) => netMinor !== 0);
  return story.call<Explained>('GET', `/v1/commissions/${live.at(-1)?.id}/explanation`);
}

describe('terms of their own', () => {
  it('go before wider ones, and a commission names whose they were', async () => {
    const { programKey, partnerId, code, customer } = await referred({ holdDays: 30 });
    const gold = await group();
    const seen: Array<[number, unknown]> = [];
    const sells = async (day: number): Promise<void> => {
      await story.happens(...eventsOf(sale(customer, T + day * DAY)));
      const { explanation } = await explained(partnerId);
      seen.push([(await nets(partnerId)).at(-1) as number, explanation.terms?.rules?.scope]);
    };

    await sells(0);
    await say(programKey, `groups/${gold}`, { ...percent(3_000), holdDays: 7 });
    await move(partnerId, gold);
    await sells(1);
    await say(programKey, `partners/${partnerId}`, percent(4_000));
    await sells(2);
    await say(programKey, `codes/${code.toLowerCase()}`, {
      rules: [{ key: 'flat', reward: { type: 'recurring', amountMinor: 500 } }],
    });
    await sells(3);
    await story.call('DELETE', `/v1/programs/${programKey}/terms/codes/${code}`);
    await sells(4);

    expect(seen).toEqual([
      [2_000, undefined],
      [3_000, 'group'],
      [4_000, 'partner'],
      [500, 'code'],
      [4_000, 'partner'],
    ]);
    const { explanation, steps } = await explained(partnerId);
    expect(explanation).toMatchObject({
      programVersion: 1,
      terms: {
        rules: { scope: 'partner', scopeId: partnerId, version: 1 },
        holdDays: { scope: 'group', scopeId: gold, version: 1 },
      },
    });
    expect(steps.join('\n')).toContain('Version 1 of the program’s terms for this partner, rule reward, pays 40 %');
    expect(steps.join('\n')).toContain(
      `may be paid from ${iso(T + 11 * DAY).replace('.000', '.000')} on, as version 1 of the program’s terms for the group ${gold} says`,
    );
  });

  it.each(ordersOf(['before', 'after', 'move']))(
    'of a group hold from the second of the move on: %s, %s, %s',
    async (...order) => {
      const { programKey, partnerId, customer } = await referred();
      const [gold, silver] = [await group(), await group()];
      await say(programKey, `groups/${gold}`, { ...percent(3_000), effectiveAt: iso(T - DAY) });
      await say(programKey, `groups/${silver}`, { ...percent(2_500), effectiveAt: iso(T - DAY) });
      await move(partnerId, gold, T - DAY);
      const [before, after] = [sale(customer, T - 1), sale(customer, T)];
      const happens: Record<string, () => Promise<unknown>> = {
        before: () => story.happens(...before.events, ...before.events),
        after: () => story.happens(...after.events, ...after.events),
        move: () => move(partnerId, silver, T),
      };

      for (const step of order) await happens[step]?.();
      await story.settle();

      expect(await nets(partnerId)).toEqual([3_000, 2_500]);
    },
  );

  it.each([
    ['joins', 'leaves', 'begins', 'ends'],
    ['ends', 'begins', 'leaves', 'joins'],
    ['leaves', 'ends', 'joins', 'begins'],
  ])('hold until the next ones, whichever was told first: %s, %s, %s, %s', async (...order) => {
    const { programKey, partnerId, customer } = await referred();
    const gold = await group();
    await say(programKey, `groups/${gold}`, { ...percent(3_000), effectiveAt: iso(T - DAY) });
    const told: Record<string, () => Promise<unknown>> = {
      joins: () => move(partnerId, gold, T),
      leaves: () => move(partnerId, null, T + DAY),
      begins: () => say(programKey, `groups/${gold}`, { ...percent(4_000), effectiveAt: iso(T + 10) }),
      ends: () => say(programKey, `groups/${gold}`, { ...percent(3_000), effectiveAt: iso(T + 20) }),
    };
    await story.happens(...eventsOf(...[T - 1, T, T + 10, T + 20, T + DAY].map((at) => sale(customer, at))));

    for (const step of order) await told[step]?.();
    await told.leaves?.();
    await story.settle();

    expect(await nets(partnerId)).toEqual([2_000, 3_000, 4_000, 3_000, 2_000]);
    const { history } = await story.call<{ history: object[] }>(
      'GET',
      `/v1/programs/${programKey}/terms/groups/${gold}`,
    );
    expect(history).toHaveLength(3);
  });

  it('that are dated back settle the sales since then again, and another hold makes them due at another time', async () => {
    const { programKey, partnerId, customer } = await referred();
    const others = await referred();
    const sales = [sale(customer, T - 1), sale(customer, T)];
    await story.happens(...eventsOf(...sales, sale(others.customer, T)));

    await say(programKey, `partners/${partnerId}`, { ...percent(5_000), effectiveAt: iso(T) });
    await story.settle();
    expect(await nets(partnerId)).toEqual([2_000, 5_000]);

    await say(programKey, `partners/${partnerId}`, { holdDays: 0, effectiveAt: iso(T) });
    await story.settle();
    const live = (await story.commissions(partnerId)).filter(({ netMinor }) => netMinor !== 0);
    expect(live.map(({ netMinor, dueAt }) => [netMinor, dueAt])).toEqual([
      [2_000, iso(T - 1 + 30 * DAY)],
      [2_000, iso(T)],
    ]);
    expect(await nets(others.partnerId)).toEqual([2_000]);

    const [, later] = sales as [Payment, Payment];
    await story.happens(...refundOf(later.charge, 10_000, T + DAY).events);
    expect(await nets(partnerId)).toEqual([2_000]);
  });

  it('of the future hold for nobody before', async () => {
    const { programKey, partnerId, customer } = await referred();
    const view = await say(programKey, `partners/${partnerId}`, { ...percent(5_000), effectiveAt: iso(T) });
    expect(view).toMatchObject({ inForce: null, history: [{ version: 1, from: iso(T) }] });

    await story.happens(...eventsOf(sale(customer, T), sale(customer, T - 1)));

    expect(await nets(partnerId)).toEqual([2_000, 5_000]);
  });

  it('of one program, partner or code leave the others alone', async () => {
    const { programKey, partnerId, customer } = await referred();
    const second = await story.code(programKey, partnerId);
    const elsewhere = await referred();
    await say(programKey, `codes/${second}`, percent(5_000));
    const byTheSecond = await story.referredCustomer(second);

    await story.happens(...eventsOf(sale(customer, T), sale(byTheSecond, T + 1), sale(elsewhere.customer, T)));

    expect(await nets(partnerId)).toEqual([2_000, 5_000]);
    expect(await nets(elsewhere.partnerId)).toEqual([2_000]);
  });

  it('of a code hold once the customer is bound by it', async () => {
    const { programKey, partnerId, customer } = await referred();
    const second = await story.code(programKey, partnerId);
    await say(programKey, `codes/${second}`, percent(5_000));
    await story.happens(...eventsOf(sale(customer, T - 1), sale(customer, T)));
    const [{ customerId }] = (await story.commissions(partnerId)) as unknown as [{ customerId: string }];

    const binding = { programKey, customerId, code: second, effectiveAt: iso(T), reason: 'came back by it' };
    await story.call('POST', '/v1/attributions', binding);
    await story.settle();

    expect(await nets(partnerId)).toEqual([2_000, 5_000]);
    expect((await story.commissions(partnerId)).at(-1)).toMatchObject({ code: second, programVersion: 1 });
  });
});

describe('caps and tiers in terms of their own', () => {
  const CAPS = [{ per: 'partner', period: 'month', maxMinor: 5_000 }];

  it.each(ordersOf([0, 1, 2]))('a cap holds in any order of arrival: %s, %s, %s', async (...order) => {
    const { programKey, partnerId, customer } = await referred();
    const other = await referred();
    await say(programKey, `partners/${partnerId}`, { ...percent(3_000), caps: CAPS });
    const sales = [0, 1, 2].map((day) => sale(customer, T + day * DAY));

    for (const at of order) await story.happens(...(sales[at] as Payment).events);
    await story.happens(...eventsOf(...[0, 1, 2].map((day) => sale(other.customer, T + day * DAY))));

    expect(await nets(partnerId)).toEqual([3_000, 2_000]);
    expect(await nets(other.partnerId)).toEqual([2_000, 2_000, 2_000]);
  });

  it('a cap holds when all sales arrive at once, by several customers', async () => {
    const { programKey, partnerId, code } = await story.referrer();
    const gold = await group();
    await move(partnerId, gold);
    await say(programKey, `groups/${gold}`, { caps: CAPS });
    const customers = await Promise.all(Array.from({ length: 6 }, () => story.referredCustomer(code)));
    const sales = customers.map((customer, at) => sale(customer, T + at));

    await Promise.all(sales.map(({ events }) => story.arrives(...events)));
    await story.settle();

    expect(await nets(partnerId)).toEqual([2_000, 2_000, 1_000]);
  });

  it('no cap may be said too, and a cap of the whole program goes on for everyone else', async () => {
    const { programKey, partnerId, customer } = await referred({
      caps: [{ per: 'program', period: 'ever', maxMinor: 3_000 }],
    });
    const other = await story.partner('Bob');
    const code = await story.code(programKey, other);
    const theirs = await story.referredCustomer(code);
    await say(programKey, `partners/${partnerId}`, { uncapped: true });

    await story.happens(...eventsOf(sale(theirs, T + 2), sale(customer, T + 1), sale(customer, T)));

    expect(await nets(partnerId)).toEqual([2_000, 2_000]);
    expect(await nets(other)).toEqual([]);
  });

  it('tiers go on counting under the same key, and begin anew under another', async () => {
    const tiers = [
      { from: 0, rateBps: 1_000 },
      { from: 2, rateBps: 3_000 },
    ];
    const reward = { type: 'tiered', by: 'sales', period: 'ever', mode: 'whole_sale', tiers };
    const [same, anew] = [await referred(), await referred()];
    await say(same.programKey, `partners/${same.partnerId}`, { reward, effectiveAt: iso(T + 2) });
    const rules = [{ key: 'anew', reward }];
    await say(anew.programKey, `partners/${anew.partnerId}`, { rules, effectiveAt: iso(T + 2) });

    for (const { customer } of [same, anew]) {
      await story.happens(...eventsOf(...[3, 1, 2, 0].map((at) => sale(customer, T + at))));
    }

    expect(await nets(same.partnerId)).toEqual([2_000, 2_000, 3_000, 3_000]);
    expect(await nets(anew.partnerId)).toEqual([2_000, 2_000, 1_000, 1_000]);
  });
});
