import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenClick, givenCode, givenStranger, refused, unique } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const signUp = (body: object, headers = {}) => service.http('POST', '/v1/referrals', body, headers);
const person = (more = {}) => ({ externalId: unique('customer'), ...more });
const usesOf = async (code: string) => (await service.http('GET', `/v1/codes/${code}`)).body.uses;
const rowsOf = (table: string, where: string, value: unknown) =>
  service.db.query(`SELECT * FROM tributary.${table} WHERE ${where} = $1`, [value]);

/** A person of whom only Stripe has told, as settling makes them. */
async function givenAutomaticPerson(stripeCustomerId: string): Promise<string> {
  const id = unique('customer_auto');
  await service.db.query(
    `INSERT INTO tributary.referred_customer (workspace_id, id, created_at) VALUES ($1, $2, now())`,
    [service.workspaceId, id],
  );
  await service.db.query(
    `INSERT INTO tributary.customer_link (workspace_id, account, stripe_customer_id, customer_id) VALUES ($1, '', $2, $3)`,
    [service.workspaceId, stripeCustomerId, id],
  );
  return id;
}

describe('a sign-up by click', () => {
  it('is written into the click', async () => {
    const { programKey, partnerId, code } = await givenCode(service);
    const clickId = await givenClick(service, code);
    const customer = person({ email: 'ada@example.com' });

    const { status, body } = await signUp({ clickId, customer });

    expect({ status, body }).toEqual({
      status: 201,
      body: {
        id: clickId,
        ...{ clickId, programKey, partnerId, code },
        customer: { id: expect.stringMatching(/^customer_/), ...customer },
        state: 'signed_up',
        clickedAt: expect.any(String),
        signedUpAt: expect.any(String),
        convertedAt: null,
        ...{ url: null, referrer: null, utm: null },
        ...{ visitor: 'person', consent: null, ipHash: null, agentHash: null },
        createdAt: expect.any(String),
        withinWindow: true,
      },
    });
    expect(await usesOf(code)).toBe(1);
    const queued = await rowsOf('settle_queue', 'key', (body.customer as { id: string }).id);
    expect(queued).toMatchObject([{ kind: 'referred_customer', account: '', workspace_id: service.workspaceId }]);
  });

  it('of a second person gets a row of its own with the time of the click', async () => {
    const { code } = await givenCode(service);
    const clickId = await givenClick(service, code);
    const { body: first } = await signUp({ clickId, customer: person() });

    const { body: second } = await signUp({ clickId, customer: person() });

    expect(second).toMatchObject({ id: expect.stringMatching(/^referral_/), clickId, clickedAt: first.clickedAt });
    expect(await usesOf(code)).toBe(2);
  });

  it('is the same one again, also when it comes twice at once', async () => {
    const { code } = await givenCode(service);
    const clickId = await givenClick(service, code);
    const request = { clickId, customer: person() };

    const answers = await Promise.all([1, 2, 3, 4].map(() => signUp(request)));
    const second = { clickId, customer: person() };
    const others = await Promise.all([1, 2, 3].map(() => signUp(second)));

    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`))).toEqual(new Set([`201 ${clickId}`]));
    expect(new Set(others.map(({ body }) => body.id)).size).toBe(1);
    expect(await usesOf(code)).toBe(2);
  });

  it('tells whether it came within the window, to the second', async () => {
    const { code } = await givenCode(service, { program: { conversionWindowDays: 30 } });
    const first = await givenClick(service, code);
    const second = await givenClick(service, code);
    const clickedAt = (ago: string) =>
      `UPDATE tributary.referral_tracking SET clicked_at = now() - interval '${ago}' WHERE id = $1`;
    await service.db.query(clickedAt('29 days 23:59:50'), [first]);
    await service.db.query(clickedAt('30 days 00:00:02'), [second]);

    expect((await signUp({ clickId: first, customer: person() })).body.withinWindow).toBe(true);
    const late = await signUp({ clickId: second, customer: person() });
    expect(late).toMatchObject({ status: 201, body: { withinWindow: false, state: 'signed_up' } });
  });
});

describe('a sign-up by code', () => {
  it('is recorded once per person and code, whatever the case', async () => {
    const { code } = await givenCode(service);
    const customer = person();

    const first = await signUp({ code: code.toLowerCase(), customer });
    const again = await Promise.all([signUp({ code, customer }), signUp({ code, customer })]);

    expect(first).toMatchObject({
      status: 201,
      body: { id: expect.stringMatching(/^referral_/), clickId: null, code },
    });
    expect(again.map(({ body }) => body)).toEqual([first.body, first.body]);
    expect(await usesOf(code)).toBe(1);
  });

  it('of a person who came by click already is that one', async () => {
    const { code } = await givenCode(service);
    const clickId = await givenClick(service, code);
    const customer = person();
    await signUp({ clickId, customer });

    expect((await signUp({ code, customer })).body.id).toBe(clickId);
  });

  it('accepts 1 of 20 parallel sign-ups when the code has one use (scenario 9)', async () => {
    const { code } = await givenCode(service, { code: { maxUses: 1 } });

    const answers = await Promise.all(Array.from({ length: 20 }, () => signUp({ code, customer: person() })));

    const refusals = answers.filter(({ status }) => status === 409);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(refusals).toHaveLength(19);
    for (const refusal of refusals) expect(refusal).toMatchObject(refused(409, 'code_exhausted', 'code'));
    expect(await usesOf(code)).toBe(1);
    const codeId = (await rowsOf('referral_code', 'code', code))[0].id;
    expect(await rowsOf('referral_tracking', 'code_id', codeId)).toHaveLength(1);
  });

  it('leaves nothing behind when it is refused, and may be repeated by who has the last use', async () => {
    const { code } = await givenCode(service, { code: { maxUses: 1 } });
    const first = person();
    const second = person();
    await signUp({ code, customer: first });

    const answer = await signUp({ code, customer: second }, { 'idempotency-key': unique('intention') });

    expect(answer).toMatchObject(refused(409, 'code_exhausted', 'code'));
    expect(await rowsOf('referred_customer', 'external_id', second.externalId)).toEqual([]);
    expect(await signUp({ code, customer: first })).toMatchObject({ status: 201 });
  });

  it('needs a code that is open, unless the person came before', async () => {
    const { code } = await givenCode(service);
    const customer = person();
    const { body: before } = await signUp({ code, customer });
    await service.http('PATCH', `/v1/codes/${code}`, { active: false });
    const expired = await givenCode(service, { code: { expiresAt: '2020-01-01T00:00:00Z' } });

    expect(await signUp({ code, customer: person() })).toMatchObject(refused(409, 'code_inactive', 'code'));
    expect(await signUp({ code: expired.code, customer })).toMatchObject(refused(409, 'code_expired', 'code'));
    expect((await signUp({ code, customer })).body.id).toBe(before.id);
  });
});

describe('a sign-up', () => {
  it.each([
    [{ customer: { externalId: 'x' } }, 400, 'missing_field', 'clickId'],
    [{ clickId: 'click_1', code: 'ABC', customer: { externalId: 'x' } }, 400, 'field_not_allowed', 'code'],
    [{ code: 'ABC' }, 400, 'missing_field', 'customer'],
    [{ code: 'ABC', customer: [] }, 400, 'invalid_field', 'customer'],
    [{ code: 'ABC', customer: {} }, 400, 'missing_field', 'customer.externalId'],
    [{ code: 'ABC', customer: { externalId: 'x', email: 'x' } }, 400, 'invalid_field', 'customer.email'],
    [{ code: 'ABC', customer: { externalId: 'x', phone: '1' } }, 400, 'unknown_field', 'customer.phone'],
    [{ code: 'UNKNOWN', customer: { externalId: 'x' } }, 404, 'code_not_found', 'code'],
    [{ clickId: 'click_unknown', customer: { externalId: 'x' } }, 404, 'click_not_found', 'clickId'],
  ])('is refused with %j', async (body, status, code, field) => {
    expect(await signUp(body)).toMatchObject(refused(status, code, field));
    expect(await rowsOf('referred_customer', 'external_id', 'x')).toEqual([]);
  });

  it('by another company’s click or code is as if they were not there', async () => {
    const { code } = await givenCode(service);
    const clickId = await givenClick(service, code);
    const stranger = await givenStranger(service);

    expect(await signUp({ clickId, customer: person() }, stranger)).toMatchObject(
      refused(404, 'click_not_found', 'clickId'),
    );
    expect(await signUp({ code, customer: person() }, stranger)).toMatchObject(refused(404, 'code_not_found', 'code'));
    expect((await service.http('GET', '/v1/referrals', undefined, stranger)).body).toEqual({
      data: [],
      nextCursor: null,
    });
  });

  it('is not given another sign-up’s id for a click’s', async () => {
    const { code } = await givenCode(service);
    const { body } = await signUp({ code, customer: person() });

    expect(await signUp({ clickId: body.id, customer: person() })).toMatchObject(
      refused(404, 'click_not_found', 'clickId'),
    );
  });
});

describe('the Stripe customer of a sign-up', () => {
  it('is tied to the person', async () => {
    const { code } = await givenCode(service);
    const stripeCustomerId = unique('cus');

    const { body } = await signUp({ code, customer: person({ stripeCustomerId }) });

    const { id } = body.customer as { id: string };
    expect(await rowsOf('customer_link', 'stripe_customer_id', stripeCustomerId)).toMatchObject([
      { customer_id: id, account: '' },
    ]);
    expect(await rowsOf('settle_queue', 'key', stripeCustomerId)).toMatchObject([{ kind: 'customer' }]);
  });

  it('gives its name to a person who was made for it', async () => {
    const { code } = await givenCode(service);
    const stripeCustomerId = unique('cus');
    const automatic = await givenAutomaticPerson(stripeCustomerId);
    const customer = person({ stripeCustomerId, email: 'ada@example.com' });

    const { body } = await signUp({ code, customer });

    expect(body.customer).toEqual({ id: automatic, externalId: customer.externalId, email: 'ada@example.com' });
    expect(await rowsOf('referred_customer', 'external_id', customer.externalId)).toMatchObject([
      { id: automatic, email: 'ada@example.com' },
    ]);
  });

  it('brings what it has along to a person who was known already', async () => {
    const { code } = await givenCode(service);
    const known = person();
    const { body: before } = await signUp({ code, customer: known });
    const { id } = before.customer as { id: string };
    const stripeCustomerId = unique('cus');
    const automatic = await givenAutomaticPerson(stripeCustomerId);
    const clickId = await givenClick(service, code);
    await service.db.query('UPDATE tributary.referral_tracking SET customer_id = $1 WHERE id = $2', [
      automatic,
      clickId,
    ]);

    const { body } = await signUp({ code, customer: { ...known, stripeCustomerId } });

    expect(body.customer).toMatchObject({ id });
    expect(await rowsOf('referral_tracking', 'id', clickId)).toMatchObject([{ customer_id: id }]);
    expect(await rowsOf('customer_link', 'stripe_customer_id', stripeCustomerId)).toMatchObject([{ customer_id: id }]);
    expect(await rowsOf('referred_customer', 'id', automatic)).toEqual([]);
  });

  it('belongs to one person only', async () => {
    const { code } = await givenCode(service);
    const stripeCustomerId = unique('cus');
    const owner = person({ stripeCustomerId });
    await signUp({ code, customer: owner });

    const other = await signUp({ code, customer: person({ stripeCustomerId }) });

    expect(other).toMatchObject(refused(409, 'stripe_customer_linked', 'customer.stripeCustomerId'));
    expect(await signUp({ code, customer: owner })).toMatchObject({ status: 201 });
  });

  it('is given to one of those who claim it at once', async () => {
    const { code } = await givenCode(service);
    const stripeCustomerId = unique('cus');

    const claims = Array.from({ length: 5 }, () => signUp({ code, customer: person({ stripeCustomerId }) }));

    expect((await Promise.all(claims)).map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });
});
