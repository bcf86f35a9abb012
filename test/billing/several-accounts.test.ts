import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { customer, invoice } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

const PLATFORM_SECRET = 'whsec_0123456789abcdef';
const CONNECT_SECRET = 'whsec_of_the_connected_accounts';
const AT = 1_780_000_000;

let service: TestService;
let connectPath: string;

beforeAll(async () => {
  service = await startTestService({
    sandbox: false,
    env: { STRIPE_WEBHOOK_SECRET: PLATFORM_SECRET, TRIBUTARY_ENCRYPTION_KEY: 'k'.repeat(32) },
  });
  const endpoint = await service.http<{ path: string }>('POST', '/v1/webhook-endpoints', {
    kind: 'connect',
    secrets: [CONNECT_SECRET],
  });
  connectPath = endpoint.body.path;
});
afterAll(() => service.stop());

interface View {
  id: string;
  account: string | null;
  data: Record<string, unknown>;
}

/** The same id at the platform and at two accounts, each with a name of its own. */
async function tellThree(id: string): Promise<[string, string]> {
  const accounts: [string, string] = [randomId('acct'), randomId('acct')];
  const told = (name: string, account?: string) =>
    stripeEvent('customer.created', customer({ id, name }), { created: AT, account });
  expect((await deliver(service, told('platform'))).status).toBe(200);
  for (const account of accounts)
    expect((await deliver(service, told(account, account), { path: connectPath, secret: CONNECT_SECRET })).status).toBe(
      200,
    );
  await drain(service, ['inbox']);
  return accounts;
}

describe('several accounts', () => {
  it('keep objects of the same id apart, by the account that the event names', async () => {
    const id = randomId('cus');
    const [one, other] = await tellThree(id);

    const named = async (account?: string) =>
      (await service.http<View>('GET', `/v1/billing/customers/${id}${account ? `?account=${account}` : ''}`)).body;

    expect((await named()).data.name).toBe('platform');
    expect(await named(one)).toMatchObject({ account: one, data: { name: one } });
    expect(await named(other)).toMatchObject({ account: other, data: { name: other } });
    const listed = await service.http<{ data: View[] }>('GET', `/v1/billing/customers?account=${one}`);
    expect(listed.body.data.map((view) => [view.id, view.account])).toEqual([[id, one]]);
  });

  it('lets a change or deletion at one account touch no other', async () => {
    const id = randomId('cus');
    const [one, other] = await tellThree(id);
    const gone = stripeEvent('customer.deleted', customer({ id, name: one }), { created: AT + 1, account: one });
    await deliver(service, gone, { path: connectPath, secret: CONNECT_SECRET });
    await drain(service, ['inbox']);

    const rows = await service.db.query(
      `SELECT account, deleted_at IS NOT NULL AS deleted FROM stripe.customers WHERE id = $1 ORDER BY account = '' DESC, account = $2 DESC`,
      [id, one],
    );

    expect(rows).toEqual([
      { account: '', deleted: false },
      { account: one, deleted: true },
      { account: other, deleted: false },
    ]);
  });

  it('keeps what describes an account with the platform, whoever tells of it', async () => {
    const account = randomId('acct');
    const person = { id: randomId('person'), object: 'person', account, created: AT, first_name: 'Ada' };
    const event = stripeEvent('person.created', person, { created: AT, account });
    await deliver(service, event, { path: connectPath, secret: CONNECT_SECRET });
    await drain(service, ['inbox']);

    const view = await service.http<View>('GET', `/v1/billing/persons/${person.id}`);

    expect(view.body).toMatchObject({ account: null, data: { account } });
  });
});

describe('several workspaces', () => {
  it('with the same object id never meet', async () => {
    const id = randomId('in');
    await deliver(service, stripeEvent('invoice.created', invoice({ id, number: 'ours' }), { created: AT }));
    await drain(service, ['inbox']);
    const theirs = await service.newWorkspace();
    await service.db.query(
      `INSERT INTO stripe.invoices (workspace_id, account, id, data, source_updated_at, source_rank)
       SELECT $1, account, id, data || '{"number": "theirs"}', source_updated_at, source_rank FROM stripe.invoices WHERE id = $2`,
      [theirs, id],
    );
    const theirKey = await service.newKey(['billing:read'], { workspaceId: theirs });
    const seen = async (headers: Record<string, string> = {}) =>
      (await service.http<View>('GET', `/v1/billing/invoices/${id}`, undefined, headers)).body.data.number;

    await deliver(service, stripeEvent('invoice.updated', invoice({ id, number: 'ours, later' }), { created: AT + 1 }));
    await drain(service, ['inbox']);

    expect(await seen()).toBe('ours, later');
    expect(await seen({ authorization: `Bearer ${theirKey}` })).toBe('theirs');
  });
});
