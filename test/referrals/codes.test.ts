import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenCode, givenPartner, givenStranger, made, refused, unique } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const post = (path: string, body?: object, headers = {}) => service.http('POST', path, body, headers);
const get = (path: string, headers = {}) => service.http('GET', path, undefined, headers);
const patch = (path: string, body: object, headers = {}) => service.http('PATCH', path, body, headers);

describe('a code', () => {
  it('is generated with ten characters that nobody misreads', async () => {
    const { programKey, partnerId, code } = await givenCode(service);

    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{10}$/);
    expect(await get(`/v1/codes/${code}`)).toMatchObject({
      status: 200,
      body: { code, programKey, partnerId, active: true, maxUses: null, uses: 0, expiresAt: null },
    });
  });

  it('is chosen once, whatever the case', async () => {
    const chosen = unique('Ada-Summer');
    const { programKey, partnerId } = await givenCode(service, { code: { code: chosen } });

    for (const code of [chosen, chosen.toUpperCase(), chosen.toLowerCase()]) {
      expect(await post('/v1/codes', { programKey, partnerId, code })).toMatchObject(
        refused(409, 'code_taken', 'code'),
      );
      expect((await get(`/v1/codes/${code}`)).body.code).toBe(chosen);
    }
  });

  it('is given to one of those who choose it at the same moment', async () => {
    const { programKey, partnerId } = await givenCode(service);
    const chosen = unique('Race');
    const spellings = [chosen, chosen.toUpperCase(), chosen.toLowerCase(), chosen];

    const answers = await Promise.all(spellings.map((code) => post('/v1/codes', { programKey, partnerId, code })));

    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it.each([
    [{ code: 'ab' }, 400, 'invalid_field', 'code'],
    [{ code: 'with space' }, 400, 'invalid_field', 'code'],
    [{ code: 'x'.repeat(65) }, 400, 'invalid_field', 'code'],
    [{ code: 'Validate' }, 400, 'code_reserved', 'code'],
    [{ maxUses: 0 }, 400, 'invalid_field', 'maxUses'],
    [{ maxUses: 1.5 }, 400, 'invalid_field', 'maxUses'],
    [{ expiresAt: 'soon' }, 400, 'invalid_field', 'expiresAt'],
    [{ stripePromotionCodeId: 'SUMMER' }, 400, 'invalid_field', 'stripePromotionCodeId'],
    [{ uses: 5 }, 400, 'unknown_field', 'uses'],
    [{ programKey: 'nothing' }, 404, 'program_not_found', 'programKey'],
    [{ partnerId: 'partner_0' }, 404, 'partner_not_found', 'partnerId'],
    [{ partnerId: undefined }, 400, 'missing_field', 'partnerId'],
  ])('is refused with %j', async (wrong, status, code, field) => {
    const { programKey, partnerId } = await givenCode(service);

    expect(await post('/v1/codes', { programKey, partnerId, ...wrong })).toMatchObject(refused(status, code, field));
  });

  it('cannot be made for another company’s program or partner, nor seen by it', async () => {
    const own = await givenCode(service);
    const stranger = await givenStranger(service);
    const reward = { type: 'one_time', amountMinor: 1 };
    await post('/v1/programs', { key: 'theirs', name: 'Theirs', reward }, stranger);
    const { body: their } = await post('/v1/partners', { externalId: 'theirs' }, stranger);

    const byProgram = await post('/v1/codes', { programKey: own.programKey, partnerId: their.id }, stranger);
    const byPartner = await post('/v1/codes', { programKey: 'theirs', partnerId: own.partnerId }, stranger);

    expect(byProgram).toMatchObject(refused(404, 'program_not_found', 'programKey'));
    expect(byPartner).toMatchObject(refused(404, 'partner_not_found', 'partnerId'));
    expect(await get(`/v1/codes/${own.code}`, stranger)).toMatchObject(refused(404, 'code_not_found', 'code'));
    expect(await patch(`/v1/codes/${own.code}`, { active: false }, stranger)).toMatchObject({ status: 404 });
    expect((await post(`/v1/codes/${own.code}/validate`, undefined, stranger)).body).toMatchObject({ valid: false });
    expect((await get('/v1/codes', stranger)).body).toEqual({ data: [], nextCursor: null });
  });

  it('is changed where it may be', async () => {
    const { code } = await givenCode(service);
    const limits = {
      maxUses: 5,
      expiresAt: '2030-01-01T00:00:00.000Z',
      stripePromotionCodeId: 'promo_1',
      active: false,
    };

    expect(await patch(`/v1/codes/${code}`, limits)).toMatchObject({ status: 200, body: limits });
    const without = { maxUses: null, expiresAt: null, stripePromotionCodeId: null };
    expect((await patch(`/v1/codes/${code}`, without)).body).toMatchObject({ ...without, active: false });
  });

  it.each([
    [{ code: 'no' }, 'invalid_field', 'code'],
    [{ code: 'Support' }, 'code_reserved', 'code'],
    [{ reason: 'because' }, 'field_not_allowed', 'reason'],
    [{ partnerId: 'x' }, 'immutable_field', 'partnerId'],
    [{ programKey: 'x' }, 'immutable_field', 'programKey'],
    [{ active: 'no' }, 'invalid_field', 'active'],
    [{ active: null }, 'invalid_field', 'active'],
  ])('is not changed with %j', async (wrong, code, field) => {
    const given = await givenCode(service);

    expect(await patch(`/v1/codes/${given.code}`, wrong)).toMatchObject(refused(400, code, field));
  });

  it('is listed by partner and program, page by page', async () => {
    const { programKey, partnerId, code } = await givenCode(service);
    const second = await made(service, '/v1/codes', { programKey, partnerId });
    await made(service, '/v1/codes', { programKey, partnerId: await givenPartner(service) });

    type List = { data: Array<{ code: string }>; nextCursor: string | null };
    const path = `/v1/codes?partnerId=${partnerId}&programKey=${programKey}&limit=1`;
    const { body: first } = await service.http<List>('GET', path);
    const { body: next } = await service.http<List>('GET', `${path}&cursor=${first.nextCursor}`);

    expect([...first.data, ...next.data].map((row) => row.code).sort()).toEqual([code, second.code].sort());
    expect(next.nextCursor).toBeNull();
    expect(((await get(`/v1/codes?programKey=${programKey}`)).body.data as unknown[]).length).toBe(3);
  });
});

describe('a code that is suspended', () => {
  it('says why and since when, and again when it is reactivated', async () => {
    const { code } = await givenCode(service);

    const { body: off } = await patch(`/v1/codes/${code}`, { active: false, reason: 'posted on a coupon site' });
    expect(off).toMatchObject({ active: false, statusReason: 'posted on a coupon site' });
    expect(off.statusChangedAt).toEqual(expect.any(String));
    expect(await post('/v1/clicks', { code })).toMatchObject(refused(409, 'code_inactive', 'code'));
    await patch(`/v1/codes/${code}`, { maxUses: 5 });
    expect((await get(`/v1/codes/${code}`)).body).toMatchObject({ statusReason: off.statusReason, maxUses: 5 });

    const { body: on } = await patch(`/v1/codes/${code}`, { active: true, reason: 'taken down' });
    expect(on).toMatchObject({ active: true, statusReason: 'taken down' });
    expect((await post('/v1/clicks', { code })).status).toBe(201);
  });
});

describe('a code that is renamed', () => {
  it('is still found by every text that it had', async () => {
    const [old, second, third] = [unique('Old'), unique('Second'), unique('Third')];
    const { programKey, partnerId } = await givenCode(service, { code: { code: old } });

    expect(await patch(`/v1/codes/${old}`, { code: second })).toMatchObject({ status: 200, body: { code: second } });
    const { body } = await patch(`/v1/codes/${old.toLowerCase()}`, { code: third });

    expect(body).toMatchObject({ code: third, formerCodes: [old, second] });
    for (const text of [old, second.toUpperCase(), third]) {
      const valid = { valid: true, code: third, programKey, partnerId, discount: null };
      expect((await post(`/v1/codes/${text}/validate`)).body).toEqual(valid);
      expect((await post('/v1/clicks', { code: text })).body).toMatchObject({ code: third, partnerId });
    }
    expect((await get(`/v1/codes?partnerId=${partnerId}`)).body.data).toEqual([body]);
  });

  it('keeps its texts for itself, and may go back to one', async () => {
    const [old, renamed] = [unique('Kept'), unique('Renamed')];
    const { programKey, partnerId } = await givenCode(service, { code: { code: old } });
    const other = await givenCode(service);
    await patch(`/v1/codes/${old}`, { code: renamed });

    const taken = refused(409, 'code_taken', 'code');
    expect(await post('/v1/codes', { programKey, partnerId, code: old.toUpperCase() })).toMatchObject(taken);
    expect(await patch(`/v1/codes/${other.code}`, { code: old })).toMatchObject(taken);
    expect(await patch(`/v1/codes/${other.code}`, { code: renamed })).toMatchObject(taken);
    expect((await get(`/v1/codes/${other.code}`)).body.code).toBe(other.code);

    const back = await patch(`/v1/codes/${renamed}`, { code: old });
    expect(back).toMatchObject({ status: 200, body: { code: old, formerCodes: [renamed] } });
  });

  it('is given a text by one of those who want it at the same moment', async () => {
    const codes = await Promise.all([1, 2, 3].map(() => givenCode(service)));
    const wanted = unique('Wanted');

    const answers = await Promise.all(codes.map(({ code }) => patch(`/v1/codes/${code}`, { code: wanted })));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });
});

describe('validating a code', () => {
  const validate = async (code: string) => (await post(`/v1/codes/${code}/validate`)).body;

  it('says whose it is, whatever the case', async () => {
    const { programKey, partnerId, code } = await givenCode(service);

    const { status, body } = await post(`/v1/codes/${code.toLowerCase()}/validate`);

    const told = { valid: true, code, programKey, partnerId, discount: null };
    expect({ status, body }).toEqual({ status: 200, body: told });
  });

  it('says why it brings nobody', async () => {
    const off = await givenCode(service);
    await patch(`/v1/codes/${off.code}`, { active: false });
    const expired = await givenCode(service, { code: { expiresAt: service.clock.now().toISOString() } });
    const used = await givenCode(service, { code: { maxUses: 1 } });
    await made(service, '/v1/referrals', { code: used.code, customer: { externalId: unique('customer') } });

    expect(await validate('UNKNOWN')).toEqual({ valid: false, code: 'UNKNOWN', reason: 'code_not_found' });
    expect(await validate(off.code)).toMatchObject({ valid: false, reason: 'code_inactive' });
    expect(await validate(expired.code)).toMatchObject({ valid: false, reason: 'code_expired' });
    expect(await validate(used.code)).toMatchObject({ valid: false, reason: 'code_exhausted' });
  });
});
