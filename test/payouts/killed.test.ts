import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PayoutsStory } from './payouts-story.js';

const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const LIMIT_MS = 25_000;
const LOOK_EVERY_MS = 25;

let story: PayoutsStory;
let dataDir: string;
let child: ChildProcess | null = null;

beforeAll(async () => {
  story = await PayoutsStory.begin();
  story.sandbox.addFunds(1_000_000);
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-killed-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  story.sandbox.faults.clear();
});
afterAll(async () => {
  await story?.end();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A worker in a process of its own, on the same database and the same Stripe. */
function startWorker(): { process: ChildProcess; output: () => string } {
  let output = '';
  const worker = spawn(process.execPath, [MAIN], {
    cwd: dataDir,
    env: {
      ...{
        PATH: process.env.PATH ?? '',
        PORT: '0',
        GRPC_PORT: '0',
        TRIBUTARY_ROLE: 'worker',
        TRIBUTARY_SANDBOX: 'off',
      },
      ...{
        DATABASE_URL: story.service.databaseUrl,
        TRIBUTARY_DATA_DIR: dataDir,
        TRIBUTARY_API_KEY: story.service.apiKey,
      },
      ...{ STRIPE_SECRET_KEY: 'sk_test_sandbox', STRIPE_API_BASE: story.sandbox.url },
    },
  });
  for (const stream of [worker.stdout, worker.stderr]) stream?.on('data', (chunk: Buffer) => (output += String(chunk)));
  child = worker;
  return { process: worker, output: () => output };
}

async function until(isSo: () => boolean | Promise<boolean>, otherwise: () => string): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${otherwise()}`);
    await pause(LOOK_EVERY_MS);
  }
}

async function kill(worker: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => worker.once('exit', resolve));
  worker.kill('SIGKILL');
  await gone;
}

describe('a worker process that is killed', () => {
  it.each([
    ['after Stripe accepted the transfer', true],
    ['before Stripe did anything', false],
  ])(
    'scenario 70: %s leaves a payout that is paid once',
    async (_, committed) => {
      const { id } = await story.approvedTransfer(2_000);
      story.sandbox.faults.add({ kind: 'hang', method: 'POST', path: '/v1/transfers', committed });
      const worker = startWorker();
      await until(() => story.callsFor(id).length === 1, worker.output);
      await kill(worker.process);
      const left = await story.payout(id);

      await story.waitIsOver();
      await story.sender.drain();

      const transfers = await story.transfersOf(id);
      expect(left).toMatchObject({ state: 'sending', reference: null });
      expect(transfers).toHaveLength(1);
      expect(await story.payout(id)).toMatchObject({ state: 'sent', reference: transfers[0]!.id });
      expect(new Set(story.callsFor(id).map((call) => call.idempotencyKey))).toEqual(new Set([`payout:${id}:1`]));
      expect((await story.postings(id)).filter(({ kind }) => kind === 'pay')).toHaveLength(2);
    },
    2 * LIMIT_MS,
  );

  it(
    'failure 38: is stopped beyond its lease while it calls, goes on, and changes nothing',
    async () => {
      const { id } = await story.approvedTransfer(3_000);
      story.sandbox.faults.add({ kind: 'latency', method: 'POST', path: '/v1/transfers', latencyMs: 300 });
      const worker = startWorker();
      await until(() => story.callsFor(id).length === 1, worker.output);
      worker.process.kill('SIGSTOP');
      await until(async () => (await story.transfersOf(id)).length === 1, worker.output);
      await story.waitIsOver();
      await story.sender.drain();
      const sent = await story.payout(id);

      worker.process.kill('SIGCONT');
      await until(() => worker.output().includes(`payout ${id} was settled by others`), worker.output);

      expect(sent).toMatchObject({ state: 'sent' });
      expect(await story.payout(id)).toEqual(sent);
      expect(await story.transfersOf(id)).toHaveLength(1);
      expect((await story.postings(id)).filter(({ kind }) => kind === 'pay')).toHaveLength(2);
    },
    2 * LIMIT_MS,
  );
});
