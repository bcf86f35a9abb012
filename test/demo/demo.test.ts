import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const DEMO = join(DIST, 'sandbox/demo/main.js');
const SQL = join(DIST, 'src/cli/sql.js');
const PLAY_LIMIT_MS = 60_000;
/** The story's figures, as they stand in README.md too. */
const TABLE = [
  'Ada 3 2 2 308.00 USD 67.60 USD 6.00 USD 27.80 USD 33.80 USD',
  'Bruno 2 2 2 228.00 USD 51.60 USD 6.00 USD 21.60 USD 24.00 USD',
  'Chioma 1 1 1 250.00 USD 50.00 USD 0.00 USD 50.00 USD 0.00 USD',
];

let service: TestService;
let folder: string;

beforeAll(async () => {
  service = await startTestService({ sandbox: true, workers: 'running' });
  folder = mkdtempSync(join(tmpdir(), 'tributary-demo-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await service?.stop();
});

/** The settings that a second terminal would have, with the key in the file that a first start leaves. */
function surroundings(): Record<string, string> {
  const { httpUrl, grpcAddress, sandbox, databaseUrl } = service;
  const portOf = (url: string): string => new URL(url).port;
  return {
    PATH: process.env.PATH ?? '',
    PORT: portOf(httpUrl),
    GRPC_PORT: portOf(`http://${grpcAddress}`),
    TRIBUTARY_SANDBOX_PORT: portOf(sandbox?.url ?? ''),
    TRIBUTARY_DATA_DIR: folder,
    DATABASE_URL: databaseUrl,
  };
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function run(script: string, args: string[], env: Record<string, string>): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], { env, cwd: folder });
    const ended: Ended = { code: null, out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (ended.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (ended.err += chunk.toString()));
    child.once('exit', (code) => resolve({ ...ended, code }));
  });
}

async function play(): Promise<string> {
  writeFileSync(join(folder, 'sandbox-api-key'), `${service.apiKey}\n`);
  const { code, out, err } = await run(DEMO, [], surroundings());
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

const tableIn = (out: string): string[] =>
  out
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .filter((line) => /^(Ada|Bruno|Chioma) \d+ \d+ \d+ /.test(line));

describe('the demo', () => {
  it(
    'comes to the same figures each time it is played, and shows where each can be looked up',
    async () => {
      const first = await play();
      const second = await play();

      expect(tableIn(first)).toEqual(TABLE);
      expect(tableIn(second)).toEqual(TABLE);
      expect(second).toContain('of partners of earlier demos');
      expect(second).toContain('409 run_changed');
      await expectLooksToWork(second);
    },
    2 * PLAY_LIMIT_MS,
  );

  it.each<[string, Record<string, string>, RegExp]>([
    ['there is no key', { TRIBUTARY_DATA_DIR: '/nonexistent' }, /no API key in .* set TRIBUTARY_API_KEY/],
    ['the key is another service’s', { TRIBUTARY_API_KEY: `trb_x_${'0'.repeat(64)}` }, /does not know this API key/],
    ['nothing answers', { PORT: '1' }, /nothing answers at .* npm start/],
    ['the sandbox is another one', { TRIBUTARY_SANDBOX_PORT: '1' }, /no Stripe sandbox answers at/],
    ['it is no sandbox', { STRIPE_SECRET_KEY: 'sk_test_1' }, /plays on the Stripe sandbox/],
  ])('says in one sentence what to do when %s', async (_, changed, sentence) => {
    writeFileSync(join(folder, 'sandbox-api-key'), service.apiKey);

    const { code, err } = await run(DEMO, [], { ...surroundings(), ...changed });

    expect(code).toBe(1);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toMatch(sentence);
  });
});

/** Every address and every SQL line that the demo prints answers with something. */
async function expectLooksToWork(out: string): Promise<void> {
  const addresses = [...out.matchAll(/^ +(http:\S+\/v1\/\S+)$/gm)].map(([, address = '']) => address);
  expect(addresses.length).toBeGreaterThan(15);
  for (const address of addresses) {
    const answer = await fetch(address, { headers: { authorization: `Bearer ${service.apiKey}` } });
    expect({ address, status: answer.status }).toEqual({ address, status: 200 });
  }
  const statements = [...out.matchAll(/npm run sql -- "([^"]+)"/g)].map(([, statement = '']) => statement);
  expect(statements.length).toBeGreaterThan(4);
  for (const statement of statements) {
    const { code, out: table, err } = await run(SQL, [statement], surroundings());
    expect({ statement, code, err }).toEqual({ statement, code: 0, err: '' });
    expect(table).not.toContain('(0 rows)');
  }
}
