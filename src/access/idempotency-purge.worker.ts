import { Injectable, Logger } from '@nestjs/common';
import { PollingWorker } from '../common/background-worker.js';
import { IdempotencyService } from './idempotency.service.js';

const PURGE_EVERY_MS = 600_000;

/** Forgets the answers that may no longer be repeated. */
@Injectable()
export class IdempotencyPurgeWorker extends PollingWorker {
  readonly name = 'idempotency-purge';
  private readonly logger = new Logger(IdempotencyPurgeWorker.name);

  constructor(private readonly idempotency: IdempotencyService) {
    super(PURGE_EVERY_MS);
  }

  override runOnce(): Promise<number> {
    return this.idempotency.purge();
  }

  protected override onFailure(error: unknown): void {
    this.logger.warn(`old answers could not be forgotten: ${String(error)}`);
  }
}
