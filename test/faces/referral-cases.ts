import { status } from '@grpc/grpc-js';
import { givenClick, givenCode, givenPartner, unique } from '../referrals/given.js';
import type { TestService } from '../support/test-service.js';
import type { FaceCase } from './cases.js';

type Given = Record<string, string>;

const code = async (service: TestService): Promise<Given> => ({ ...(await givenCode(service)) });
const usedCode = async (service: TestService): Promise<Given> => {
  const given = await givenCode(service, { code: { maxUses: 1 } });
  await service.http('POST', '/v1/referrals', { code: given.code, customer: { externalId: unique('customer') } });
  return { ...given };
};
const click = async (service: TestService): Promise<Given> => {
  const given = await givenCode(service);
  return { ...given, clickId: await givenClick(service, given.code) };
};
const partner = async (service: TestService): Promise<Given> => ({ id: await givenPartner(service) });

function validate(name: string, given: FaceCase['given'], answer: FaceCase['answer'], text?: string): FaceCase {
  return {
    name,
    given,
    http: (made) => ({ method: 'POST', path: `/v1/codes/${text ?? made.code?.toLowerCase()}/validate` }),
    grpc: (made) => ({
      service: 'Referrals',
      method: 'ValidateCode',
      request: { code: text ?? made.code?.toLowerCase() },
    }),
    answer,
  };
}

function track(
  name: string,
  given: FaceCase['given'],
  body: (made: Given) => object,
  answer: FaceCase['answer'],
): FaceCase {
  return {
    name,
    given,
    http: (made) => ({ method: 'POST', path: '/v1/referrals', body: body(made) }),
    grpc: (made) => ({ service: 'Referrals', method: 'TrackReferral', request: body(made) }),
    answer,
  };
}

function balance(
  name: string,
  given: FaceCase['given'],
  answer: FaceCase['answer'],
  more: Partial<FaceCase> = {},
): FaceCase {
  return {
    name,
    given,
    http: ({ id }) => ({ method: 'GET', path: `/v1/partners/${id}/balance` }),
    grpc: ({ id }) => ({ service: 'Referrals', method: 'GetPartnerBalance', request: { id } }),
    answer,
    ...more,
  };
}

function commissions(name: string, query: Given, answer: FaceCase['answer']): FaceCase {
  return {
    name,
    http: () => ({ method: 'GET', path: `/v1/commissions?${new URLSearchParams(query)}` }),
    grpc: () => ({ service: 'Referrals', method: 'ListCommissions', request: query }),
    answer,
  };
}

const customer = (): object => ({ externalId: unique('customer') });

/** What clients ask of programs, partners and codes. */
export const REFERRAL_CASES: readonly FaceCase[] = [
  validate('a code is valid, whatever its case', code, { http: 200, fields: { valid: true } }),
  validate(
    'an unknown code is not valid',
    undefined,
    { http: 200, fields: { valid: false, reason: 'code_not_found' } },
    'NOBODY',
  ),
  validate('a code that is used up is not valid', usedCode, {
    http: 200,
    fields: { valid: false, reason: 'code_exhausted' },
  }),
  track('a sign-up by click', click, ({ clickId }) => ({ clickId, customer: customer() }), {
    http: 201,
    fields: { state: 'signed_up', withinWindow: true },
  }),
  track('a sign-up by a code that is used up', usedCode, (made) => ({ code: made.code, customer: customer() }), {
    http: 409,
    grpc: status.FAILED_PRECONDITION,
    code: 'code_exhausted',
    field: 'code',
  }),
  track('a sign-up by an unknown click', undefined, () => ({ clickId: 'click_0', customer: customer() }), {
    http: 404,
    grpc: status.NOT_FOUND,
    code: 'click_not_found',
    field: 'clickId',
  }),
  track('a sign-up by nothing', undefined, () => ({ customer: customer() }), {
    http: 400,
    grpc: status.INVALID_ARGUMENT,
    code: 'missing_field',
    field: 'clickId',
  }),
  balance('the balance of a partner without entries', partner, { http: 200, fields: { balances: [] } }),
  balance('the balance of nobody', async () => ({ id: 'partner_0' }), {
    http: 404,
    grpc: status.NOT_FOUND,
    code: 'partner_not_found',
    field: 'id',
  }),
  balance(
    'the balance without the scope for it',
    partner,
    { http: 403, grpc: status.PERMISSION_DENIED, code: 'missing_scope' },
    { scopes: ['billing:read'] },
  ),
  commissions('the commissions of nobody', { partnerId: 'partner_0' }, { http: 200, fields: { data: [] } }),
  commissions(
    'commissions in a state that there is not',
    { state: 'lost' },
    {
      http: 400,
      grpc: status.INVALID_ARGUMENT,
      code: 'invalid_field',
      field: 'state',
    },
  ),
];
