import { parseArgs } from 'node:util';
import { rebuild, type RebuildResult } from '../rebuild/rebuild.js';
import { givenScratchDatabase, makeScratchDatabase, type ScratchDatabase } from '../rebuild/scratch-database.js';
import { EXIT, UsageError, type Command, type CommandTools } from './command.js';
import { RebuildProgress } from './rebuild-progress.js';
import { rebuildReport } from './rebuild-report.js';

const HELP = `Usage: tributary rebuild --verify [options]

Works out all attributions and commissions anew, from the retained events and from what was recorded (clicks, sign-ups,
programs, decisions, exchange rates …), and compares them with those that stand. It is done in a database of its own, which
is dropped at the end; the service's database is only read, and Stripe is not asked.

  --verify          compare, and write nothing; required, since nothing else is done
  --scratch <url>   work in this empty database instead of making one
  --keep            leave the database that was worked in, and print its name
  --json            print the result as JSON, with every finding

Exit codes: 0 all agree, 1 something differs or could not be worked out, 2 wrong usage, 130 interrupted.
`;

interface Options {
  scratch: string | null;
  keep: boolean;
  json: boolean;
}

export const REBUILD: Command = {
  help: HELP,
  async run(args, tools) {
    const options = optionsOf(args);
    const source = await tools.reachDatabase(tools.config());
    try {
      const { scratch: given, keep } = options;
      const scratch = given === null ? await makeScratchDatabase(source.url) : await givenScratchDatabase(given);
      let result: RebuildResult | null;
      try {
        result = await work(source.url, scratch, tools);
      } finally {
        if (!keep) await scratch.remove();
        else tools.err.write(`The database that was worked in is kept: ${await scratch.keep()}\n`);
      }
      if (result === null) return EXIT.interrupted;
      tools.out.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : rebuildReport(result));
      return result.agrees ? EXIT.done : EXIT.failed;
    } finally {
      await source.close();
    }
  },
};

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      verify: { type: 'boolean', default: false },
      scratch: { type: 'string' },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const { verify, scratch = null, keep, json } = values;
  if (!verify) {
    throw new UsageError('a rebuild only compares, and takes --verify to say so: it never replaces what stands');
  }
  if (scratch !== null && !/^postgres(?:ql)?:\/\/[^/]+\/[^/]+$/.test(scratch)) {
    throw new UsageError(`--scratch takes the URL of an empty database, like postgresql://user@host:5432/scratch`);
  }
  return { scratch, keep, json };
}

/** Null when it was interrupted. */
async function work(
  sourceUrl: string,
  scratch: ScratchDatabase,
  { config, openSecludedHouse, interrupted, err }: CommandTools,
): Promise<RebuildResult | null> {
  const progress = new RebuildProgress(err);
  try {
    return await rebuild({
      sourceUrl,
      scratch,
      openHouse: (url, fill) => openSecludedHouse(config(), url, fill),
      onDone: (stage, count) => {
        interrupted.throwIfAborted();
        progress.done(stage, count, performance.now());
      },
    });
  } catch (error) {
    if (interrupted.aborted) return null;
    throw error;
  } finally {
    progress.end();
  }
}
