import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { send } from '../imports/given.js';
import { drain, randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { customer, invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, Story, unix } from '../support/story.js';

const AT = unix('2026-03-01T12:30:00Z');
const WHO = { name: 'Grace Hopper', email: 'grace@navy.example', phone: '+15550100' };
const TRACES = /Hopper|navy\.example|5550100|Amazing/;
const MONEY = ['ledger_transaction', 'ledger_entry', 'commission', 'sale', 'attribution'];

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story?.end());

const query = <T>(sql: string, parameters: unknown[] = []) => story.service.db.query<T[]>(sql, parameters);

async function tablesWithTraces(): Promise<string[]> {
  const tables = await query<{ name: string }>(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
      WHERE table_schema IN ('stripe', 'tributary') AND table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
    if (rows.some(({ text }) => TRACES.test(text))) found.push(name);
  }
  return found;
}

async function money(): Promise<Record<string, unknown>> {
  const hashes: Record<string, unknown> = {};
  for (const table of MONEY)
    hashes[table] = await query(
      `SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM tributary.${table} t`,
    );
  return hashes;
}

/** Empties the mirror and applies every stored event once more. */
async function replay(): Promise<void> {
  const tables = await query<{ name: string }>(
    `SELECT 'stripe.' || table_name AS name FROM information_schema.tables WHERE table_schema = 'stripe' AND table_type = 'BASE TABLE'`,
  );
  await query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}`);
  await query(`UPDATE tributary.webhook_event SET state = 'pending', attempts = 0, available_at = now()`);
  await story.settle();
  await drain(story.service, ['customer-erasure']);
}

describe('failure 56: a person erased', () => {
  it('does not come back with the history, which earns what it earned, by the partner’s own terms too', async () => {
    const { programKey, partnerId, code } = await story.referrer();
    const rule = { key: 'gold', when: { metadata: { tier: 'gold' } }, reward: { type: 'percentage', rateBps: 5_000 } };
    const path = `/v1/programs/${programKey}/terms/partners/${partnerId}`;
    await story.call('PUT', path, { rules: [rule], effectiveAt: '2026-03-01T00:00:00Z' });
    const id = await story.referredCustomer(code);
    const metadata = { tier: 'gold', nickname: 'Amazing Grace' };
    const invoice = { customer_name: WHO.name, customer_email: WHO.email, metadata };
    const sale = payment({ customer: id, paidAt: AT, lines: [invoiceLine({ amount: 10_000 })], invoice });
    const told: StripeEvent[] = [
      stripeEvent('customer.created', customer({ id, ...WHO, metadata: { nickname: 'Amazing' } }), { created: AT }),
      ...sale.events,
    ];
    await story.happens(...told, ...refundOf(sale.charge, 1_000, AT + 60).events);
    expect(await story.postings(partnerId)).toMatchObject([{ amountMinor: 5_000 }, { amountMinor: -500 }]);
    const before = await money();
    const [{ customer_id: customerId } = { customer_id: '' }] = await query<{ customer_id: string }>(
      `SELECT customer_id FROM tributary.customer_link WHERE stripe_customer_id = $1`,
      [id],
    );

    await story.call('POST', `/v1/customers/${customerId}/erase`);
    expect(await tablesWithTraces()).toEqual([]);
    await replay();
    await story.happens(...told, ...told);
    await drain(story.service, ['customer-erasure']);

    expect(await tablesWithTraces()).toEqual([]);
    expect(await money()).toEqual(before);
    // What is given back later is judged by the same terms.
    await story.happens(...refundOf(sale.charge, 2_000, AT + 120, 1_000).events);
    expect(await story.commissions(partnerId)).toMatchObject([{ amountMinor: 5_000, netMinor: 3_500 }]);
  });

  it('is not taken in by a file that names them, by either id, line by line', async () => {
    const { programKey, code } = await story.referrer();
    const [externalId, stripeCustomerId] = [randomId('hidden'), randomId('cus')];
    const told = { externalId, stripeCustomerId, email: WHO.email };
    const { customer: known } = await story.call<{ customer: { id: string } }>('POST', '/v1/referrals', {
      code,
      customer: told,
    });
    await story.call('POST', `/v1/customers/${known.id}/erase`);
    const named = [
      ['Who', `${externalId},`],
      ['Stripe', `,${stripeCustomerId}`],
      ['Who', `${stripeCustomerId},`],
      ['Stripe', `${randomId('user')},${stripeCustomerId}`],
    ] as const;

    for (const [column, cells] of named) {
      const file = `Who,Stripe,code\n${cells},${code}\n${randomId('user')},,${code}\n`;
      const terms = `kind=customers&program=${programKey}&map=customer_id=Who&map=stripe_customer_id=Stripe`;
      for (const dryRun of [true, false]) {
        const answer = await send(story, `${terms}&dryRun=${dryRun}`, file);
        expect(answer).toMatchObject({ created: 1, refused: 1 });
        expect(answer.results[0]).toMatchObject({ line: 2, outcome: 'refused', code: 'customer_erased', column });
      }
    }
    expect(await query(`SELECT 1 FROM tributary.referred_customer WHERE external_id = $1`, [externalId])).toEqual([]);
  });
});
