import { Injectable, Logger, type OnModuleDestroy, Optional } from '@nestjs/common';
import { DataSource } from 'typeorm';

import { BacklogReporter, type QueueBacklog } from '../common/backlog.js';
import { pendingMigrations } from '../database/migrate.js';
import type { ReadinessDto } from './dto/readiness.dto.js';

/** The whole answer takes less than two seconds, whatever hangs. */
const DATABASE_LIMIT_MS = 1_200;
const BACKLOG_LIMIT_MS = 600;

@Injectable()
export class ReadinessService implements OnModuleDestroy {
  private readonly logger = new Logger('Readiness');
  private draining = false;
  private schemaIsCurrent = false;
  private running: Promise<ReadinessDto> | null = null;
  private wasReady: boolean | null = null;

  constructor(
    private readonly dataSource: DataSource,
    @Optional() private readonly backlogReporter?: BacklogReporter,
  ) {}

  onModuleDestroy(): void {
    this.draining = true;
  }

  /** Probes that come together share one check, so that a flood of them is one write at a time. */
  async check(): Promise<ReadinessDto> {
    this.running ??= this.examine().finally(() => (this.running = null));
    return await this.running;
  }

  private async examine(): Promise<ReadinessDto> {
    const started = performance.now();
    const reason = this.draining ? 'shutting down' : await this.databaseFault();
    const report: ReadinessDto = {
      status: reason === null ? 'ready' : 'not_ready',
      reasons: reason === null ? [] : [reason],
      databaseWriteMs: reason === null ? Math.round(performance.now() - started) : null,
      backlog: reason === null ? await this.backlog() : null,
    };
    this.tellChange(report);
    return report;
  }

  private async databaseFault(): Promise<string | null> {
    try {
      return await within(DATABASE_LIMIT_MS, this.writeOrExplain());
    } catch (error) {
      // The cause is in the log; the answer is public.
      this.logger.debug('the readiness write failed', error);
      return 'the database does not accept writes';
    }
  }

  /** Before the schema is current nothing is written: another version may be in the middle of changing it. */
  private async writeOrExplain(): Promise<string | null> {
    if (!this.schemaIsCurrent) {
      const pending = await pendingMigrations(this.dataSource);
      if (pending.length > 0) return `migrations are pending: ${pending.join(', ')}`;
      this.schemaIsCurrent = true;
    }
    const [, written] = await this.dataSource.query<[unknown, number]>(
      'update tributary.readiness set checked_at = now()',
    );
    return written === 1 ? null : 'the database lost its readiness row';
  }

  private async backlog(): Promise<QueueBacklog[] | null> {
    try {
      return this.backlogReporter ? await within(BACKLOG_LIMIT_MS, this.backlogReporter.backlog()) : null;
    } catch {
      return null;
    }
  }

  private tellChange({ status, reasons }: ReadinessDto): void {
    const ready = status === 'ready';
    if (this.wasReady === ready) return;
    if (!ready) this.logger.warn(`not ready: ${reasons.join('; ')}`);
    else if (this.wasReady === false) this.logger.log('ready again');
    this.wasReady = ready;
  }
}

/** Rejects when `work` takes longer; the work itself goes on until its own limit. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
