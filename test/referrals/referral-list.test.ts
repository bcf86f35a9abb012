import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService, type TestService } from '../support/test-service.js';
import { givenClick, givenCode, refused, unique } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const signUp = (body: object) => service.http('POST', '/v1/referrals', body);
const person = () => ({ externalId: unique('customer') });

describe('the list of referrals', () => {
  it('shows clicks, sign-ups and conversions of a partner, page by page', async () => {
    const { code, partnerId, programKey } = await givenCode(service);
    const clicked = await givenClick(service, code);
    const signedUp = await givenClick(service, code);
    await signUp({ clickId: signedUp, customer: person() });
    const { id: converted } = (await signUp({ code, customer: person() })).body;
    await service.db.query('UPDATE tributary.referral_tracking SET converted_at = now() WHERE id = $1', [converted]);

    type List = { data: Array<{ id: string; state: string; customer: object | null }>; nextCursor: string | null };
    const list = async (query: string) => (await service.http<List>('GET', `/v1/referrals?${query}`)).body;
    const first = await list(`partnerId=${partnerId}&limit=2`);
    const next = await list(`partnerId=${partnerId}&limit=2&cursor=${first.nextCursor}`);

    expect([...first.data, ...next.data].map(({ id, state }) => [id, state])).toEqual([
      [converted, 'converted'],
      [signedUp, 'signed_up'],
      [clicked, 'clicked'],
    ]);
    expect(next.nextCursor).toBeNull();
    expect(next.data[0]?.customer).toBeNull();
    expect((await list(`programKey=${programKey}&state=clicked`)).data.map(({ id }) => id)).toEqual([clicked]);
    expect(await service.http('GET', '/v1/referrals?state=lost')).toMatchObject(refused(400, 'invalid_field', 'state'));
  });
});
