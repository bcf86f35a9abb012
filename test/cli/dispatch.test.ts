import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { EXIT, UsageError, type Command } from '../../src/cli/command.js';
import { COMMANDS, type CommandRow } from '../../src/cli/commands.js';
import { dispatch } from '../../src/cli/dispatch.js';
import { OPENS_NOTHING } from '../support/command-tools.js';

const TRIBUTARY = fileURLToPath(new URL('../../dist/src/tributary.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tributary-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tributary(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TRIBUTARY, ...args], {
    env: { PATH: process.env.PATH, TRIBUTARY_DATA_DIR: folder },
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

/** The dispatch alone, with commands of the test's own. */
async function call(args: string[], commands: Record<string, Command>) {
  let out = '';
  let err = '';
  const rows = Object.entries(commands).map(([name, command]): CommandRow => ({
    name,
    summary: `does ${name}`,
    load: () => Promise.resolve(command),
  }));
  const code = await dispatch(args, rows, {
    config: () => Promise.reject(new Error('not asked for')) as never,
    ...OPENS_NOTHING,
    out: { write: (text: string) => (out += text) },
    err: { write: (text: string) => (err += text) },
    interrupted: new AbortController().signal,
  });
  return { code, out, err };
}

const answers = (code: number): Command => ({ help: 'how it is used\n', run: () => Promise.resolve(code) });

describe('tributary', () => {
  it('lists its commands, each with a line, when it is called without one', () => {
    const bare = tributary();
    const help = tributary('--help');

    expect(bare).toMatchObject({ status: EXIT.usage, out: '' });
    expect(help).toMatchObject({ status: EXIT.done, err: '', out: bare.err });
    for (const { name, summary } of COMMANDS) expect(help.out).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  });

  it('says which commands there are when it does not know one', () => {
    expect(tributary('backfil')).toMatchObject({
      status: EXIT.usage,
      out: '',
      err: expect.stringMatching(/no command "backfil"; there are: .*sql/),
    });
  });

  it('prints the help of every command, before it looks at anything else', async () => {
    for (const { name, load } of COMMANDS) {
      const { help } = await load();
      expect(tributary(name, '--help')).toEqual({ status: EXIT.done, out: help, err: '' });
      expect(tributary('help', name)).toEqual({ status: EXIT.done, out: help, err: '' });
    }
  });

  it('fails with one sentence when a setting is wrong', () => {
    const { status, out, err } = tributary('sql', 'SELECT 1');

    expect(status).toBe(EXIT.failed);
    expect(out).toBe('');
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});

describe('the dispatch', () => {
  it("answers with the command's own code and hands it the rest of the words", async () => {
    let given: readonly string[] = [];
    const command: Command = { help: '', run: (args) => Promise.resolve(((given = args), 7)) };

    const { code } = await call(['weigh', '--all', 'x'], { weigh: command, other: answers(1) });

    expect(code).toBe(7);
    expect(given).toEqual(['--all', 'x']);
  });

  it('answers 2 and where the help is for a mistake of the caller, 1 and one sentence for anything else', async () => {
    const misused: Command = { help: '', run: () => Promise.reject(new UsageError('--since wants a date')) };
    const broken: Command = { help: '', run: () => Promise.reject(new Error('no database\nand a stack')) };

    expect(await call(['misused'], { misused })).toEqual({
      code: EXIT.usage,
      out: '',
      err: '--since wants a date\n\n  tributary misused --help says how it is used.\n',
    });
    expect(await call(['broken'], { broken })).toEqual({ code: EXIT.failed, out: '', err: 'no database\n' });
  });
});
