import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeysService } from '../../src/access/api-keys.service.js';
import { newToken, formatToken } from '../../src/access/api-key-token.js';
import type { AccessLimits } from '../../src/access/rate-limits.service.js';
import { AccessLimits as Limits } from '../../src/access/rate-limits.service.js';
import { startProbedService } from '../support/probe.js';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';

const REVOKED_WITHIN_MS = 1_000;
const MANY: AccessLimits = new Limits({ failed_auth: { windowMs: 60_000, hitsMax: 1_000 } });

let service: TestService;

beforeAll(async () => {
  service = await startProbedService({ limits: MANY });
});
afterAll(() => service?.stop());

const ask = (token: string) => service.http('GET', '/v1/probe/caller', undefined, { authorization: token });

async function eventually(limitMs: number, condition: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + limitMs;
  while (!(await condition())) if (Date.now() > limit) throw new Error(`not within ${limitMs} ms`);
}

describe('an API key', () => {
  it('lets its holder in with its workspace and scopes', async () => {
    const token = await service.newKey(['referrals:read', 'payouts:read']);

    const { status, body } = await ask(`Bearer ${token}`);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      workspaceId: service.workspaceId,
      livemode: false,
      scopes: ['referrals:read', 'payouts:read'],
    });
  });

  it('is kept as a SHA-256 only', async () => {
    const token = await service.newKey(['*']);
    const [, keyId, secret = ''] = token.split('_');

    const [row] = await service.db.query<{ secret_hash: Buffer; whole: string }[]>(
      'SELECT secret_hash, k::text AS whole FROM tributary.api_key k WHERE key_id = $1',
      [keyId],
    );

    expect(row?.secret_hash).toEqual(createHash('sha256').update(Buffer.from(secret, 'hex')).digest());
    expect(row?.whole).not.toContain(secret);
  });

  it.each([
    ['no header', ''],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['no token', 'Bearer'],
    ['a token of another form', 'Bearer sk_test_123'],
    ['an unknown key', `Bearer ${formatToken(newToken())}`],
    ['a token with something behind it', 'appended'],
    ['the right key with a wrong secret', 'wrong secret'],
    ['a secret in capitals', 'capitals'],
  ])('is refused with %s', async (_, header) => {
    const { keyId } = { keyId: service.apiKey.split('_')[1] ?? '' };
    const headers: Record<string, string> = {
      appended: `Bearer ${service.apiKey}0`,
      'wrong secret': `Bearer ${formatToken({ keyId, secret: newToken().secret })}`,
      capitals: `Bearer ${service.apiKey.toUpperCase()}`,
    };

    const { status, body } = await ask(headers[header] ?? header);

    expect(status).toBe(401);
    expect(body).toMatchObject({ error: { code: 'unauthenticated' } });
  });

  it('ends at its expiry', async () => {
    const token = await service.newKey(['*'], { expiresAt: new Date(Date.now() + 700) });
    expect((await ask(`Bearer ${token}`)).status).toBe(200);

    await eventually(1_500, async () => (await ask(`Bearer ${token}`)).status === 401);
  });

  it('ends within a second when another replica revokes it', async () => {
    const token = await service.newKey(['*']);
    const keyId = token.split('_')[1] ?? '';
    expect((await ask(`Bearer ${token}`)).status).toBe(200);

    await service.db.query('UPDATE tributary.api_key SET revoked_at = now() WHERE key_id = $1', [keyId]);

    await eventually(REVOKED_WITHIN_MS + 200, async () => (await ask(`Bearer ${token}`)).status === 401);
  });

  it('ends at once when this replica revokes it, and only for its own workspace', async () => {
    const token = await service.newKey(['*']);
    const keyId = token.split('_')[1] ?? '';
    const keys = service.app.get(ApiKeysService);
    const other = await service.newWorkspace();

    await expect(keys.revoke(other, keyId)).rejects.toMatchObject({ kind: 'not_found' });
    await keys.revoke(service.workspaceId, keyId);
    await keys.revoke(service.workspaceId, keyId);

    expect((await ask(`Bearer ${token}`)).status).toBe(401);
    expect((await keys.list(service.workspaceId)).find((key) => key.keyId === keyId)?.revokedAt).toBeInstanceOf(Date);
  });

  it('acts for its own workspace', async () => {
    const workspaceId = await service.newWorkspace();
    const token = await service.newKey(['*'], { workspaceId });

    expect((await ask(`Bearer ${token}`)).body).toMatchObject({ workspaceId });
    expect(
      (await service.app.get(ApiKeysService).list(service.workspaceId)).map((key) => key.workspaceId),
    ).not.toContain(workspaceId);
  });

  it('has its use written down in the background', async () => {
    const token = await service.newKey(['*']);
    await ask(`Bearer ${token}`);

    await eventually(3_000, async () => {
      const keys = await service.app.get(ApiKeysService).list(service.workspaceId);
      return keys.some((key) => key.keyId === token.split('_')[1] && key.lastUsedAt !== null);
    });
  });

  it('cannot be made with an unknown scope', async () => {
    const made = service.app
      .get(ApiKeysService)
      .create({ workspaceId: service.workspaceId, name: 'x', scopes: ['all' as never] });

    await expect(made).rejects.toMatchObject({ code: 'unknown_scope', field: 'scopes' });
  });
});

describe('the first key', () => {
  it('is generated once when none is configured', async () => {
    const first = await startTestService({ sandbox: false, env: { TRIBUTARY_API_KEY: '' } });
    const token = first.service.newApiKey ?? '';
    const second = await startTestService({
      sandbox: false,
      env: { TRIBUTARY_API_KEY: '' },
      databaseUrl: first.databaseUrl,
    });
    try {
      expect(token).toMatch(/^trb_[0-9a-z]+_[0-9a-f]{64}$/);
      expect(second.service.newApiKey).toBeNull();
      expect(second.workspaceId).toBe(first.workspaceId);
      const answer = await second.http('GET', '/v1/unknown', undefined, { authorization: `Bearer ${token}` });
      expect(answer.status).toBe(404);
    } finally {
      await second.stop();
      await first.stop();
    }
  });

  it('stays revoked however often the service starts with it', async () => {
    const token = formatToken(newToken());
    const env = { TRIBUTARY_API_KEY: token };
    const again = await startProbedService({ env, databaseUrl: service.databaseUrl });
    await again.app.get(ApiKeysService).revoke(service.workspaceId, token.split('_')[1] ?? '');
    await again.stop();

    const third = await startProbedService({ env, databaseUrl: service.databaseUrl });
    try {
      const answer = await third.http('GET', '/v1/probe/caller', undefined, { authorization: `Bearer ${token}` });
      expect(answer.status).toBe(401);
    } finally {
      await third.stop();
    }
  });

  it('stops the start when it belongs to a workspace of the other mode', async () => {
    const live = startTestService({
      sandbox: false,
      env: { STRIPE_LIVEMODE: 'true', TRIBUTARY_API_KEY: service.apiKey },
      databaseUrl: service.databaseUrl,
    });

    await expect(live).rejects.toMatchObject({ code: 'api_key_of_other_workspace' });
  });
});
