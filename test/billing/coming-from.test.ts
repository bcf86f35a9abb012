import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BILLING_VIEWS } from '../../src/billing/sql-views/billing-views.js';
import { startTestService, type TestService } from '../support/test-service.js';

const PAGES = ['coming-from-dj-stripe.md', 'coming-from-sync-engine.md'];
/** What the other product calls so, in the first cells of its tables. */
const THEIRS = /^(POST \/(webhooks|sync)(\/|$))/;

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const inCode = (page: string): string[] =>
  [...readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8').matchAll(/`([^`\n]+)`/g)].map(
    ([, code = '']) => code,
  );

describe.each(PAGES)('the names in docs/%s', (page) => {
  it('are tables and views that exist', async () => {
    const names = inCode(page).flatMap(
      (code) => /^((?:stripe|billing|tributary)\.\w+)(?:\.\w+)?$/.exec(code)?.[1] ?? [],
    );

    const missing = await service.db.query<unknown[]>(
      `SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL`,
      [names],
    );

    expect(missing).toEqual([]);
    expect(names.length).toBeGreaterThan(20);
  });

  it('are routes that exist', () => {
    const routes = new Set(service.routes.map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, ':')}`));
    const named = inCode(page).filter(
      (code) =>
        /^(GET|POST|PUT|PATCH|DELETE) \//.test(code) && !(THEIRS.test(code) && !code.includes('/webhooks/stripe')),
    );

    const missing = named.filter((code) => !routes.has(code.replaceAll(/:\w+/g, ':')));

    expect(missing).toEqual([]);
  });
});

it('docs/sql.md names every view', () => {
  const named = new Set(inCode('sql.md'));

  expect(BILLING_VIEWS.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
});
