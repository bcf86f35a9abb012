import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService, type TestService } from '../support/test-service.js';

const TRIBUTARY = fileURLToPath(new URL('../../dist/src/tributary.js', import.meta.url));

let service: TestService;
let folder: string;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
  folder = mkdtempSync(join(tmpdir(), 'tributary-import-cli-'));
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The built program, as an operator calls it, with text on its standard input. */
async function tributary(args: string[], input = '') {
  const child = spawn(process.execPath, [TRIBUTARY, 'import', ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: service.databaseUrl,
      TRIBUTARY_DATA_DIR: folder,
      TRIBUTARY_SANDBOX: 'off',
    },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.on('error', () => undefined).end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

function given(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

describe('tributary import', () => {
  it('says what it would do, does it, and has nothing to do the second time', async () => {
    const file = given('partners.csv', 'ID,Name,Email\n1,Ada,ada@example.com\n2,Ben,nobody\n');
    const args = ['partners', file, '--from', 'dub'];

    const dry = await tributary([...args, '--dry-run']);
    const first = await tributary(args);
    const second = await tributary(args);

    const refusal = 'line 3, column Email: email must be an e-mail address\n';
    const aside = 'Nothing was taken from the columns ID.\n';
    expect(dry).toEqual({
      code: 1,
      out: `line 2: makes the partner\n${aside}partners: Nothing was written. 1 would be brought in, 0 there already, 1 refused.\n`,
      err: refusal,
    });
    expect(first).toEqual({
      code: 1,
      out: `${aside}partners: 1 brought in, 0 there already, 1 refused.\n`,
      err: refusal,
    });
    expect(second.out).toContain('partners: 0 brought in, 1 there already, 1 refused.');
  }, 60_000);

  it('reads standard input, and takes columns by the names that it is given', async () => {
    const { code, out } = await tributary(['partners', '-', '--map', 'external_id=User'], 'User;Since\nu-1;2020\n');

    expect({ code, out }).toEqual({
      code: 0,
      out: 'Nothing was taken from the columns Since.\npartners: 1 brought in, 0 there already, 0 refused.\n',
    });
  }, 60_000);

  it.each([
    [[], /the kind of the lines is ""/],
    [['people', 'x.csv'], /must be one of partners, codes, customers, balances/],
    [['partners'], /give one file/],
    [['partners', 'nowhere.csv'], /there is no file nowhere.csv/],
    [['partners', 'x.csv', '--from', 'elsewhere'], /--from is "elsewhere"/],
    [['balances', 'x.csv', '--currency', 'euro'], /--currency is "euro"/],
    [['customers', 'x.csv', '--effective-from', 'May'], /--effective-from is "May"; .*2026-01-31T00:00:00Z/],
  ])('answers 2 to %j and says what is wrong', async (args, sentence) => {
    const { code, out, err } = await tributary(args);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(sentence);
  });

  it('answers 2 to a file whose columns it does not know, and says how to name them', async () => {
    const { code, err } = await tributary(['partners', given('odd.csv', 'Mail\nx@example.com\n'), '--from', 'tolt']);

    expect(code).toBe(2);
    expect(err).toMatch(/needs external_id or email.*the file has Mail\. Say which it is: map external_id=<column>/);
  }, 60_000);
});
