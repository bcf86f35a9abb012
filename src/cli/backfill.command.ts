import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DataSource } from 'typeorm';
import { WorkspacesService } from '../access/workspaces.service.js';
import { HEARTBEAT_MS } from '../billing/backfill/backfill-tasks.js';
import { BackfillsReader } from '../billing/backfill/backfills-reader.service.js';
import { BackfillsService } from '../billing/backfill/backfills.service.js';
import { ACCOUNT, type BackfillView, type CreateBackfillDto } from '../billing/backfill/dto/backfill.dto.js';
import { DomainError } from '../common/errors.js';
import { accountMeant } from './account-option.js';
import { Progress, report } from './backfill-progress.js';
import { EXIT, UsageError, type Command, type CommandTools, type House } from './command.js';
import { clearLine, replaceLine } from './progress-line.js';
import { sinceOf } from './since.js';

const HELP = `Usage: tributary backfill [options]

Takes in everything that Stripe lists: all types, of the platform and of its connected accounts, canceled subscriptions
and customers' tax ids included. Rows that already hold what Stripe answers are not touched, so that it may be repeated
at any time.

  --since <when>      only what was created from then on: 30d, 2026-01-31 or 2026-01-31T12:00:00Z. Lists that Stripe does
                      not filter by creation (quotes, payment methods, …) are read whole. Objects that were made before
                      and changed since are not met: a sweep finds those
  --types <a,b>       only these types, in the plural: customers,invoices. What they cannot be had without is read too:
                      persons need accounts, invoices are completed by invoice_payments
  --account <id>      only this connected account (acct_…), or "platform" for the workspace's own objects, which
                      its own account's id means too
  --dry-run           say per type what would be new, changed, unchanged and deleted, and write nothing. It asks Stripe as
                      much as the real one, and so tells its cost
  --resume            go on with the last backfill that did not come to its end. The same command again does it too
  --cancel            give that one up; what it wrote stays

Beside a running service the service does the work and this shows how far it is; otherwise it is done here. All processes
share one limit towards Stripe (STRIPE_REQUESTS_PER_SECOND), and webhooks go first. Ctrl-C, or a crash, loses nothing:
every page is written together with its place in the list.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
`;

/** A service says every few seconds that it works. After so long without a word the work is done here. */
const SILENT_MS = HEARTBEAT_MS + 1_500;
const LOOK_MS = { terminal: 500, plain: 5_000 } as const;
/** What a look sees first, so that a short backfill is not waited for. */
const FIRST_LOOK_MS = 300;
/** What a backfill sets in motion: what it leaves open is asked, what it touched is settled. */
const WORKERS = ['backfill', 'refetch', 'settle'] as const;

interface Options {
  order: CreateBackfillDto;
  resume: boolean;
  cancel: boolean;
}

export const BACKFILL: Command = {
  help: HELP,
  async run(args, tools) {
    const options = optionsOf(args);
    const house = await tools.openHouse(tools.config());
    try {
      const { id: workspaceId } = await house.get(WorkspacesService).ensureHome();
      if (options.cancel) return await cancel(workspaceId, house, tools);
      const id = await findOrOrder(workspaceId, options, house, tools);
      return await watch(workspaceId, id, house, tools);
    } finally {
      await house.close();
    }
  },
};

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      since: { type: 'string' },
      types: { type: 'string' },
      account: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      resume: { type: 'boolean', default: false },
      cancel: { type: 'boolean', default: false },
    },
  });
  const { since, types, account, resume, cancel: cancels } = values;
  const orders = since !== undefined || types !== undefined || account !== undefined || values['dry-run'];
  if ((resume || cancels) && orders) {
    throw new UsageError(
      `--${resume ? 'resume' : 'cancel'} takes what was ordered before; leave the other options out`,
    );
  }
  if (resume && cancels) throw new UsageError('--resume and --cancel contradict each other');
  if (account !== undefined && !ACCOUNT.test(account)) {
    throw new UsageError(`--account is "${account}"; it takes a connected account's id (acct_…), or platform`);
  }
  const order = {
    ...(since !== undefined && { since: sinceOf(since, new Date()) }),
    ...(types !== undefined && { types: typesOf(types) }),
    ...(account !== undefined && { account }),
    dryRun: values['dry-run'],
  };
  return { order, resume, cancel: cancels };
}

function typesOf(text: string): string[] {
  const types = [...new Set(text.split(',').map((type) => type.trim()))];
  if (types.every((type) => /^[a-z0-9_]{1,64}$/.test(type))) return types;
  throw new UsageError(`--types is "${text}"; it takes types in the plural, with commas between: customers,invoices`);
}

async function findOrOrder(workspaceId: string, { order: given, resume }: Options, house: House, tools: CommandTools) {
  const backfills = house.get(BackfillsService);
  if (resume) {
    const unfinished = await backfills.findUnfinished(workspaceId);
    if (unfinished === null) throw new UsageError('there is no backfill to go on with: all came to their end');
    tools.err.write(`Going on with ${unfinished}.\n`);
    return unfinished;
  }
  const { account } = given;
  const order = account === undefined ? given : { ...given, account: await accountMeant(workspaceId, account, house) };
  const running = await backfills.findRunning(workspaceId, order);
  if (running !== null) {
    tools.err.write(`Going on with ${running}, which was ordered with the same options.\n`);
    return running;
  }
  try {
    const { id } = await house.get(DataSource).transaction((tx) => backfills.create(workspaceId, order, tx));
    return id;
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'invalid_argument') throw new UsageError(error.message);
    throw error;
  }
}

async function cancel(workspaceId: string, house: House, { out }: CommandTools): Promise<number> {
  const backfills = house.get(BackfillsService);
  const id = await backfills.findUnfinished(workspaceId);
  if (id === null) throw new UsageError('there is no backfill to cancel: all came to their end');
  await house.get(DataSource).transaction((tx) => backfills.cancel(workspaceId, id, tx));
  out.write(`${id} is canceled; what it wrote stays.\n`);
  return EXIT.done;
}

async function watch(workspaceId: string, id: string, house: House, tools: CommandTools): Promise<number> {
  const reader = house.get(BackfillsReader);
  const progress = new Progress();
  const service = new Heard();
  let isOurs = false;
  for (let look = 0; ; look++) {
    const view = await reader.get(workspaceId, id);
    progress.see(view, performance.now());
    if (view.state !== 'running') return finish(view, tools);
    if (tools.interrupted.aborted) return interrupted(view, isOurs, tools);
    if (!isOurs && service.isSilent(view, performance.now())) {
      isOurs = true;
      house.work(WORKERS);
      tools.err.write(`${id}: no running service works on it, so it is done here.\n`);
    }
    if (look > 0) show(progress.line(view), tools);
    await pause(look === 0 ? FIRST_LOOK_MS : tools.out.isTTY === true ? LOOK_MS.terminal : LOOK_MS.plain, tools);
  }
}

/** Tells by its signs whether somebody works on a backfill, whatever the clocks of the others show. */
class Heard {
  private last: { workedAt: string | null; atMs: number } | null = null;

  isSilent({ workedAt }: BackfillView, nowMs: number): boolean {
    if (this.last === null || this.last.workedAt !== workedAt) this.last = { workedAt, atMs: nowMs };
    return nowMs - this.last.atMs > SILENT_MS;
  }
}

/** On a terminal the line replaces itself. */
function show(line: string, { out }: CommandTools): void {
  if (out.isTTY === true) replaceLine(line, out);
  else out.write(`${line}\n`);
}

async function pause(ms: number, { interrupted: signal }: CommandTools): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

function finish(view: BackfillView, { out, err }: CommandTools): number {
  if (out.isTTY === true) clearLine(out);
  out.write(report(view));
  if (view.state === 'done') return EXIT.done;
  err.write(view.state === 'canceled' ? `${view.id} was canceled.\n` : `${view.id} failed: ${view.error}\n`);
  return EXIT.failed;
}

function interrupted(view: BackfillView, isOurs: boolean, { out, err }: CommandTools): number {
  if (out.isTTY === true) out.write('\n');
  const who = isOurs ? 'It is left where it is; a service that starts goes on with it' : 'The service goes on with it';
  err.write(
    `${view.id} is not done. ${who}.\n\n  tributary backfill --resume   go on, or watch it\n  tributary backfill --cancel   give it up\n`,
  );
  return EXIT.interrupted;
}
