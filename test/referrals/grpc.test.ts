import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ReferralSettlement } from '../../src/referrals/referral-settlement.service.js';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenClick, givenCode, unique } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const call = (method: string, request: object, headers: Record<string, string> = {}) =>
  service.grpc.call('Referrals', method, request, { headers });

async function ok(method: string, request: object, headers: Record<string, string> = {}) {
  const answer = await call(method, request, headers);
  expect({ method, code: answer.code, details: answer.details }).toMatchObject({ method, code: status.OK });
  return answer.message as Record<string, unknown>;
}

/** What HTTP answers without its nulls and empty texts, which gRPC has no way to say apart. */
function said(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

describe('the gRPC face', () => {
  it('runs a whole referral, and both faces tell the same of it', async () => {
    const reward = { type: 'percentage', rateBps: 2_000 };
    const program = await ok('CreateProgram', { key: 'grpc', name: 'gRPC', reward, holdDays: 0 });
    expect(program).toMatchObject({ key: 'grpc', currency: 'usd', holdDays: 0, minPayoutMinor: 1_000, version: 1 });
    const partner = await ok('CreatePartner', { externalId: 'grpc-user', email: 'ada@example.com' });
    const code = await ok('CreateCode', { programKey: 'grpc', partnerId: partner.id, code: 'Grpc-1', maxUses: 5 });
    expect(code).toMatchObject({ code: 'Grpc-1', active: true, uses: 0, maxUses: 5 });
    const valid = { valid: true, code: 'Grpc-1', programKey: 'grpc', partnerId: partner.id };
    expect(await ok('ValidateCode', { code: 'grpc-1' })).toMatchObject(valid);
    expect(await ok('ValidateCode', { code: 'NOBODY' })).toMatchObject({ valid: false, reason: 'code_not_found' });

    const renamed = await ok('UpdateCode', { code: 'grpc-1', newCode: 'Grpc-2', maxUses: 6 });
    expect(renamed).toMatchObject({ code: 'Grpc-2', formerCodes: ['Grpc-1'], maxUses: 6, active: true });
    expect(await ok('GetCode', { code: 'GRPC-1' })).toEqual(renamed);
    expect(await ok('ListCodes', { programKey: 'grpc' })).toMatchObject({ data: [renamed] });
    expect(await ok('UpdateCode', { code: 'grpc-2', active: false, reason: 'a test' })).toMatchObject({
      ...{ active: false, statusReason: 'a test' },
    });
    await ok('UpdateCode', { code: 'grpc-2', active: true });

    const visitor = { ip: '127.0.0.1', userAgent: 'Mozilla/5.0 Firefox/140.0', consent: true };
    const click = await ok('RecordClick', { code: 'GRPC-1', url: 'https://example.com/?utm_source=b', ...visitor });
    expect(click).toMatchObject({ code: 'Grpc-2', visitor: 'person' });
    const customer = { externalId: 'grpc-customer' };
    const referral = await ok('TrackReferral', { clickId: click.id, customer });
    expect(referral).toMatchObject({
      id: click.id,
      clickId: click.id,
      customer,
      state: 'signed_up',
      withinWindow: true,
      ...{ utm: { source: 'b' }, consent: true, ipHash: expect.any(String), url: 'https://example.com/' },
    });
    const sold = { externalId: 'grpc-order', customer, amountMinor: 10_000, currency: 'USD' };
    const sale = await ok('RecordSale', sold, { 'idempotency-key': unique('intention') });
    expect(sale).toMatchObject({ externalId: 'grpc-order', amountMinor: 10_000, currency: 'usd', customer });
    const key = { workspaceId: service.workspaceId, account: '', kind: 'sale' as const, id: String(sale.id) };
    await service.db.transaction((tx) => service.app.get(ReferralSettlement, { strict: false }).settle(key, tx));

    const { data } = await ok('ListCommissions', { partnerId: partner.id, state: 'due' });
    const [commission] = data as Array<Record<string, unknown>>;
    expect(commission).toMatchObject({ amountMinor: 2_000, netMinor: 2_000, state: 'due', sourceId: 'grpc-order' });
    const id = commission?.id;
    expect((await service.http('GET', `/v1/commissions/${id}`)).body).toEqual(commission);
    expect(await ok('GetCommission', { id })).toEqual(commission);
    const explained = await ok('ExplainCommission', { id });
    const { body: told } = await service.http('GET', `/v1/commissions/${id}/explanation`);
    expect(explained.steps).toEqual(told.steps);
    expect(JSON.parse(String(explained.explanation))).toEqual(told.explanation);
    expect(explained.evidence).toEqual(told.evidence);
    expect(explained.sale).toEqual(told.sale);
    const balances = [{ currency: 'usd', dueMinor: 2_000, pendingMinor: 0 }];
    expect(await ok('GetPartnerBalance', { id: partner.id })).toMatchObject({ balances });
    expect(await ok('GetPartner', { id: partner.id })).toMatchObject(
      said((await service.http('GET', `/v1/partners/${partner.id}`)).body),
    );
    expect(await ok('GetProgram', { key: 'grpc' })).toMatchObject(
      said((await service.http('GET', '/v1/programs/grpc')).body),
    );
  });

  it.each([
    ['CreateProgram', { key: 'x', name: 'x', reward: { type: 'one_time' } }, 'missing_field', 'reward.amountMinor'],
    ['CreateProgram', { key: 'x', name: 'x' }, 'missing_field', 'reward'],
    ['CreatePartner', {}, 'missing_field', 'externalId'],
    ['TrackReferral', { customer: { externalId: 'x' } }, 'missing_field', 'clickId'],
    [
      'RecordSale',
      { externalId: 'x', customer: { externalId: 'x' }, currency: 'usd' },
      'idempotency_key_required',
      'Idempotency-Key',
    ],
    ['ListCommissions', { state: 'lost' }, 'invalid_field', 'state'],
  ])('refuses %s %j as HTTP does', async (method, request, code, field) => {
    const answer = await call(method, request);

    expect(answer).toMatchObject({ code: status.INVALID_ARGUMENT, body: { error: { code, field } } });
  });

  it('has the kinds of HTTP’s refusals', async () => {
    const used = await givenCode(service, { code: { maxUses: 1 } });
    const track = () => call('TrackReferral', { code: used.code, customer: { externalId: unique('customer') } });
    await track();
    const clickId = await givenClick(service, (await givenCode(service)).code);
    const stranger = {
      authorization: `Bearer ${await service.newKey(['*'], { workspaceId: await service.newWorkspace() })}`,
    };
    const foreign = await call('TrackReferral', { clickId, customer: { externalId: 'x' } }, stranger);

    expect(await track()).toMatchObject({
      code: status.FAILED_PRECONDITION,
      body: { error: { code: 'code_exhausted' } },
    });
    expect(foreign).toMatchObject({
      code: status.NOT_FOUND,
      body: { error: { code: 'click_not_found', field: 'clickId' } },
    });
    const { partnerId, programKey, code } = used;
    const taken = await call('CreateCode', { programKey, partnerId, code: code.toLowerCase() });
    expect(taken).toMatchObject({
      code: status.ALREADY_EXISTS,
      body: { error: { code: 'code_taken', field: 'code' } },
    });
  });

  it('asks for the same scopes', async () => {
    const reader = { authorization: `Bearer ${await service.newKey(['referrals:read'])}` };

    expect(await call('ValidateCode', { code: 'X' }, reader)).toMatchObject({ code: status.OK });
    expect(await call('RecordClick', { code: 'X' }, reader)).toMatchObject({ code: status.PERMISSION_DENIED });
  });
});
