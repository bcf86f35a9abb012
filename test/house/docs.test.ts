import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ERROR_KINDS } from '../../src/common/errors.js';
import { CLICK_METADATA_KEY, CODE_METADATA_KEYS } from '../../src/referrals/evidence.repository.js';
import { WEBHOOK_ROUTES } from '../../src/webhooks/webhook-routes.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SKIPPED = new Set(['node_modules', 'dist', 'coverage']);

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every name of a variable that `app-config.ts` reads. */
function variables(): string[] {
  const code = read('src/config/app-config.ts').replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
  const names = [...code.matchAll(/\bread(?:\.\w+|Port)\((?:read, )?\s*'([A-Z][A-Z_]+)'/g)].map(
    ([, name = '']) => name,
  );
  return [...new Set(names)].sort();
}

function markdownBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownBelow(path);
    return path.endsWith('.md') ? [path] : [];
  });
}

/** Links within the repository, without what stands in code. */
function linksIn(file: string): string[] {
  const prose = read(file).replace(/```[^]*?```|`[^`]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** As GitHub makes them from headings. */
function anchorsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/ /g, '-'),
  );
}

describe('the configuration', () => {
  it('is read from the variables that this test knows how to find', () => {
    expect(variables()).toEqual(
      expect.arrayContaining(['PORT', 'NODE_ENV', 'DATABASE_URL', 'TRIBUTARY_ENCRYPTION_KEY']),
    );
    const all = read('src/config/app-config.ts').match(/'(?:TRIBUTARY|STRIPE|DATABASE|GRPC|LOG)_[A-Z_]+'/g) ?? [];
    expect(variables()).toEqual(expect.arrayContaining(all.map((name) => name.slice(1, -1))));
  });

  it('has a row in the README for every variable, and no other rows', () => {
    const [, section = ''] = /\n## Configuration\n([^]*?)\n## /.exec(read('README.md')) ?? [];
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const named = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );

    expect(named.sort()).toEqual(variables());
  });

  it('has a line in .env.example for every variable, and no other lines', () => {
    const named = [...read('.env.example').matchAll(/^#?([A-Z][A-Z_]+)=/gm)].map(([, name = '']) => name);

    expect(named.sort()).toEqual(variables());
  });
});

describe('the pages', () => {
  it('lead only to files and headings that exist', () => {
    const files = markdownBelow('.');
    const broken = files.flatMap((file) =>
      linksIn(file)
        .filter((link) => {
          const [path = '', anchor] = link.split('#');
          const target = path === '' ? join(ROOT, file) : resolve(ROOT, dirname(file), path);
          return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
        })
        .map((link) => `${file}: ${link}`),
    );

    expect(files.length).toBeGreaterThan(8);
    expect(broken).toEqual([]);
  });

  it('name every family of events that the routes know, in the README', () => {
    const readme = read('README.md');

    expect(WEBHOOK_ROUTES.map(({ events }) => events).filter((family) => !readme.includes(`\`${family}\``))).toEqual(
      [],
    );
  });

  it('name the metadata keys that attribute a sale, in the README', () => {
    const readme = read('README.md');

    for (const key of [CLICK_METADATA_KEY, ...CODE_METADATA_KEYS]) expect(readme).toContain(`\`${key}\``);
  });

  it('list every status that a refusal can have, in the page on the API', () => {
    const page = read('docs/api.md');

    const statuses = [...new Set(Object.values(ERROR_KINDS).map(({ http }) => http))];
    expect(statuses.filter((status) => !new RegExp(`^\\| ${status} +\\|`, 'm').test(page))).toEqual([]);
  });
});
