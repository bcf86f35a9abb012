import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { createService } from './bootstrap.js';
import type { RunningService } from './bootstrap.js';
import { StructuredLogger } from './common/logger.js';
import type { AppConfig } from './config/app-config.js';
import { loadConfig, processEnvironment } from './config/app-config.js';
import { greeting, reasonOf } from './start-messages.js';

/** After this a stop that hangs is ended; drains have shorter limits of their own. */
const STOP_LIMIT_MS = 25_000;

async function main(): Promise<void> {
  const config = readConfig();
  Logger.overrideLogger(new StructuredLogger({ level: config.logLevel, format: config.logFormat }));
  let service: Promise<RunningService> | null = null;
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    void (service ?? Promise.resolve(null)).then((running) => running?.stop()).then(exitWell, exitBadly);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  service = createService(config);
  const running = await service;
  if (!stopping) process.stdout.write(greeting(running));
}

function readConfig(): AppConfig {
  try {
    return loadConfig(processEnvironment());
  } catch (error) {
    return exitBadly(error);
  }
}

function exitWell(): never {
  process.exit(0);
}

/** One sentence for people; what led to it is in the log when there is more to say. */
function exitBadly(error: unknown): never {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
}

await main().catch(exitBadly);
