import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { Receiver, startSandbox } from './support.js';

let sandbox: StripeSandbox;
let stripe: Stripe;
beforeEach(async () => ({ sandbox, stripe } = await startSandbox()));
afterEach(() => sandbox.stop());

const control = async (method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${sandbox.url}/_sandbox/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
};

const MANY = 100_000;
/** Far above what it takes, and far below what sorting all rows for every page would take. */
const MAX_MS = 60_000;

describe('objects that a test puts', () => {
  it('fill in what belongs to their type, and stay silent unless an event is named', async () => {
    const receiver = await Receiver.start();
    receiver.secret = sandbox.addWebhookEndpoint({ url: receiver.url }).secret;

    const silent = await control('POST', 'objects', { object: { object: 'customer', name: 'Jo' } });
    const id = (silent.body as { id: string }).id;
    sandbox.putObject({ object: 'customer', id, name: 'Joanna' }, { event: 'updated' });
    sandbox.putObject({ object: 'subscription', id: 'sub_1', customer: id }, { event: 'created' });
    sandbox.putObject({ object: 'invoice', id: 'in_1', customer: id }, { event: 'invoice.overdue' });
    await sandbox.idle();

    expect(silent.body).toEqual({
      id: expect.stringMatching(/^cus_/),
      object: 'customer',
      name: 'Jo',
      created: 1_767_225_600,
      livemode: false,
    });
    expect(receiver.types.toSorted()).toEqual(['customer.subscription.created', 'customer.updated', 'invoice.overdue']);
    const [update] = sandbox.events('customer.updated');
    expect(update?.data.previous_attributes).toEqual({ name: 'Jo' });
    expect(await stripe.customers.retrieve(id)).toMatchObject({ name: 'Joanna' });
    await receiver.stop();
  });

  it('belong to the account that is named, or that they name themselves', async () => {
    const account = await stripe.accounts.create({ type: 'express' });

    sandbox.putObject({ object: 'customer', id: 'cus_theirs' }, { account: account.id, event: 'created' });
    sandbox.putObject({ object: 'person', id: 'person_1', account: account.id }, { event: 'created' });

    const theirs = await stripe.customers.list({}, { stripeAccount: account.id });
    expect(theirs.data.map(({ id }) => id)).toEqual(['cus_theirs']);
    expect((await stripe.customers.list()).data).toEqual([]);
    expect((await stripe.accounts.listPersons(account.id)).data).toMatchObject([{ id: 'person_1' }]);
    expect(sandbox.events(undefined, account.id).map(({ type }) => type)).toEqual([
      'customer.created',
      'person.created',
    ]);
    const stranger = await control('POST', 'objects', { object: { object: 'customer' }, account: 'acct_no' });
    expect(stranger.status).toBe(403);
  });

  it('carry children that they do not show', async () => {
    const lines = Array.from({ length: 12 }, (_, n) => ({
      id: `il_${n}`,
      object: 'line_item',
      invoice: 'in_1',
      amount: n,
    }));
    const first = { object: 'list', data: lines.slice(0, 10), has_more: true, url: '/v1/invoices/in_1/lines' };

    sandbox.putObject({ object: 'invoice', id: 'in_1', lines: first }, { children: lines });
    sandbox.putObject({ object: 'entitlements.active_entitlement', id: 'ent_1' }, { links: { customer: 'cus_1' } });

    const all = await stripe.invoices.listLineItems('in_1', { limit: 100 });
    const entitled = await stripe.entitlements.activeEntitlements.list({ customer: 'cus_1' });
    expect(all.data.map(({ id }) => id)).toEqual(lines.map(({ id }) => id));
    expect(sandbox.truth({ object: 'line_item' })).toHaveLength(12);
    expect(entitled.data).toEqual([{ id: 'ent_1', object: 'entitlements.active_entitlement', livemode: false }]);
    expect((await stripe.entitlements.activeEntitlements.list({ customer: 'cus_2' })).data).toEqual([]);
  });

  it('come together, all or none, each with what it says of itself', async () => {
    const account = await stripe.accounts.create({ type: 'express' });
    const ours = { object: 'customer', id: 'cus_ours' };
    const theirs = { object: { object: 'customer', id: 'cus_theirs' }, account: account.id, event: 'created' };

    const stored = await control('POST', 'objects', { objects: [ours, theirs] });
    const refused = await control('POST', 'objects', {
      objects: [{ object: 'customer', id: 'cus_late' }, { id: 'x' }],
    });

    expect(stored.body).toEqual({ stored: 2 });
    expect(sandbox.events(undefined, account.id).map(({ type }) => type)).toEqual(['customer.created']);
    expect(refused.status).toBe(400);
    expect((await stripe.customers.list()).data.map(({ id }) => id)).toEqual(['cus_ours']);
  });

  it('are deleted as Stripe would, and leave a trace in the truth', async () => {
    sandbox.putObject({ object: 'product', id: 'prod_1', name: 'Plan' });

    const gone = await control('DELETE', 'objects/product/prod_1?event=deleted');
    const again = await control('DELETE', 'objects/product/prod_1');

    expect(gone.body).toEqual({ id: 'prod_1', object: 'product', deleted: true });
    expect(sandbox.events().map(({ type }) => type)).toEqual(['product.deleted']);
    expect(sandbox.truth({ object: 'product' })).toMatchObject([
      { id: 'prod_1', deleted: true, data: { name: 'Plan' } },
    ]);
    expect(again).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining("'prod_1'") } } });
  });

  it('are refused with the reason', async () => {
    expect(await control('POST', 'objects', { object: { id: 'cus_1' } })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining("'object' must name a type") } },
    });
    expect(() => sandbox.putObject({ object: 'event' })).toThrow('_sandbox/events');
    expect(() => sandbox.putObject({ object: 'country_spec' })).toThrow("send 'id'");
  });

  it(
    'come by the hundred thousand, and are paged through without being sorted again and again',
    async () => {
      const objects = Array.from({ length: MANY }, (_, n) => ({
        object: 'customer',
        id: `cus_${n}`,
        // Not in the order of time, as in a story that is told by several people.
        created: 1_700_000_000 + ((n * 7_919) % MANY),
      }));
      const stored = await control('POST', 'objects', { objects });
      expect(stored.body).toEqual({ stored: MANY });

      const seen: number[] = [];
      let after: string | undefined;
      for (let page = 0; page < 1_000; page++) {
        const { data, has_more } = await pageOf(after);
        seen.push(...data.map(({ created }) => created));
        after = data.at(-1)?.id;
        if (!has_more) break;
      }

      expect(seen).toHaveLength(MANY);
      expect(seen.every((created, n) => n === 0 || created < (seen[n - 1] ?? 0))).toBe(true);
      const { data } = await stripe.customers.list({ created: { gte: 1_700_000_010, lt: 1_700_000_013 } });
      expect(data.map(({ created }) => created - 1_700_000_000)).toEqual([12, 11, 10]);
    },
    MAX_MS,
  );
});

async function pageOf(after?: string): Promise<{ data: { id: string; created: number }[]; has_more: boolean }> {
  const query = `limit=100${after === undefined ? '' : `&starting_after=${after}`}`;
  const response = await fetch(`${sandbox.url}/v1/customers?${query}`, {
    headers: { authorization: 'Bearer sk_test_sandbox' },
  });
  return (await response.json()) as Awaited<ReturnType<typeof pageOf>>;
}
