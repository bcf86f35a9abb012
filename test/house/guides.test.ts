import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomId } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

/** Each begins in a company of its own; a later page of a row goes on where the one before ended. */
const WALKS = [
  ['integrate-checkout.md', 'integrate-payment-links.md', 'integrate-server-side.md'],
  ['importing.md'],
  ['coming-from-rewardful.md'],
  ['coming-from-tolt.md'],
  ['coming-from-firstpromoter.md'],
  ['coming-from-dub.md'],
] as const;
/** What the pages of imports take for granted. */
const PROGRAM = { key: 'friends', name: 'Friends', currency: 'usd', reward: { type: 'percentage', rateBps: 2_000 } };

interface Request {
  kind: string;
  path: string;
  body: string;
}

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service?.stop());

/** The blocks of a page that say which route takes them: ```json POST /v1/codes */
function requestsIn(page: string): Request[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```(json|csv) POST (\S+)\n([^]*?)^```$/gm)].map(([, kind = '', path = '', body = '']) => ({
    ...{ kind, path, body },
  }));
}

/** `partner_…` stands for the partner that was made before. */
const filled = (body: string, made: ReadonlyMap<string, string>): string =>
  body.replaceAll(/\b([a-z]+)_…/g, (text, prefix: string) => made.get(prefix) ?? text);

async function send({ kind, path, body }: Request, authorization: string) {
  const headers = { authorization, 'content-type': kind === 'csv' ? 'text/csv' : 'application/json' };
  return service.http<Record<string, unknown>>('POST', path, body, { ...headers, 'idempotency-key': randomId('key') });
}

describe.each(WALKS)('what is sent in docs/%s', (...pages) => {
  it('is taken by the routes that are named', async () => {
    const workspaceId = await service.newWorkspace();
    const authorization = `Bearer ${await service.newKey(['*'], { workspaceId })}`;
    const isImport = requestsIn(pages[0]).every(({ kind }) => kind === 'csv');
    if (isImport) await send({ kind: 'json', path: '/v1/programs', body: JSON.stringify(PROGRAM) }, authorization);
    const made = new Map<string, string>();

    for (const request of pages.flatMap(requestsIn)) {
      const { status, body } = await send({ ...request, body: filled(request.body, made) }, authorization);

      const said = JSON.stringify(body);
      expect({ request, status, said }).toEqual({ request, said, status: request.kind === 'csv' ? 200 : 201 });
      if (request.kind === 'csv') expect(body).toMatchObject({ refused: 0, created: expect.any(Number), results: [] });
      else made.set(String(body.id).split('_', 1)[0] ?? '', String(body.id));
    }
    expect(pages.flatMap(requestsIn).length).toBeGreaterThanOrEqual(4);
  });
});
