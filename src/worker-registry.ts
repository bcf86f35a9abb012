import { Injectable, Logger } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { BackgroundWorker } from './common/background-worker.js';

/** Work that was begun is finished within this time, or left to its lease. */
const DRAIN_LIMIT_MS = 20_000;

/** Every provider that is a `BackgroundWorker`, in whichever module. The start-up decides by role whether they run. */
@Injectable()
export class WorkerRegistry {
  private readonly logger = new Logger(WorkerRegistry.name);
  private running = false;

  constructor(private readonly discovery: DiscoveryService) {}

  all(): BackgroundWorker[] {
    const found = new Set<BackgroundWorker>();
    for (const { instance } of this.discovery.getProviders() as { instance: unknown }[]) {
      if (instance instanceof BackgroundWorker) found.add(instance);
    }
    return [...found];
  }

  /** The worker of that name; for tests that run one by hand. */
  get(name: string): BackgroundWorker {
    const worker = this.all().find((candidate) => candidate.name === name);
    if (!worker) throw new RangeError(`no worker is called ${name}; there are ${this.all().map(nameOf).join(', ')}`);
    return worker;
  }

  start(): void {
    this.running = true;
    for (const worker of this.all()) worker.start();
  }

  /** Nothing new is begun; resolves when all have finished, or after the limit. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    const late = new Set(this.all());
    const drained = [...late].map((worker) => this.stopOne(worker).then(() => late.delete(worker)));
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, DRAIN_LIMIT_MS)));
    await Promise.race([Promise.all(drained), limit]);
    clearTimeout(timer);
    if (late.size > 0)
      this.logger.warn(`not finished in time, left to their leases: ${[...late].map(nameOf).join(', ')}`);
  }

  private async stopOne(worker: BackgroundWorker): Promise<void> {
    try {
      await worker.stop();
    } catch (error) {
      this.logger.error(`worker ${worker.name} did not stop cleanly: ${String(error)}`);
    }
  }
}

const nameOf = (worker: BackgroundWorker): string => worker.name;
