import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STORED_TYPES } from '../../sandbox/core/types/names.js';
import type { StoredType } from '../../sandbox/core/types/stored-type.js';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { startSandbox } from './support.js';

let sandbox: StripeSandbox;
beforeAll(async () => ({ sandbox } = await startSandbox()));
afterAll(() => sandbox.stop());

interface Answer {
  status: number;
  body: {
    id?: string;
    object?: string;
    deleted?: boolean;
    data?: { id: string; object: string }[];
    has_more?: boolean;
    error?: { code?: string; param?: string };
  };
}

async function call(method: string, path: string, params: Record<string, string> = {}): Promise<Answer> {
  const form = new URLSearchParams(params).toString();
  const url = `${sandbox.url}${path}${method === 'POST' || form === '' ? '' : `?${form}`}`;
  const response = await fetch(url, {
    method,
    headers: { authorization: 'Bearer sk_test_sandbox', 'content-type': 'application/x-www-form-urlencoded' },
    ...(method === 'POST' && { body: form }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

/** What each filter that a list requires is answered with, and the field or link that makes rows fit it. */
function requiredFilters(row: StoredType): Record<string, string> {
  const words = (row.filters ?? '').split(' ').filter((word) => word.endsWith('!'));
  return Object.fromEntries(words.map((word) => [word.replace(/(:int|\{\}|\[\])?!$/, ''), valueOf(word)]));
}
const valueOf = (word: string): string => (word.includes(':int') ? '100' : 'wanted');

const query = (row: StoredType): Record<string, string> => {
  const { scope, ...rest } = requiredFilters(row);
  return scope === undefined ? rest : { ...rest, 'scope[type]': 'account' };
};

/** The parent that a list's path needs; connected accounts come from the API, everything else is put there. */
function parentOf(row: StoredType): string {
  if (!row.parent) return '';
  if (row.parent.object === 'account') return account;
  const id = `parent_${row.parent.object.replaceAll('.', '_')}`;
  sandbox.putObject({ object: row.parent.object, id });
  return id;
}

let account = '';
beforeAll(async () => {
  const created = await call('POST', '/v1/accounts', { type: 'express' });
  account = created.body.id ?? '';
});

function putOne(row: StoredType, parent: string, n: number): string {
  const { scope, ...fields } = requiredFilters(row);
  const field = row.parent?.field;
  const made = sandbox.putObject(
    {
      object: row.object,
      ...(row.prefix === null && { id: `word_${n}` }),
      ...fields,
      ...(row.list === '/v1/tax_ids' && { customer: null, owner: { type: 'self' } }),
      ...(scope !== undefined && { scope: { type: 'account' } }),
      ...(field && !row.parent?.hidden && { [field]: parent }),
    },
    { ...(field && row.parent?.hidden && { links: { [field]: parent } }) },
  );
  return String(made.id);
}

const listed = STORED_TYPES.filter(({ list }) => list !== undefined && !list.endsWith('/capabilities'));

describe('every type that is stored and listed', () => {
  it.each(listed.map((row) => [row.object, row.list, row] as const))(
    'pages and retrieves %s at %s',
    async (_o, _l, row) => {
      const parent = parentOf(row);
      const path = (row.list ?? '').replace(':id', parent);
      const ids = [1, 2, 3].map((n) => putOne(row, parent, n));

      const first = await call('GET', path, { ...query(row), limit: '2' });
      const second = await call('GET', path, { ...query(row), limit: '2', starting_after: ids[1] ?? '' });
      const one = await call('GET', `${path}/${ids[0] ?? ''}`);

      expect(first.body.data?.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
      expect(first.body.has_more).toBe(true);
      expect(second.body.data?.[0]?.id).toBe(ids[0]);
      if (row.retrieve === false) expect(one.status).toBe(501);
      else expect(one.body).toMatchObject({ id: ids[0], object: row.object });
      for (const id of ids) sandbox.removeObject(row.object, id);
      expect((await call('GET', path, query(row))).body.data).toEqual([]);
    },
  );

  const demanding = listed.filter((row) => Object.keys(requiredFilters(row)).length > 0);
  it.each(demanding.map((row) => [row.object, row] as const))(
    'refuses a list of %s without its filter',
    async (_o, row) => {
      const path = (row.list ?? '').replace(':id', parentOf(row));

      const refused = await call('GET', path);

      expect(refused.status).toBe(400);
      expect(refused.body.error).toMatchObject({ code: 'parameter_missing' });
    },
  );
});
