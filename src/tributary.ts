#!/usr/bin/env node
import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { pino } from 'pino';
import type { CommandTools } from './cli/command.js';
import { COMMANDS } from './cli/commands.js';
import { dispatch } from './cli/dispatch.js';
import { StructuredLogger } from './common/logger.js';
import { loadConfig, processEnvironment } from './config/app-config.js';
import type { AppConfig } from './config/app-config.js';

/** Where the operator's commands meet the process: settings, terminal and signals. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for what is under way.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  });
}

/** Loaded when a command needs it. */
async function houses({ logFormat }: AppConfig): Promise<typeof import('./command-house.js')> {
  // Only what goes wrong, and aside: standard output belongs to the command.
  const destination = pino.destination({ dest: 2, sync: true });
  Logger.overrideLogger(new StructuredLogger({ level: 'error', format: logFormat, destination }));
  return import('./command-house.js');
}

const tools: CommandTools = {
  config: () => loadConfig(processEnvironment()),
  openHouse: async (config) => (await houses(config)).openHouse(config),
  reachDatabase: async (config) => (await houses(config)).findDatabase(config),
  openSecludedHouse: async (config, url, fill) => (await houses(config)).openSecludedHouse(config, url, fill),
  out: process.stdout,
  err: process.stderr,
  interrupted: interruption.signal,
};

process.exitCode = await dispatch(process.argv.slice(2), COMMANDS, tools);
