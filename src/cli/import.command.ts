import { createReadStream, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { WorkspacesService } from '../access/workspaces.service.js';
import { parseInstant } from '../common/dto-decorators.js';
import { DomainError } from '../common/errors.js';
import { CURRENCY_EXPONENTS } from '../common/money.js';
import {
  IMPORT_KINDS,
  IMPORT_SOURCES,
  type ImportKind,
  type ImportSource,
} from '../referrals/imports/import-fields.js';
import { ImportsService, type ImportOrder } from '../referrals/imports/imports.service.js';
import { EXIT, UsageError, type Command, type CommandTools } from './command.js';
import { ImportProgress } from './import-progress.js';

const HELP = `Usage: tributary import <kind> <file.csv> [options]

Brings in what another tool held. It makes what is missing, changes nothing that is there, and may be repeated at any time.
The file is CSV in UTF-8 whose first line names the columns; "-" reads it from standard input. In this order:

  partners    external_id or email, name (or first_name and last_name)
  codes       code, partner or partner_email, program
  customers   stripe_customer_id, customer_id or customer_email; partner, partner_email or code; program, bound_at
  balances    partner or partner_email, amount (1234.50) or amount_minor, currency, due_at: what is still owed

  --from <tool>             rewardful, tolt, firstpromoter or dub: the names of their columns, as far as they are documented
  --map <field>=<column>    which column a field is; may be repeated: --map partner_email=Email
  --program <key>           the program of lines that name none
  --currency <code>         the currency of lines that name none
  --effective-from <when>   no binding takes effect before it (2026-01-31T00:00:00Z): what was sold earlier was paid elsewhere
  --source <name>           where opening balances come from; the tool of --from when left out
  --dry-run                 say what would become of each line, and write nothing

Exit codes: 0 every line is there now, 1 some were refused, 2 wrong usage, 130 interrupted.
`;

/** What is written down as who has bound a customer. */
const MADE_BY = 'tributary import';

interface Options {
  order: Omit<ImportOrder, 'workspaceId'>;
  file: string;
}

export const IMPORT: Command = {
  help: HELP,
  async run(args, tools) {
    const { order, file } = optionsOf(args);
    const { bytes, size } = opened(file);
    const house = await tools.openHouse(tools.config());
    try {
      const { id: workspaceId } = await house.get(WorkspacesService).ensureHome();
      return await bring({ ...order, workspaceId }, { bytes, size }, house.get(ImportsService), tools);
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'invalid_argument') throw new UsageError(error.message);
      throw error;
    } finally {
      await house.close();
    }
  },
};

function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      from: { type: 'string' },
      map: { type: 'string', multiple: true, default: [] },
      program: { type: 'string' },
      currency: { type: 'string' },
      'effective-from': { type: 'string' },
      source: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
    },
  });
  const [kind = '', file, ...more] = positionals;
  if (!isOneOf(IMPORT_KINDS, kind)) {
    throw new UsageError(`the kind of the lines is "${kind}"; it must be one of ${IMPORT_KINDS.join(', ')}`);
  }
  if (file === undefined || more.length > 0) throw new UsageError('give one file, or - for standard input');
  const { from, map, program, source } = values;
  if (from !== undefined && !isOneOf(IMPORT_SOURCES, from)) {
    throw new UsageError(`--from is "${from}"; it must be one of ${IMPORT_SOURCES.join(', ')}`);
  }
  const terms = { from, program, source, currency: currencyOf(values.currency) };
  const effectiveFrom = instantOf(values['effective-from']);
  return { file, order: { kind, ...terms, map, effectiveFrom, dryRun: values['dry-run'], madeBy: MADE_BY } };
}

function isOneOf<T extends ImportKind | ImportSource>(allowed: readonly T[], text: string): text is T {
  return (allowed as readonly string[]).includes(text);
}

function currencyOf(text: string | undefined): string | undefined {
  const currency = text?.toLowerCase();
  if (currency === undefined || CURRENCY_EXPONENTS.has(currency)) return currency;
  throw new UsageError(`--currency is "${text}"; it must be an ISO 4217 code that Stripe supports, such as usd`);
}

function instantOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  if (instant !== null) return instant;
  throw new UsageError(
    `--effective-from is "${text}"; it takes an instant with its zone, such as 2026-01-31T00:00:00Z`,
  );
}

interface Opened {
  bytes: AsyncIterable<Buffer>;
  /** Null where nobody knows beforehand. */
  size: number | null;
}

function opened(file: string): Opened {
  if (file === '-') return { bytes: process.stdin, size: null };
  try {
    return { size: statSync(file).size, bytes: createReadStream(file) };
  } catch {
    throw new UsageError(`there is no file ${file}`);
  }
}

async function bring(
  order: ImportOrder,
  { bytes, size }: Opened,
  imports: ImportsService,
  { out, err, interrupted }: CommandTools,
): Promise<number> {
  const counts = { created: 0, unchanged: 0, refused: 0 };
  const progress = new ImportProgress(err, size);
  let leftAside: string[] = [];
  const run = imports.run(order, progress.reading(bytes), (mapping) => (leftAside = mapping.leftAside));
  try {
    for await (const { line, outcome, message, column } of run) {
      counts[outcome] += 1;
      progress.counts(counts, performance.now());
      const where = column === null ? `line ${line}` : `line ${line}, column ${column}`;
      if (outcome === 'refused') progress.aside(`${where}: ${message}\n`, err);
      else if (order.dryRun === true) progress.aside(`${where}: ${message}\n`, out);
      if (interrupted.aborted) break;
    }
  } finally {
    progress.end();
  }
  if (leftAside.length > 0) out.write(`Nothing was taken from the columns ${leftAside.join(', ')}.\n`);
  out.write(summaryOf(order, counts));
  if (interrupted.aborted) {
    err.write('Interrupted; the same command again goes on with what is missing.\n');
    return EXIT.interrupted;
  }
  return counts.refused === 0 ? EXIT.done : EXIT.failed;
}

function summaryOf(
  { kind, dryRun }: ImportOrder,
  counts: { created: number; unchanged: number; refused: number },
): string {
  const { created, unchanged, refused } = counts;
  const brought = dryRun === true ? `Nothing was written. ${created} would be brought in` : `${created} brought in`;
  return `${kind}: ${brought}, ${unchanged} there already, ${refused} refused.\n`;
}
