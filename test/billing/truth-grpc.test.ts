import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sameOnBothFaces } from '../support/both-faces.js';
import { randomId } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ sandbox: true, env: { STRIPE_REQUESTS_PER_SECOND: '2000' } });
});
afterAll(() => service?.stop());

describe('over gRPC', () => {
  it('the permissions of the key are the same', async () => {
    const view = await sameOnBothFaces(service, '/v1/billing/permissions', ['BillingTruth', 'GetPermissions']);

    expect(view).toMatchObject({ keyKind: 'sk', complete: true });
  });

  it('the versions of the API are the same', async () => {
    const view = await sameOnBothFaces(service, '/v1/billing/api-versions', ['BillingTruth', 'GetApiVersions']);

    expect(view).toMatchObject({ pinned: expect.any(String), drift: 'none' });
  });

  it('a customer is read freshly, and one that is nowhere says so without the words of a URL', async () => {
    const made = await service.http<{ id: string }>('POST', '/v1/billing/customers', { params: { name: 'Ada' } });

    const fresh = await service.grpc.call('Billing', 'GetCustomer', { id: made.body.id, fresh: true });
    expect(fresh.message).toMatchObject({ id: made.body.id, object: 'customer' });
    const unknown = await service.grpc.call('Billing', 'GetCustomer', { id: 'cus_unknown' });
    expect(unknown).toMatchObject({ code: status.NOT_FOUND, details: expect.stringContaining(' fresh=true') });
    expect(unknown.details).not.toContain('?');
  });
});

describe('verifications', () => {
  interface Listed {
    data: { id: string; state: string }[];
    nextCursor: string | null;
  }

  async function created(): Promise<string> {
    const headers = { 'idempotency-key': randomId('key') };
    const answer = await service.http<{ id: string }>(
      'POST',
      '/v1/billing/verifications',
      { types: ['customers'] },
      headers,
    );
    return answer.body.id;
  }
  const list = (query: string, headers?: Record<string, string>) =>
    service.http<Listed>('GET', `/v1/billing/verifications${query}`, undefined, headers);

  it('are listed newest first, page by page and on both faces, without results', async () => {
    const ids = [await created(), await created(), await created()].reverse();

    const first = await sameOnBothFaces<Listed>(
      service,
      '/v1/billing/verifications?limit=2',
      ['BillingTruth', 'ListVerifications'],
      { limit: 2 },
    );
    const second = await list(`?limit=2&cursor=${first.nextCursor ?? ''}`);

    expect([...first.data, ...second.body.data].map(({ id }) => id)).toEqual(ids);
    expect(second.body.nextCursor).toBeNull();
    expect(first.data[0]).toMatchObject({ state: 'pending', types: ['customers'] });
    expect(first.data[0]).not.toHaveProperty('results');
  });

  it('of another workspace are not listed, and a cursor of another list is refused', async () => {
    await created();
    const workspaceId = await service.newWorkspace();
    const stranger = { authorization: `Bearer ${await service.newKey(['billing:read'], { workspaceId })}` };

    expect((await list('', stranger)).body).toEqual({ data: [], nextCursor: null });
    expect(await list('?cursor=x')).toMatchObject({ status: 400, body: { error: { code: 'invalid_cursor' } } });
  });
});
