import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { recipes, type Recipe, type RecipeItem, type RecipeMoney, type RecipeRow } from '../support/cookbook.js';
import { invoiceLine, subscription } from '../support/stripe-objects.js';
import { payment, refundOf, Story, unix } from '../support/story.js';
import { randomId, stripeEvent, type StripeEvent, type StripeObject } from '../support/stripe-events.js';

const BEFORE_ALL = '2026-01-01T00:00:00Z';
const COUPON = {
  ...{ id: 'FRIEND10', object: 'coupon', created: unix(BEFORE_ALL) },
  ...{ amount_off: 1_000, currency: 'usd', duration: 'once', valid: true },
};
const INTERVALS = ['month', 'year'];
const PAGE = recipes();

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs(BEFORE_ALL);
  await story.happens(
    stripeEvent('coupon.created', COUPON, { created: COUPON.created }),
    ...INTERVALS.map((interval) => {
      const price = { id: `price_${interval}`, object: 'price', created: unix(BEFORE_ALL), type: 'recurring' };
      return stripeEvent('price.created', { ...price, recurring: { interval } }, { created: unix(BEFORE_ALL) });
    }),
  );
});
afterAll(() => story?.end());

/** A recipe that is being played: who has which code, who signed up, and what they paid last. */
class Play {
  private readonly made = new Map<string, string>();
  private readonly partners = new Map<string, string>();
  private readonly customers = new Map<string, string>();
  private readonly charges = new Map<string, StripeObject>();
  private readonly nets = new Map<string, number>();
  private programKey = '';

  async prepare({ requests }: Recipe): Promise<void> {
    story.timeIs(BEFORE_ALL);
    for (const { method, path, body } of requests) {
      const answer = await story.call<Record<string, string>>(method, this.filled(path), this.filled(body));
      this.made.set(String(answer.id).split('_', 1)[0] ?? '', String(answer.id));
      if (path === '/v1/programs') this.programKey = String(answer.key);
      if (path === '/v1/codes') this.partners.set(String(answer.code), String(answer.partnerId));
    }
  }

  /** Answers what changed in the commissions, the largest first, and of whom. */
  async play(row: RecipeRow): Promise<{ earns: RecipeMoney[]; partnerIds: Set<string> }> {
    const customer = await this.customerOf(row);
    story.timeIs(row.at);
    await story.happens(...this.eventsOf(row, customer, unix(row.at)));
    const path = `/v1/commissions?programKey=${this.programKey}&limit=100`;
    const { data } = await story.call<{
      data: Array<{ id: string; partnerId: string; netMinor: number; currency: string }>;
    }>('GET', path);
    const changed = data.filter(({ id, netMinor }) => netMinor !== (this.nets.get(id) ?? 0));
    const earns = changed.map(({ id, netMinor, currency }) => {
      return { minor: netMinor - (this.nets.get(id) ?? 0), currency };
    });
    for (const { id, netMinor } of changed) this.nets.set(id, netMinor);
    return { earns, partnerIds: new Set(changed.map(({ partnerId }) => partnerId)) };
  }

  partnerOf({ code }: RecipeRow): string {
    return this.partners.get(code) ?? '';
  }

  /** `partner_…` stands for the one that was made before. */
  private filled(text: string): string {
    return text.replaceAll(/\b([a-z]+)_…/g, (found, prefix: string) => this.made.get(prefix) ?? found);
  }

  private async customerOf({ customer, code, at }: RecipeRow): Promise<string> {
    const known = this.customers.get(customer);
    if (known !== undefined) return known;
    if (!this.partners.has(code)) {
      const partnerId = await story.partner();
      this.partners.set(await story.code(this.programKey, partnerId, code), partnerId);
    }
    story.timeIs(new Date(Date.parse(at) - 60_000));
    this.customers.set(customer, await story.referredCustomer(code));
    return this.customerOf({ customer, code, at } as RecipeRow);
  }

  private eventsOf({ customer: name, country, what }: RecipeRow, customer: string, at: number): StripeEvent[] {
    if (what.kind === 'trial') return [trialOf(customer, at)];
    if (what.kind === 'refund') {
      const { charge, events } = refundOf(this.charges.get(name) as StripeObject, what.of.minor, at);
      this.charges.set(name, charge);
      return events;
    }
    const { lines, totalMinor, currency } = billOf(what.items);
    const amounts = { total: totalMinor, amount_due: totalMinor, amount_paid: totalMinor };
    const invoice = { ...amounts, currency, customer_address: country === null ? null : { country } };
    const paid = payment({ customer, paidAt: at, lines, invoice });
    this.charges.set(name, paid.charge);
    return paid.events;
  }
}

function billOf(items: readonly RecipeItem[]) {
  const lines = items.map(({ minor, currency, lessMinor, interval, product }) =>
    invoiceLine({
      ...{ amount: minor, currency },
      ...(lessMinor > 0 && { discount_amounts: [{ amount: lessMinor, discount: 'di_1' }] }),
      pricing: {
        type: 'price_details',
        price_details: {
          price: interval === null ? 'price_once' : `price_${interval}`,
          product: product ?? 'prod_plan',
        },
      },
    }),
  );
  const totalMinor = items.reduce((sum, { minor, lessMinor }) => sum + minor - lessMinor, 0);
  return { lines, totalMinor, currency: items[0]?.currency };
}

function trialOf(customer: string, at: number): StripeEvent {
  const trial = { created: at, trial_start: at, trial_end: at + 14 * 86_400, status: 'trialing' };
  const begun = subscription({ id: randomId('sub'), customer, ...trial }, []);
  return stripeEvent('customer.subscription.created', begun, { created: at });
}

const largestFirst = (all: RecipeMoney[]): RecipeMoney[] =>
  [...all].sort((a, b) => Math.abs(b.minor) - Math.abs(a.minor));

describe('docs/cookbook.md', () => {
  it('has as many recipes as it says, each with a program of its own and a table', () => {
    expect(PAGE).toHaveLength(18);
    for (const { title, requests, rows } of PAGE) {
      expect({ title, first: `${requests[0]?.method} ${requests[0]?.path}`, rows: rows.length > 1 }).toEqual({
        ...{ title, first: 'POST /v1/programs', rows: true },
      });
    }
  });

  it.each(PAGE.map((recipe) => [recipe.title, recipe] as const))('earns what its tables say: %s', async (_, recipe) => {
    const play = new Play();
    await play.prepare(recipe);

    for (const row of recipe.rows) {
      const { earns, partnerIds } = await play.play(row);

      expect({ row, earns: largestFirst(earns) }).toEqual({ row, earns: largestFirst(row.earns) });
      expect([...partnerIds]).toEqual(earns.length === 0 ? [] : [play.partnerOf(row)]);
    }
  });
});
