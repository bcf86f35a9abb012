import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessLimits } from '../../src/access/rate-limits.service.js';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenCode, refused } from './given.js';

/** A window that does not turn during the test. */
const THREE = { windowMs: 86_400_000, hitsMax: 3 };

let service: TestService;

beforeAll(async () => {
  const limits = new AccessLimits({ guesses_of_key: THREE, guesses_from_address: THREE });
  service = await startTestService({ sandbox: false, limits });
});
afterAll(() => service?.stop());

describe('guessing codes', () => {
  it('is limited per key, on both faces together, for the known ones too', async () => {
    const { code } = await givenCode(service);
    const validate = (text: string) => service.http('POST', `/v1/codes/${text}/validate`);
    for (let i = 0; i < 5; i++) expect((await validate(code)).body).toMatchObject({ valid: true });
    for (const text of ['GUESS-1', 'GUESS-2'])
      expect((await validate(text)).body).toMatchObject({ reason: 'code_not_found' });
    await service.grpc.call('Referrals', 'ValidateCode', { code: 'GUESS-3' });

    const unknown = await validate('GUESS-4');
    const known = await service.grpc.call('Referrals', 'ValidateCode', { code });

    expect(unknown).toMatchObject(refused(429, 'rate_limited'));
    expect(Number(unknown.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(known).toMatchObject({ code: status.RESOURCE_EXHAUSTED, body: { error: { code: 'rate_limited' } } });
    expect(Number(known.trailers['retry-after'])).toBeGreaterThan(0);
    const authorization = `Bearer ${await service.newKey(['referrals:read'])}`;
    const other = await service.http('POST', `/v1/codes/${code}/validate`, undefined, { authorization });
    expect(other.body).toMatchObject({ valid: true });
  });

  it('is limited per address where links are followed', async () => {
    const { code } = await givenCode(service, { program: { landingUrl: 'https://example.com/' } });
    const follow = (text: string) => service.http('GET', `/r/${text}`, undefined, { authorization: '' });
    for (let i = 0; i < 5; i++) expect((await follow(code)).status).toBe(302);
    for (const text of ['GUESS-1', 'GUESS-2', 'GUESS-3']) expect((await follow(text)).status).toBe(404);

    const refusal = await follow(code);

    expect(refusal).toMatchObject(refused(429, 'rate_limited'));
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
