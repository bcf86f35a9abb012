import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenCode, givenStranger, refused, unique } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const sell = (body: object, headers: Record<string, string> = { 'idempotency-key': unique('intention') }) =>
  service.http('POST', '/v1/sales', body, headers);
const sale = (more = {}) => ({
  externalId: unique('order'),
  customer: { externalId: unique('customer') },
  amountMinor: 10_000,
  currency: 'usd',
  ...more,
});
const rowsOf = (table: string, where: string, value: unknown) =>
  service.db.query(`SELECT * FROM tributary.${table} WHERE ${where} = $1`, [value]);

describe('a sale from outside Stripe', () => {
  it('is recorded and queued for settling', async () => {
    const body = sale({ occurredAt: '2026-01-01T01:00:00+01:00', currency: 'EUR' });

    const answer = await sell(body);

    expect(answer).toMatchObject({
      status: 201,
      body: {
        id: expect.stringMatching(/^sale_/),
        externalId: body.externalId,
        customer: { externalId: body.customer.externalId },
        amountMinor: 10_000,
        currency: 'eur',
        occurredAt: '2026-01-01T00:00:00.000Z',
      },
    });
    expect(await rowsOf('sale', 'id', answer.body.id)).toMatchObject([
      { source: 'external', account: '', source_id: body.externalId, cash_minor: '10000' },
    ]);
    expect(await rowsOf('settle_queue', 'key', answer.body.id)).toMatchObject([{ kind: 'sale' }]);
    const { id } = answer.body.customer as { id: string };
    expect(await rowsOf('settle_queue', 'key', id)).toMatchObject([{ kind: 'referred_customer' }]);
  });

  it('asks for an Idempotency-Key and answers the first answer again under it (scenario 91)', async () => {
    const body = sale();
    const headers = { 'idempotency-key': unique('intention') };

    const first = await sell(body, headers);
    const again = await sell(body, headers);
    const other = await sell({ ...body, amountMinor: 1 }, headers);
    const without = await sell(sale(), {});

    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(other.status).toBe(409);
    expect(without).toMatchObject(refused(400, 'idempotency_key_required', 'Idempotency-Key'));
    expect(await rowsOf('sale', 'source_id', body.externalId)).toHaveLength(1);
  });

  it('counts once per externalId, also when it is told twice at once', async () => {
    const body = sale();

    const answers = await Promise.all([1, 2, 3, 4].map(() => sell(body)));

    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(await sell({ ...body, amountMinor: 5 })).toMatchObject(refused(409, 'sale_exists', 'externalId'));
  });

  it('is another company’s own matter', async () => {
    const body = sale();
    await sell(body);
    const stranger = { ...(await givenStranger(service)), 'idempotency-key': unique('intention') };

    expect(await sell(body, stranger)).toMatchObject({ status: 201 });
    const { code } = await givenCode(service);
    const foreign = await sell(sale({ code }), { ...stranger, 'idempotency-key': unique('intention') });
    expect(foreign).toMatchObject(refused(404, 'code_not_found', 'code'));
  });

  it.each([
    [{ amountMinor: 0 }, 'invalid_field', 'amountMinor'],
    [{ amountMinor: -5 }, 'invalid_field', 'amountMinor'],
    [{ amountMinor: 9.99 }, 'invalid_field', 'amountMinor'],
    [{ amountMinor: '100' }, 'invalid_field', 'amountMinor'],
    [{ amountMinor: 9_007_199_254_740_992 }, 'invalid_field', 'amountMinor'],
    [{ amountMinor: undefined }, 'missing_field', 'amountMinor'],
    [{ currency: 'xyz' }, 'unknown_currency', 'currency'],
    [{ currency: undefined }, 'missing_field', 'currency'],
    [{ customer: undefined }, 'missing_field', 'customer'],
    [{ customer: { externalId: '' } }, 'invalid_field', 'customer.externalId'],
    [{ externalId: undefined }, 'missing_field', 'externalId'],
    [{ occurredAt: '2026-02-30T00:00:00Z' }, 'invalid_field', 'occurredAt'],
    [{ commissionMinor: 5 }, 'unknown_field', 'commissionMinor'],
  ])('is refused with %j', async (wrong, code, field) => {
    expect(await sell(sale(wrong))).toMatchObject(refused(400, code, field));
  });

  it('cannot lie in the future, but for a clock that runs ahead', async () => {
    const ahead = (seconds: number) => new Date(service.clock.now().getTime() + seconds * 1_000).toISOString();

    expect(await sell(sale({ occurredAt: ahead(240) }))).toMatchObject({ status: 201 });
    expect(await sell(sale({ occurredAt: ahead(360) }))).toMatchObject(
      refused(400, 'occurred_in_future', 'occurredAt'),
    );
  });
});

describe('a sale with a code', () => {
  it('is a sign-up at the time of the sale, once', async () => {
    const { code } = await givenCode(service);
    const customer = { externalId: unique('customer') };

    const { body } = await sell(sale({ customer, code: code.toLowerCase(), occurredAt: '2026-01-01T00:00:00Z' }));
    await sell(sale({ customer, code }));

    const { id } = body.customer as { id: string };
    const [tracking, ...more] = await rowsOf('referral_tracking', 'customer_id', id);
    expect(more).toEqual([]);
    expect(tracking.signed_up_at).toEqual(new Date('2026-01-01T00:00:00Z'));
    expect((await service.http('GET', `/v1/codes/${code}`)).body.uses).toBe(1);
  });

  it('is judged by what the code was worth then, and leaves nothing behind when it is refused', async () => {
    const { code } = await givenCode(service, { code: { expiresAt: '2026-01-01T00:00:00Z' } });
    const late = sale({ code, occurredAt: '2026-01-01T00:00:00Z' });

    expect(await sell(sale({ code, occurredAt: '2025-12-31T23:59:59Z' }))).toMatchObject({ status: 201 });
    expect(await sell(late)).toMatchObject(refused(409, 'code_expired', 'code'));
    expect(await sell(sale({ code: 'UNKNOWN' }))).toMatchObject(refused(404, 'code_not_found', 'code'));
    expect(await rowsOf('sale', 'source_id', late.externalId)).toEqual([]);
    expect(await rowsOf('referred_customer', 'external_id', late.customer.externalId)).toEqual([]);
  });

  it('accepts 1 of 20 parallel sales when the code has one use (scenario 9)', async () => {
    const { code } = await givenCode(service, { code: { maxUses: 1 } });

    const answers = await Promise.all(Array.from({ length: 20 }, () => sell(sale({ code }))));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refusals = answers.filter(({ status }) => status !== 201);
    for (const refusal of refusals) expect(refusal).toMatchObject(refused(409, 'code_exhausted', 'code'));
    expect((await service.http('GET', `/v1/codes/${code}`)).body.uses).toBe(1);
  });
});
