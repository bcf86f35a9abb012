import type { Type } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';

/** What every command answers to the shell. Its help says when. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The service in this process: its rooms and its database, without faces, and with no worker running. */
export interface House {
  config: AppConfig;
  get<T>(token: Type<T>): T;
  /** Starts those of its workers. Safe to repeat. */
  work(names: readonly string[]): void;
  /** Lets what is under way end, and closes everything. Safe to repeat. */
  close(): Promise<void>;
}

/** Where text goes: a terminal, a file or another program. */
export interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** What a command is given; everything that it needs of the process around it. */
export interface CommandTools {
  /** Throws a sentence about the setting that is wrong. */
  config(): AppConfig;
  /** Opens the house beside a running service, or with a database of its own when none runs. */
  openHouse(config: AppConfig): Promise<House>;
  /** The service's database as it is, neither migrated nor written; the embedded one is started where nobody did. */
  reachDatabase(config: AppConfig): Promise<{ url: string; close(): Promise<void> }>;
  /**
   * Opens the house upon another database, which gets its schema and is then filled, at the service's business time. Stripe
   * cannot be reached from it.
   */
  openSecludedHouse(config: AppConfig, url: string, fill: () => Promise<void>): Promise<House>;
  out: Terminal;
  err: Terminal;
  /** Aborted by Ctrl-C and by a request to end. A second one ends the process. */
  interrupted: AbortSignal;
}

/** One command of `tributary`. A new one is a file with one of these, and a row in `commands.ts`. */
export interface Command {
  /** What `tributary <name> --help` prints. */
  help: string;
  /** Answers the exit code; throws `UsageError`, or anything else to fail with its sentence. */
  run(args: readonly string[], tools: CommandTools): Promise<number>;
}

/** The command was called in a way that it does not know: its sentence is shown, and where the help is. */
export class UsageError extends Error {}
