import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AccessLimits } from './access/rate-limits.service.js';
import { AppModule } from './app.module.js';
import { openDatabase, Undo } from './bootstrap.js';
import type { House } from './cli/command.js';
import type { AppConfig } from './config/app-config.js';
import { enterSandboxMode, NoSandbox, withSettings } from './sandbox-mode.js';
import { WorkerRegistry } from './worker-registry.js';

/**
 * The service as a command needs it: as a worker without faces, beside a running service or alone. The workers stand
 * until the command starts some of them.
 */
export async function openHouse(given: AppConfig): Promise<House> {
  const undo = new Undo();
  try {
    return await open(withSettings(given, { role: 'worker' }), undo);
  } catch (error) {
    await undo.run().catch(() => undefined);
    throw error instanceof NoSandbox ? noService(error) : error;
  }
}

/** Said to whoever typed the command: it would ask the sandbox of a running service, and there is none. */
function noService({ address, cause }: NoSandbox): Error {
  const why = `without STRIPE_SECRET_KEY the sandbox of a running service is asked, and nothing answers at ${address}`;
  return new Error(`${why}: start the service in another terminal (npm start), or set STRIPE_SECRET_KEY`, { cause });
}

async function open(given: AppConfig, undo: Undo): Promise<House> {
  // In sandbox mode the running service holds the sandbox; without one there is nothing to ask, so this comes first.
  const { config, clock, sandboxClock } = await enterSandboxMode(given, undo);
  const { dataSource } = await openDatabase(config, undo);
  const module = AppModule.forRoot({ config, dataSource, clock, limits: new AccessLimits(), sandboxClock });
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false });
  undo.add(() => app.close());
  const workers = app.get(WorkerRegistry);
  const started = new Set<string>();
  undo.add(async () => {
    await Promise.all([...started].map((name) => workers.get(name).stop()));
  });
  return {
    config,
    get: <T>(token: Type<T>): T => app.get(token),
    work: (names) => {
      for (const name of names) {
        if (!started.has(name)) workers.get(name).start();
        started.add(name);
      }
    },
    close: () => undo.run(),
  };
}
