import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProgramTerms } from '../../src/referrals/program-terms.service.js';
import { AdjustableClock } from '../../src/common/clock.js';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const percentage = { type: 'percentage', rateBps: 2_000 };
let serial = 0;
const newKey = (): string => `program-${++serial}`;

const create = (body: object) =>
  service.http('POST', '/v1/programs', { key: newKey(), name: 'Friends', reward: percentage, ...body });

describe('a program', () => {
  it('has the defaults of the rules of money', async () => {
    const { status, body } = await create({ key: 'friends' });

    expect({ status, body }).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(/^program_/),
        key: 'friends',
        name: 'Friends',
        currency: 'usd',
        reward: percentage,
        rules: [
          {
            ...{ key: 'reward', when: {}, except: {}, reward: percentage },
            ...{ on: 'sale', firstSaleOnly: false, capAtSale: false, mayExceedSale: false },
          },
        ],
        caps: [],
        timeZone: 'UTC',
        holdDays: 30,
        conversionWindowDays: 30,
        minPayoutMinor: 1_000,
        touch: 'last',
        policies: {
          ...{ newCustomersOnly: true, earnAfterDeactivation: false },
          ...{ includeTax: false, includeShipping: false, includeOutOfBand: false },
        },
        state: 'active',
        states: [{ state: 'active', from: body.createdAt }],
        suspicion: {
          ...{ mode: 'hold', signUpsPerAddress: 5, signUpsPerCode: 0, signUpsPerPartner: 0 },
          ...{ refundRateBps: 0, secondsToSale: 0 },
        },
        customerDiscount: null,
        landingUrl: null,
        version: 1,
        createdAt: expect.any(String),
      },
    });
    expect((await service.http('GET', '/v1/programs/friends')).body).toEqual(body);
  });

  it('exists once per key', async () => {
    const key = newKey();
    await create({ key });

    expect(await create({ key })).toMatchObject({
      status: 409,
      body: { error: { code: 'program_exists', field: 'key' } },
    });
  });

  it.each([
    [{ reward: undefined }, 'missing_field', 'reward'],
    [{ reward: 20 }, 'invalid_field', 'reward'],
    [{ reward: { type: 'tiring' } }, 'invalid_field', 'reward.type'],
    [{ reward: { type: 'percentage' } }, 'missing_field', 'reward.rateBps'],
    [{ reward: { type: 'percentage', rateBps: 10_001 } }, 'invalid_field', 'reward.rateBps'],
    [{ reward: { type: 'percentage', rateBps: 8.2 } }, 'invalid_field', 'reward.rateBps'],
    [{ reward: { ...percentage, amountMinor: 5 } }, 'field_not_allowed', 'reward.amountMinor'],
    [{ reward: { type: 'one_time' } }, 'missing_field', 'reward.amountMinor'],
    [{ reward: { type: 'one_time', amountMinor: 0 } }, 'invalid_field', 'reward.amountMinor'],
    [{ reward: { type: 'one_time', amountMinor: 5, rateBps: 5 } }, 'field_not_allowed', 'reward.rateBps'],
    [{ reward: { ...percentage, rateBsp: 5 } }, 'unknown_field', 'reward.rateBsp'],
    [{ currency: 'xyz' }, 'unknown_currency', 'currency'],
    [{ holdDays: -1 }, 'invalid_field', 'holdDays'],
    [{ holdDays: null }, 'invalid_field', 'holdDays'],
    [{ conversionWindowDays: 1.5 }, 'invalid_field', 'conversionWindowDays'],
    [{ minPayoutMinor: -1 }, 'invalid_field', 'minPayoutMinor'],
    [{ touch: 'both' }, 'invalid_field', 'touch'],
    [{ suspicion: { mode: 'maybe' } }, 'invalid_field', 'suspicion.mode'],
    [{ suspicion: { signUpsPerAddress: -1 } }, 'invalid_field', 'suspicion.signUpsPerAddress'],
    [{ landingUrl: 'javascript:alert(1)' }, 'invalid_field', 'landingUrl'],
    [{ landingUrl: 'https://user:secret@example.com/' }, 'invalid_field', 'landingUrl'],
    [{ key: 'Friends!' }, 'invalid_field', 'key'],
    [{ name: undefined }, 'missing_field', 'name'],
  ])('is refused with %j', async (wrong, code, field) => {
    const { status, body } = await create(wrong);

    expect({ status, body }).toMatchObject({ status: 400, body: { error: { code, field } } });
  });

  it('takes a flat reward', async () => {
    const reward = { type: 'one_time', amountMinor: 2_500 };

    expect(await create({ reward, currency: 'EUR' })).toMatchObject({ status: 201, body: { reward, currency: 'eur' } });
  });

  it('is not there for another company', async () => {
    const key = newKey();
    await create({ key });
    const stranger = {
      authorization: `Bearer ${await service.newKey(['*'], { workspaceId: await service.newWorkspace() })}`,
    };

    const foreign = await service.http('GET', `/v1/programs/${key}`, undefined, stranger);
    const unknown = await service.http('GET', '/v1/programs/nothing', undefined, stranger);

    expect(foreign).toMatchObject({ status: 404, body: { error: { code: 'program_not_found', field: 'key' } } });
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'program_not_found', field: 'key' } } });
    expect(await service.http('PATCH', `/v1/programs/${key}`, { name: 'Mine' }, stranger)).toMatchObject({
      status: 404,
    });
    expect((await service.http('GET', '/v1/programs', undefined, stranger)).body).toEqual({
      data: [],
      nextCursor: null,
    });
  });
});

describe('a change of terms', () => {
  it('makes a version from now on, and the terms of before stay', async () => {
    const clock = service.clock as AdjustableClock;
    expect(clock.now()).toBeInstanceOf(Date);
    const key = newKey();
    const { body: before } = await create({ key });
    await new Promise((resolve) => setTimeout(resolve, 5));

    const { status, body } = await service.http('PATCH', `/v1/programs/${key}`, {
      reward: { type: 'percentage', rateBps: 820 },
    });

    expect({ status, body }).toMatchObject({
      status: 200,
      body: { version: 2, reward: { rateBps: 820 }, holdDays: 30 },
    });
    const terms = service.app.get(ProgramTerms, { strict: false });
    const at = (instant: Date) => terms.termsAt(service.workspaceId, String(before.id), instant, service.db.manager);
    const created = new Date(String(before.createdAt));
    expect((await at(new Date(created.getTime() - 86_400_000))).version).toBe(1);
    expect((await at(created)).version).toBe(1);
    const [{ effective_at: effective }] = await service.db.query(
      'SELECT effective_at FROM tributary.referral_program_version WHERE program_id = $1 AND version = 2',
      [before.id],
    );
    expect((await at(new Date(effective.getTime() - 1))).version).toBe(1);
    expect((await at(effective)).version).toBe(2);
  });

  it('is none when the terms stay the same', async () => {
    const key = newKey();
    await create({ key });

    const change = { name: 'Family', landingUrl: 'https://example.com/join?a=b', reward: percentage, holdDays: 30 };
    const { body } = await service.http('PATCH', `/v1/programs/${key}`, change);

    expect(body).toMatchObject({ name: 'Family', landingUrl: 'https://example.com/join?a=b', version: 1 });
  });

  it('numbers the versions without gaps when edits race', async () => {
    const key = newKey();
    await create({ key });

    const edits = Array.from({ length: 6 }, (_, i) =>
      service.http('PATCH', `/v1/programs/${key}`, { holdDays: i + 1 }),
    );
    const versions = (await Promise.all(edits)).map(({ body }) => body.version);

    expect(versions.sort()).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it.each([
    [{ currency: 'eur' }, 'immutable_field', 'currency'],
    [{ key: 'other' }, 'immutable_field', 'key'],
    [{ holdDays: null }, 'invalid_field', 'holdDays'],
    [{ reward: null }, 'invalid_field', 'reward'],
    [{ reward: { type: 'one_time', rateBps: 5 } }, 'field_not_allowed', 'reward.rateBps'],
    [{ colour: 'red' }, 'unknown_field', 'colour'],
  ])('is refused with %j', async (wrong, code, field) => {
    const key = newKey();
    await create({ key });

    const { status, body } = await service.http('PATCH', `/v1/programs/${key}`, wrong);

    expect({ status, body }).toMatchObject({ status: 400, body: { error: { code, field } } });
  });
});

it('pages the list, newest first', async () => {
  const other = await service.newWorkspace();
  const own = { authorization: `Bearer ${await service.newKey(['*'], { workspaceId: other })}` };
  for (const key of ['one', 'two', 'three']) {
    await service.http('POST', '/v1/programs', { key, name: key, reward: percentage }, own);
  }

  type List = { data: Array<{ key: string }>; nextCursor: string | null };
  const first = await service.http<List>('GET', '/v1/programs?limit=2', undefined, own);
  const second = await service.http<List>(
    'GET',
    `/v1/programs?limit=2&cursor=${first.body.nextCursor}`,
    undefined,
    own,
  );

  expect([...first.body.data, ...second.body.data].map(({ key }) => key).sort()).toEqual(['one', 'three', 'two']);
  expect(second.body.nextCursor).toBeNull();
});
