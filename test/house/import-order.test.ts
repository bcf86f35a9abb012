import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RULE = 'docs/architecture.md, "The rooms"';
const { order, wiring, sandboxDoor } = JSON.parse(readFileSync(join(ROOT, 'test/house/rooms.json'), 'utf8')) as {
  order: string[];
  wiring: string[];
  sandboxDoor: string[];
};

interface Import {
  /** Paths from the root, with slashes; `to` without its extension. */
  from: string;
  to: string;
  dynamic: boolean;
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${folder}/${path.replaceAll(sep, '/')}`);
}

/** Every import of a file of ours: `import … from`, `export … from`, `import '…'`, `import('…')`, `import type` too. */
function importsOf(file: string, text: string): Import[] {
  const pattern = /\b(from|import)\s*(\(?)\s*(['"`])(\.{1,2}\/[^'"`]+)\3/g;
  return [...text.matchAll(pattern)].map(([, , bracket, , specifier = '']) => ({
    from: file,
    to: relative(ROOT, join(ROOT, dirname(file), specifier))
      .replaceAll(sep, '/')
      .replace(/\.js$/, ''),
    dynamic: bracket === '(',
  }));
}

/** The sentence to print, or null when the import is allowed. */
function violation({ from, to, dynamic }: Import): string | null {
  const isDoor = sandboxDoor.some((door) => from.startsWith(door));
  if (/^(sandbox|bench|test)\//.test(to)) {
    if (isDoor && dynamic) return null;
    return `${from} imports ${to}: the service never needs what is not shipped (${RULE})`;
  }
  const room = roomOf(from);
  if (room === null) return null;
  const target = roomOf(to);
  if (target === null) return `${from} imports ${to}: a room must not know the wiring (${RULE})`;
  if (order.indexOf(target) <= order.indexOf(room)) return null;
  return `${from} imports ${to}: ${room} is above ${target}, and a room imports only from rooms above it (${RULE})`;
}

function roomOf(path: string): string | null {
  const [, folder = '', rest] = path.split('/');
  return path.startsWith('src/') && rest !== undefined && order.includes(folder) ? folder : null;
}

describe('the order of the rooms', () => {
  const files = sourcesBelow('src').filter((file) => !/\.(spec|test)\.ts$/.test(file));

  it('is kept by every import', () => {
    const imports = files.flatMap((file) => importsOf(file, readFileSync(join(ROOT, file), 'utf8')));

    expect(imports.map(violation).filter((sentence) => sentence !== null)).toEqual([]);
    expect(imports.length).toBeGreaterThan(10);
  });

  it('knows every folder', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const unknown = folders.map(({ name }) => name).filter((name) => ![...order, ...wiring].includes(name));

    expect(unknown.map((name) => `src/${name} has no place in test/house/rooms.json (${RULE})`)).toEqual([]);
  });

  it('is the one that the page on the architecture tells', () => {
    const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');

    expect([...page.matchAll(/^\| `src\/(\w+)\/`/gm)].map(([, room]) => room)).toEqual(order);
  });

  it.each([
    ['src/billing/a.ts', `import { x } from '../payouts/b.js';`, /billing is above payouts/],
    ['src/ledger/dto/a.ts', `export * from "../../webhooks/b.js";`, /ledger is above webhooks/],
    ['src/common/a.ts', `const b = await import('../config/b.js');`, /common is above config/],
    ['src/access/a.ts', `import type { X } from '../../ormconfig.js';`, /must not know the wiring/],
    ['src/access/a.ts', `import '../app.module.js';`, /must not know the wiring/],
    ['src/main.ts', `import { x } from '../sandbox/b.js';`, /not shipped/],
    ['src/sandbox-mode.ts', `import { x } from '../sandbox/b.js';`, /not shipped/],
    ['src/payouts/a.ts', `await import('../../sandbox/b.js');`, /not shipped/],
  ])('finds the fault in %s: %s', (file, text, sentence) => {
    expect(importsOf(file, text).map(violation)).toEqual([expect.stringMatching(sentence)]);
  });

  it.each([
    ['src/payouts/a.ts', `import { x } from '../billing/b.js';`],
    ['src/payouts/a.ts', `import { x } from './b.js';`],
    ['src/app.module.ts', `import { x } from './payouts/b.js';`],
    ['src/sandbox-mode.ts', `await import('../sandbox/b.js');`],
  ])('lets %s be: %s', (file, text) => {
    expect(importsOf(file, text).map(violation)).toEqual([null]);
  });
});
