import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LedgerService } from '../../src/ledger/ledger.service.js';
import type { NewTransaction } from '../../src/ledger/ledger.service.js';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenPartner, givenStranger, made, refused, unique } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const post = (path: string, body: object, headers = {}) => service.http('POST', path, body, headers);
const get = (path: string, headers = {}) => service.http('GET', path, undefined, headers);

describe('a partner', () => {
  it('is made, read and changed', async () => {
    const externalId = unique('user');
    const { status, body } = await post('/v1/partners', { externalId, email: 'ada@example.com', name: 'Ada' });

    expect({ status, body }).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(/^partner_/),
        externalId,
        email: 'ada@example.com',
        name: 'Ada',
        payoutMethod: null,
        group: null,
        active: true,
        deactivatedAt: null,
        createdAt: expect.any(String),
      },
    });
    const changed = await service.http('PATCH', `/v1/partners/${body.id}`, { name: 'Ada L.', email: null });
    expect(changed).toMatchObject({ status: 200, body: { externalId, name: 'Ada L.', email: null } });
    expect((await get(`/v1/partners/${body.id}`)).body).toEqual(changed.body);
  });

  it('exists once per externalId, also when two are made at once', async () => {
    const externalId = unique('user');

    const answers = await Promise.all([1, 2, 3, 4].map(() => post('/v1/partners', { externalId })));

    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(await post('/v1/partners', { externalId })).toMatchObject(refused(409, 'partner_exists', 'externalId'));
    const other = await givenPartner(service);
    const change = await service.http('PATCH', `/v1/partners/${other}`, { externalId });
    expect(change).toMatchObject(refused(409, 'partner_exists', 'externalId'));
  });

  it.each([
    [{}, 'missing_field', 'externalId'],
    [{ externalId: ' x' }, 'invalid_field', 'externalId'],
    [{ externalId: 'x', email: 'nobody' }, 'invalid_field', 'email'],
    [{ externalId: 'x', name: 5 }, 'invalid_field', 'name'],
    [{ externalId: 'x', balance: 5 }, 'unknown_field', 'balance'],
  ])('is refused with %j', async (body, code, field) => {
    expect(await post('/v1/partners', body)).toMatchObject(refused(400, code, field));
  });

  it('is not there for another company', async () => {
    const id = await givenPartner(service);
    const stranger = await givenStranger(service);

    for (const path of ['', '/balance', '/statement', '/payout-method']) {
      expect(await get(`/v1/partners/${id}${path}`, stranger)).toMatchObject(refused(404, 'partner_not_found', 'id'));
      expect(await get(`/v1/partners/none${path}`, stranger)).toMatchObject(refused(404, 'partner_not_found', 'id'));
    }
    const method = { type: 'manual', details: 'cash' };
    const put = await service.http('PUT', `/v1/partners/${id}/payout-method`, method, stranger);
    expect(put).toMatchObject(refused(404, 'partner_not_found', 'id'));
    expect((await get('/v1/partners', stranger)).body).toEqual({ data: [], nextCursor: null });
  });

  it('is asked for with the right scope', async () => {
    const reader = { authorization: `Bearer ${await service.newKey(['referrals:read'])}` };

    expect((await get('/v1/partners', reader)).status).toBe(200);
    expect((await post('/v1/partners', { externalId: unique('user') }, reader)).status).toBe(403);
  });

  it('is found by its externalId and paged', async () => {
    const externalId = unique('user');
    const { id } = await made(service, '/v1/partners', { externalId });

    const found = await get(`/v1/partners?externalId=${externalId}`);
    const page = await get('/v1/partners?limit=1');

    expect(found.body).toMatchObject({ data: [{ id }], nextCursor: null });
    expect(page.body).toMatchObject({ data: [expect.anything()], nextCursor: expect.any(String) });
    expect(await get('/v1/partners?cursor=nonsense')).toMatchObject(refused(400, 'invalid_cursor', 'cursor'));
  });
});

describe('a payout method', () => {
  it('is set, shown and replaced', async () => {
    const id = await givenPartner(service);
    const path = `/v1/partners/${id}/payout-method`;
    expect(await get(path)).toMatchObject(refused(404, 'payout_method_not_found', 'id'));

    const connect = await service.http('PUT', path, { type: 'stripe_connect', accountId: 'acct_1' });
    expect(connect).toMatchObject({ status: 200, body: { type: 'stripe_connect', accountId: 'acct_1' } });
    expect((await get(`/v1/partners/${id}`)).body.payoutMethod).toBe('stripe_connect');

    await service.http('PUT', path, { type: 'manual', details: 'IBAN on file' });
    const { body } = await get(path);
    expect(body).toEqual({ type: 'manual', details: 'IBAN on file', updatedAt: expect.any(String) });
    expect((await get('/v1/partners?limit=100')).body.data).toContainEqual(
      expect.objectContaining({ id, payoutMethod: 'manual' }),
    );
  });

  it.each([
    [{}, 'missing_field', 'type'],
    [{ type: 'paypal' }, 'invalid_field', 'type'],
    [{ type: 'stripe_connect' }, 'missing_field', 'accountId'],
    [{ type: 'stripe_connect', accountId: 'cus_1' }, 'invalid_field', 'accountId'],
    [{ type: 'stripe_connect', accountId: 'acct_1', details: 'x' }, 'field_not_allowed', 'details'],
    [{ type: 'manual' }, 'missing_field', 'details'],
    [{ type: 'manual', details: '' }, 'invalid_field', 'details'],
    [{ type: 'manual', details: 'x', accountId: 'acct_1' }, 'field_not_allowed', 'accountId'],
  ])('is refused with %j', async (body, code, field) => {
    const id = await givenPartner(service);

    const answer = await service.http('PUT', `/v1/partners/${id}/payout-method`, body);

    expect(answer).toMatchObject(refused(400, code, field));
    expect(await get(`/v1/partners/${id}/payout-method`)).toMatchObject({ status: 404 });
  });
});

describe('what a partner is owed', () => {
  const earning = (partnerId: string, amountMinor: number, dueAt: Date): NewTransaction => ({
    workspaceId: service.workspaceId,
    kind: amountMinor > 0 ? 'earning' : 'reversal',
    factKey: unique('fact'),
    occurredAt: dueAt,
    cause: {},
    entries: [
      { account: 'earned', partnerId, currency: 'usd', amountMinor, dueAt, payable: true },
      { account: 'expense', partnerId, currency: 'usd', amountMinor: -amountMinor },
    ],
  });
  const record = (transactions: NewTransaction[]) =>
    service.db.transaction((tx) => service.app.get(LedgerService, { strict: false }).post(transactions, tx));

  it('is nothing before anything was earned', async () => {
    const id = await givenPartner(service);

    expect((await get(`/v1/partners/${id}/balance`)).body).toEqual({ balances: [] });
    expect((await get(`/v1/partners/${id}/statement`)).body).toMatchObject({ statements: [] });
  });

  it('is in its balance and on its statement', async () => {
    const id = await givenPartner(service);
    const past = new Date(service.clock.now().getTime() - 1_000);
    const future = new Date(service.clock.now().getTime() + 86_400_000);
    await record([earning(id, 1_000, past), earning(id, 500, future), earning(id, -200, past)]);

    const { body: balance } = await get(`/v1/partners/${id}/balance`);
    const to = new Date(service.clock.now().getTime() + 60_000).toISOString();
    const { body: statement } = await get(`/v1/partners/${id}/statement?to=${to}`);

    expect(balance).toEqual({
      balances: [{ currency: 'usd', pendingMinor: 500, heldMinor: 0, dueMinor: 800, inPayoutMinor: 0, paidMinor: 0 }],
    });
    expect(statement).toMatchObject({ to, statements: [{ currency: 'usd', openingMinor: 0, closingMinor: 1_300 }] });
    const later = await get(`/v1/partners/${id}/statement?from=${to}&to=2999-01-01T00:00:00Z`);
    expect(later.body.statements).toEqual([
      {
        ...{ currency: 'usd', openingMinor: 1_300, entries: [], closingMinor: 1_300 },
        ...{ earnedMinor: 0, reversedMinor: 0, paidMinor: 0 },
      },
    ]);
  });

  it.each([
    ['from=2026-02-01T00:00:00Z&to=2026-02-01T00:00:00Z', 400, 'invalid_period', 'from'],
    ['from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z', 400, 'invalid_period', 'from'],
    ['from=yesterday', 400, 'invalid_field', 'from'],
    ['to=2026-02-30T00:00:00Z', 400, 'invalid_field', 'to'],
    ['currency=usd', 400, 'unknown_field', 'currency'],
  ])('is not told for %s', async (query, status, code, field) => {
    const id = await givenPartner(service);

    expect(await get(`/v1/partners/${id}/statement?${query}`)).toMatchObject(refused(status, code, field));
  });

  it('is refused when the statement would be endless', async () => {
    const id = await givenPartner(service);
    const at = service.clock.now();
    await record(Array.from({ length: 10_001 }, () => earning(id, 1, at)));
    const to = new Date(at.getTime() + 60_000).toISOString();

    const answer = await get(`/v1/partners/${id}/statement?to=${to}`);

    expect(answer).toMatchObject(refused(422, 'statement_too_long', 'from'));
  });
});
