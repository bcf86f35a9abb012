import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AccessLimits } from './access/rate-limits.service.js';
import { AppModule, type Foundations } from './app.module.js';
import { openDatabase, reachDatabase, Undo } from './bootstrap.js';
import { AdjustableClock, SystemClock, type Clock } from './common/clock.js';
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

/** Where the service's database answers, beside a running service or alone. Nothing is migrated. */
export async function findDatabase(config: AppConfig): Promise<{ url: string; close(): Promise<void> }> {
  const undo = new Undo();
  return { url: await reachDatabase(config, undo), close: () => undo.run() };
}

/**
 * The same house upon another database, at the service's business time, with no way to Stripe or a sandbox. `fill` is called
 * when the schema stands and no service is open yet.
 */
export async function openSecludedHouse(given: AppConfig, url: string, fill: () => Promise<void>): Promise<House> {
  const undo = new Undo();
  try {
    const clock = await businessTime(given);
    const nobody = { stripeSecretKey: undefined, stripeApiBase: undefined, sandbox: false };
    const config = withSettings(given, { role: 'worker', databaseUrl: url, ...nobody });
    const { dataSource } = await openDatabase(config, undo);
    await fill();
    return await furnish({ config, dataSource, clock, limits: new AccessLimits(), sandboxClock: null }, undo);
  } catch (error) {
    await undo.run().catch(() => undefined);
    throw error;
  }
}

/** The sandbox's where there is one, asked once; else real time. */
async function businessTime(given: AppConfig): Promise<Clock> {
  const undo = new Undo();
  try {
    const { clock, sandboxClock } = await enterSandboxMode(withSettings(given, { role: 'worker' }), undo);
    if (sandboxClock === null) return new SystemClock();
    const own = new AdjustableClock();
    own.set(clock.now());
    return own;
  } catch (error) {
    if (error instanceof NoSandbox) return new SystemClock();
    throw error;
  } finally {
    await undo.run();
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
  return furnish({ config, dataSource, clock, limits: new AccessLimits(), sandboxClock }, undo);
}

/** The rooms upon an open database, with their workers standing. */
async function furnish(foundations: Foundations, undo: Undo): Promise<House> {
  const module = AppModule.forRoot(foundations);
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false });
  undo.add(() => app.close());
  const workers = app.get(WorkerRegistry);
  const started = new Set<string>();
  undo.add(async () => {
    await Promise.all([...started].map((name) => workers.get(name).stop()));
  });
  return {
    config: foundations.config,
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
