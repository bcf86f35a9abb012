import { status as grpcStatus } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService, type TestService } from '../support/test-service.js';
import { givenCode, givenPartner, givenStranger, unique } from './given.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

type Body = Record<string, unknown>;

const percentage = { type: 'percentage', rateBps: 3_000 };
const group = async (): Promise<string> => {
  const key = unique('group');
  await service.http('PUT', `/v1/partner-groups/${key}`, { name: 'Gold' });
  return key;
};
const put = (path: string, body: Body) => service.http<Body>('PUT', `/v1/programs/${path}`, body);
const move = (partnerId: string, body: Body) => service.http<Body>('PUT', `/v1/partners/${partnerId}/group`, body);

async function grpc(method: string, request: object): Promise<Body> {
  const answer = await service.grpc.call('Referrals', method, request, {});
  expect({ method, code: answer.code, details: answer.details }).toMatchObject({ method, code: grpcStatus.OK });
  return answer.message as Body;
}

describe('a group of partners', () => {
  it('is made, renamed and listed, and tells who is in it now', async () => {
    const key = await group();
    const renamed = await service.http('PUT', `/v1/partner-groups/${key}`, { name: 'Platinum' });
    const partners = await Promise.all([1, 2, 3].map(() => givenPartner(service)));
    const [left, future, stays] = partners as [string, string, string];
    await move(left, { group: key, effectiveAt: '2026-01-01T00:00:00Z' });
    await move(left, { group: null, effectiveAt: '2026-01-02T00:00:00Z' });
    await move(future, { group: key, effectiveAt: '2999-01-01T00:00:00Z' });
    const { body } = await move(stays, { group: key, effectiveAt: '2026-01-01T00:00:00Z' });

    expect(renamed).toMatchObject({ status: 200, body: { key, name: 'Platinum' } });
    expect(body).toMatchObject({ id: stays, group: key });
    expect((await service.http<Body>('GET', `/v1/partners/${left}`)).body).toMatchObject({ group: null });
    const listed = await service.http<{ data: Body[] }>('GET', '/v1/partner-groups?limit=100');
    expect(listed.body.data).toContainEqual(expect.objectContaining({ key, name: 'Platinum' }));
    const members = { data: [{ partnerId: stays, since: '2026-01-01T00:00:00.000Z' }], nextCursor: null };
    expect((await service.http('GET', `/v1/partner-groups/${key}/members`)).body).toEqual(members);
  });

  it('keeps every move with its moment, and writes none twice', async () => {
    const [key, partnerId] = [await group(), await givenPartner(service)];
    for (const effectiveAt of ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'])
      await move(partnerId, { group: key, effectiveAt });
    await move(partnerId, { group: key, effectiveAt: '2026-01-02T00:00:00Z' });
    await move(partnerId, { group: key });

    const rows = await service.db.query<Body[]>(
      'SELECT seq, group_key FROM tributary.partner_group_member WHERE partner_id = $1 ORDER BY seq',
      [partnerId],
    );
    expect(rows).toEqual([1, 2].map((seq) => ({ seq, group_key: key })));
    const { data } = (await service.http<{ data: Body[] }>('GET', `/v1/partner-groups/${key}/members`)).body;
    expect(data).toEqual([{ partnerId, since: '2026-01-01T00:00:00.000Z' }]);
  });

  it.each([
    ['a group that is not there', { group: 'nobody' }, 404, 'partner_group_not_found', 'group'],
    ['no group at all', {}, 400, 'missing_field', 'group'],
    ['a moment without zone', { group: null, effectiveAt: '2026-01-01' }, 400, 'invalid_field', 'effectiveAt'],
  ])('refuses %s', async (_, body, status, code, field) => {
    const answer = await move(await givenPartner(service), body);

    expect(answer).toMatchObject({ status, body: { error: { code, field } } });
  });

  it('refuses a key that no link could carry, and is nobody’s of another workspace', async () => {
    const key = await group();
    const stranger = await givenStranger(service);
    const partnerId = await givenPartner(service);

    expect(await service.http('PUT', '/v1/partner-groups/Gold%20Club', { name: 'Gold' })).toMatchObject({
      status: 400,
      body: { error: { field: 'key' } },
    });
    const strange = await service.http('GET', `/v1/partner-groups/${key}/members`, undefined, stranger);
    expect(strange).toMatchObject({ status: 404, body: { error: { code: 'partner_group_not_found' } } });
    const theirs = await service.http('PUT', `/v1/partners/${partnerId}/group`, { group: key }, stranger);
    expect(theirs).toMatchObject({ status: 404, body: { error: { code: 'partner_not_found' } } });
  });
});

describe('terms of their own', () => {
  it('are told with their history, listed while they hold, and ended', async () => {
    const { programKey, partnerId, code } = await givenCode(service);
    const gold = await group();
    await put(`${programKey}/terms/groups/${gold}`, { caps: [], holdDays: 0 });
    await put(`${programKey}/terms/codes/${code}`, { uncapped: true });
    const first = await put(`${programKey}/terms/partners/${partnerId}`, { reward: percentage });
    const again = await put(`${programKey}/terms/partners/${partnerId}`, { reward: percentage });
    const second = await put(`${programKey}/terms/partners/${partnerId}`, {
      caps: [{ per: 'partner', period: 'month', maxSales: 3 }],
      effectiveAt: '2020-01-01T00:00:00Z',
    });

    expect(first).toMatchObject({
      status: 200,
      body: {
        programKey,
        scope: 'partner',
        id: partnerId,
        inForce: { version: 1, reward: percentage, caps: null, holdDays: null },
      },
    });
    expect(again.body).toEqual(first.body);
    expect(second.body).toMatchObject({
      inForce: { version: 1 },
      history: [{ version: 2, rules: null }, { version: 1 }],
    });
    const list = () => service.http<{ data: Body[] }>('GET', `/v1/programs/${programKey}/terms`);
    expect((await list()).body.data).toMatchObject([
      { scope: 'code', id: code, inForce: { caps: [], uncapped: true, rules: null } },
      { scope: 'group', id: gold, inForce: { caps: [], uncapped: true, holdDays: 0 } },
      { scope: 'partner', id: partnerId, inForce: { version: 1, uncapped: false } },
    ]);

    const ended = await service.http('DELETE', `/v1/programs/${programKey}/terms/partners/${partnerId}`);
    expect(ended).toMatchObject({
      status: 200,
      body: { inForce: null, history: [{}, {}, { version: 3, ended: true }] },
    });
    expect((await service.http('GET', `/v1/programs/${programKey}/terms/partners/${partnerId}`)).body).toEqual(
      ended.body,
    );
    expect((await list()).body.data.map(({ scope }) => scope)).toEqual(['code', 'group']);
    const paged = await service.http<{ data: Body[]; nextCursor: string }>(
      'GET',
      `/v1/programs/${programKey}/terms?limit=1`,
    );
    const next = await service.http<{ data: Body[] }>(
      'GET',
      `/v1/programs/${programKey}/terms?cursor=${paged.body.nextCursor}`,
    );
    expect([paged.body.data, next.body.data].flat().map(({ scope }) => scope)).toEqual(['code', 'group']);
  });

  const cap = { per: 'partner', period: 'month', maxMinor: 1 };
  it.each<[string, Body, string, string]>([
    ['nothing', {}, 'missing_field', 'rules'],
    ['only a moment', { effectiveAt: '2026-01-01T00:00:00Z' }, 'missing_field', 'rules'],
    [
      'rules beside their short form',
      { reward: percentage, rules: [{ key: 'a', reward: percentage }] },
      'field_not_allowed',
      'reward',
    ],
    ['a rate above the sale', { reward: { type: 'percentage', rateBps: 20_000 } }, 'invalid_field', 'reward.rateBps'],
    [
      'a gap in tiers',
      {
        rules: [
          {
            key: 'a',
            reward: {
              type: 'tiered',
              by: 'sales',
              period: 'ever',
              mode: 'whole_sale',
              tiers: [{ from: 1, rateBps: 1 }],
            },
          },
        ],
      },
      'tier_gap',
      'rules.0.reward.tiers.0.from',
    ],
    ['a cap of nothing', { caps: [{ per: 'partner', period: 'month' }] }, 'missing_field', 'caps.0.maxMinor'],
    ['caps and none', { caps: [cap], uncapped: true }, 'field_not_allowed', 'uncapped'],
    ['a hold of minus a day', { holdDays: -1 }, 'invalid_field', 'holdDays'],
    ['what belongs to the program', { minPayoutMinor: 1 }, 'unknown_field', 'minPayoutMinor'],
  ])('refuse %s, naming the field', async (_, body, code, field) => {
    const { programKey, partnerId } = await givenCode(service);

    const answer = await put(`${programKey}/terms/partners/${partnerId}`, body);

    expect(answer).toMatchObject({ status: 400, body: { error: { code, field } } });
  });

  it.each([
    ['nobody/terms/partners/:partner', 404, 'program_not_found', 'key'],
    [':program/terms/partners/partner_0', 404, 'partner_not_found', 'id'],
    [':program/terms/groups/nobody', 404, 'partner_group_not_found', 'id'],
    [':program/terms/codes/NOBODY', 404, 'code_not_found', 'id'],
    [':program/terms/codes/:foreign', 404, 'code_not_found', 'id'],
    [':program/terms/people/:partner', 400, 'invalid_field', 'scope'],
  ])('refuse %s', async (path, status, code, field) => {
    const { programKey, partnerId } = await givenCode(service);
    const foreign = await givenCode(service);
    const filled = path
      .replace(':program', programKey)
      .replace(':partner', partnerId)
      .replace(':foreign', foreign.code);

    expect(await put(filled, { reward: percentage })).toMatchObject({ status, body: { error: { code, field } } });
  });

  it('that were never told cannot be ended or read', async () => {
    const { programKey, partnerId } = await givenCode(service);

    for (const method of ['GET', 'DELETE']) {
      const answer = await service.http(method, `/v1/programs/${programKey}/terms/partners/${partnerId}`);
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'terms_not_found', field: 'id' } } });
    }
  });

  it('are told the same over gRPC', async () => {
    const { programKey: key, partnerId } = await givenCode(service);
    const gold = unique('grpc');
    expect(await grpc('PutPartnerGroup', { key: gold, name: 'Gold' })).toMatchObject({ key: gold, name: 'Gold' });
    expect(await grpc('MovePartner', { id: partnerId, group: gold })).toMatchObject({ id: partnerId, group: gold });
    expect(await grpc('ListGroupMembers', { key: gold })).toMatchObject({ data: [{ partnerId }] });
    expect((await grpc('ListPartnerGroups', { limit: 100 })).data).toContainEqual(
      expect.objectContaining({ key: gold }),
    );

    const said = { key, scope: 'group', id: gold };
    const terms = { ...said, reward: percentage, uncapped: true, holdDays: 0 };
    const inForce = { version: 1, uncapped: true, holdDays: 0, reward: percentage };
    expect(await grpc('PutTerms', terms)).toMatchObject({ programKey: key, inForce, history: [inForce] });
    expect(await grpc('GetTerms', said)).toMatchObject({ scope: 'group', id: gold, inForce });
    expect(await grpc('ListTerms', { key })).toMatchObject({ data: [{ scope: 'group', id: gold, inForce }] });
    expect(await grpc('EndTerms', said)).toMatchObject({ history: [{ version: 1 }, { version: 2, ended: true }] });
    expect((await grpc('MovePartner', { id: partnerId })).group).toBeUndefined();
  });
});
