import { EXIT, UsageError, type CommandTools } from './command.js';
import type { CommandRow } from './commands.js';

/** Runs the command that `args` begins with and answers the exit code. Never throws. */
export async function dispatch(
  args: readonly string[],
  commands: readonly CommandRow[],
  tools: CommandTools,
): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) return say(tools.err, helpOf(commands), EXIT.usage);
  if (name === 'help' || asksForHelp(name)) {
    const [about] = rest;
    return about === undefined
      ? say(tools.out, helpOf(commands), EXIT.done)
      : dispatch([about, '--help'], commands, tools);
  }
  const row = commands.find((command) => command.name === name);
  if (row === undefined) return say(tools.err, unknownCommand(name, commands), EXIT.usage);
  return runCommand(row, rest, tools);
}

async function runCommand(row: CommandRow, args: readonly string[], tools: CommandTools): Promise<number> {
  try {
    const command = await row.load();
    if (args.some(asksForHelp)) return say(tools.out, command.help, EXIT.done);
    return await command.run(args, tools);
  } catch (error) {
    if (error instanceof UsageError || isBadArgument(error)) {
      const text = `${sentenceOf(error)}\n\n  tributary ${row.name} --help says how it is used.\n`;
      return say(tools.err, text, EXIT.usage);
    }
    return say(tools.err, `${sentenceOf(error)}\n`, EXIT.failed);
  }
}

/** What Node's reader of arguments throws: its sentence names the argument. */
function isBadArgument(error: unknown): boolean {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
}

const asksForHelp = (word: string): boolean => word === '--help' || word === '-h';

export function sentenceOf(error: unknown): string {
  const text = error instanceof Error && error.message !== '' ? error.message : String(error);
  return text.split('\n', 1)[0] ?? text;
}

function helpOf(commands: readonly CommandRow[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}\n`).join('');
  return `Usage: tributary <command> [options]

${rows}
  tributary <command> --help says what a command takes.

The commands read the same settings as the service, from the environment and from .env in this folder.
In a clone they are called as: npm run tributary -- <command> [options]
`;
}

function unknownCommand(name: string, commands: readonly CommandRow[]): string {
  const names = commands.map((command) => command.name).join(', ');
  return `There is no command "${name}"; there are: ${names}.\n\n  tributary --help says what they do.\n`;
}

function say(to: { write(text: string): unknown }, text: string, code: number): number {
  to.write(text);
  return code;
}
