import { parseArgs } from 'node:util';
import { WorkspacesService } from '../access/workspaces.service.js';
import { AccountComparisons } from '../billing/truth/account-comparisons.service.js';
import { PLATFORM } from '../billing/mirror/connected-accounts.service.js';
import { comparedTypes } from '../billing/truth/compared-types.js';
import { NOT_ENABLED, type ComparisonResult, type TypeComparison } from '../billing/truth/comparison-result.js';
import { DomainError } from '../common/errors.js';
import { StripeGateway } from '../stripe/stripe-gateway.service.js';
import { toDomainError } from '../stripe/failure.js';
import { accountMeant } from './account-option.js';
import { EXIT, UsageError, type Command, type CommandTools, type House } from './command.js';
import { textTable } from './text-table.js';
import { VerifyProgress } from './verify-progress.js';

const HELP = `Usage: tributary verify [options]

Compares the mirror with Stripe and writes nothing: every object that Stripe lists, of the platform and of its connected
accounts, with the lists inside it, against its row; and every row that Stripe did not list against what Stripe says of it
by its id.

  --types <a,b>     only these types, in the plural: customers,invoices
  --account <id>    only this connected account (acct_…), or "platform" for the workspace's own objects, which its
                    own account's id means too
  --sample <n>      only the n newest objects of each type
  --repair          also write what was found to be wrong
  --json            print the result as JSON

Rows that another API version shaped are compared by the fields that both versions have; "other version" counts them.

Exit codes: 0 all agree, 1 something is off or could not be compared, 2 wrong usage, 130 interrupted.
`;

/** What a repair sets in motion. */
const WORKERS = ['refetch', 'settle'] as const;

interface Options {
  types: string[] | null;
  account: string | null;
  sample: number | null;
  repair: boolean;
  json: boolean;
}

export const VERIFY: Command = {
  help: HELP,
  async run(args, tools) {
    const given = optionsOf(args);
    checkTypes({ ...given, account: null });
    const house = await tools.openHouse(tools.config());
    try {
      const { id: workspaceId } = await house.get(WorkspacesService).ensureHome();
      if (!house.get(StripeGateway).isConfigured(workspaceId)) {
        tools.err.write('Nothing can be compared without Stripe: set STRIPE_SECRET_KEY.\n');
        return EXIT.failed;
      }
      const { account } = given;
      const options = { ...given, account: account && (await accountMeant(workspaceId, account, house)) };
      checkTypes(options);
      if (options.repair) house.work(WORKERS);
      const result = await compare(workspaceId, options, house, tools);
      if (result === null) return EXIT.interrupted;
      tools.out.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : report(result));
      return result.agrees ? EXIT.done : EXIT.failed;
    } finally {
      await house.close();
    }
  },
};

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      types: { type: 'string' },
      account: { type: 'string' },
      sample: { type: 'string' },
      repair: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const { types, account = null, sample, repair, json } = values;
  if (account !== null && !/^(?:platform|acct_\w+)$/.test(account)) {
    throw new UsageError(`--account is "${account}"; it takes a connected account's id (acct_…), or platform`);
  }
  if (sample !== undefined && !/^[1-9]\d{0,8}$/.test(sample)) {
    throw new UsageError(`--sample is "${sample}"; it takes a whole number from 1`);
  }
  const names = types?.split(',').map((type) => type.trim()) ?? null;
  return { types: names, account, sample: sample === undefined ? null : Number(sample), repair, json };
}

function checkTypes({ types, account }: Options): void {
  try {
    comparedTypes(types, account === null || account === PLATFORM ? '' : account);
  } catch (error) {
    throw error instanceof DomainError ? new UsageError(`--types: ${error.message}`) : error;
  }
}

/** Null when it was interrupted. */
async function compare(
  workspaceId: string,
  { account, sample, repair, types }: Options,
  house: House,
  { interrupted, err }: CommandTools,
): Promise<ComparisonResult | null> {
  const progress = new VerifyProgress(err);
  const onProgress = (): void => {
    interrupted.throwIfAborted();
    progress.asked(performance.now());
  };
  const onReached = (share: number): void => progress.reached(share, performance.now());
  const order = { workspaceId, account, types, sample, repair, onProgress, onReached };
  try {
    return await house.get(AccountComparisons).run(order);
  } catch (error) {
    if (interrupted.aborted) return null;
    throw toDomainError(error);
  } finally {
    progress.end();
  }
}

const COLUMNS = ['type', 'agree', 'differ', 'missing', 'extra', 'other version', 'requests'] as const;

function report({ types, agrees }: ComparisonResult): string {
  const accounts = [...new Set(types.map(({ account }) => account))];
  const tables = accounts.flatMap((account) => {
    const title = account === null ? [] : [`Account ${account}`];
    return [...title, ...accountLines(types.filter((type) => type.account === account)), ''];
  });
  const lines = [...tables, ...types.flatMap(findingLines), ...types.flatMap(skippedLines)];
  return `${[...lines, verdictOf(types, agrees)].join('\n')}\n`;
}

function verdictOf(types: readonly TypeComparison[], agrees: boolean): string {
  if (agrees) return 'The mirror agrees with Stripe.';
  return types.some(({ differ, missing, extra }) => differ + missing + extra > 0)
    ? 'The mirror and Stripe differ.'
    : 'No difference was found, but not everything could be compared.';
}

function accountLines(types: readonly TypeComparison[]): string[] {
  const filled = types.filter(({ agree, differ, missing, extra }) => agree + differ + missing + extra > 0);
  const empty = types.filter((type) => (type.skipped ?? NOT_ENABLED) === NOT_ENABLED && !filled.includes(type)).length;
  const rows = filled.map((type) =>
    [type.table, type.agree, type.differ, type.missing, type.extra, type.otherVersion, type.requests].map(String),
  );
  const columns = COLUMNS.map((name, index) => ({ name, alignsRight: index > 0 }));
  const rest = empty === 0 ? [] : [`${empty} more types have no objects, neither here nor at Stripe.`];
  return [...(rows.length === 0 ? [] : textTable(columns, rows)), ...rest];
}

function findingLines({ findings, table, account }: TypeComparison): string[] {
  return findings.map(({ id, table: where, what, fields }) => {
    const place = where === table ? '' : ` (${where})`;
    const how = { differs: `differs in ${fields.join(', ')}`, missing: 'is missing here', extra: 'is gone at Stripe' }[
      what
    ];
    return `${table}${place}${of(account)}: ${id} ${how}`;
  });
}

function skippedLines({ table, skipped, account }: TypeComparison): string[] {
  if (skipped === null || skipped === NOT_ENABLED) return [];
  return [`${table}${of(account)} could not be compared: ${skipped}`];
}

const of = (account: string | null): string => (account === null ? '' : ` of ${account}`);
