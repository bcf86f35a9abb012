import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BackgroundWorker } from '../common/background-worker.js';

const LOOK_EVERY_MS = 6 * 3_600_000;
/** The month that runs, and those to come: a process that stands still for weeks still finds its partition. */
const MONTHS_AHEAD = 3;
/**
 * Every event is updated twice: claimed, and marked. Room on the page and bodies kept outside the row make that cheap. The
 * default partition has the same, by its migration.
 */
const STORAGE = 'fillfactor = 60, toast_tuple_target = 256';

/** Creating a partition waits for the inbox's writers; it gives way rather than make deliveries wait for it. */
const LOCK_TIMEOUT = '1s';

/**
 * Makes the inbox's partitions, one a month, ahead of time, so that payloads can be dropped by the month. Whatever falls
 * outside lands in the default partition, and a month that already has rows there stays there.
 */
@Injectable()
export class PartitionsWorker extends BackgroundWorker {
  readonly name = 'inbox-partitions';
  private readonly log = new Logger('Inbox');
  private timer: NodeJS.Timeout | null = null;
  private current: Promise<void> = Promise.resolve();

  constructor(private readonly db: DataSource) {
    super();
  }

  override start(): void {
    const look = (): void => {
      this.current = this.ensure(new Date());
    };
    look();
    this.timer = setInterval(look, LOOK_EVERY_MS);
  }

  override async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    await this.current;
  }

  /** Safe to repeat and to run in several processes at once. A month that cannot be made now is tried again later. */
  async ensure(now: Date): Promise<void> {
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) {
      const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
      const to = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead + 1, 1));
      await this.create(from, to).catch((error: unknown) => {
        this.log.debug(`the partition for ${from.toISOString().slice(0, 7)} is not made now: ${String(error)}`);
      });
    }
  }

  private async create(from: Date, to: Date): Promise<void> {
    const name = `webhook_event_${from.toISOString().slice(0, 7).replace('-', '_')}`;
    const [held] = (await this.db.query(`SELECT to_regclass($1) AS table`, [`tributary.${name}`])) as Array<{
      table: string | null;
    }>;
    if (held?.table) return;
    await this.db.transaction(async (tx) => {
      await tx.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
      // Names and bounds come from the calendar alone, and a partition's bounds cannot be parameters.
      await tx.query(
        `CREATE TABLE tributary.${name} PARTITION OF tributary.webhook_event
           FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}') WITH (${STORAGE})`,
      );
    });
  }
}
