import { pipeline, type Duplex, type Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import pg from 'pg';
import QueryStream from 'pg-query-stream';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors.js';
import { Slices } from '../slices.service.js';
import { writerOf } from './export-formats.js';
import type { ExportFormat, ExportQuery } from './export-query.dto.js';
import { EXPORTS, type ExportName } from './export-tables.js';

/** Of one replica. Each holds a connection for as long as its client takes to read. */
export const EXPORTS_AT_ONCE = 3;
const RETRY_AFTER_SECONDS = 10;
/** Fetched at once; so many rows are in memory, at most twice. */
const BATCH_ROWS = 500;
const LIMIT_MS = 3_600_000;

// By nested loops rows flow out one after the other; the other joins would first collect whole tables.
const BEGIN = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
  SET LOCAL statement_timeout = ${LIMIT_MS}; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off`;

/** Makes files of whole tables: rows leave the database as fast as the client reads, all of one moment. */
@Injectable()
export class ExportsService {
  private readonly logger = new Logger('Exports');
  private running = 0;

  constructor(
    private readonly db: DataSource,
    private readonly slices: Slices,
    private readonly clock: Clock,
  ) {}

  /**
   * The bytes of the file. Whoever gets them reads them to the end or destroys them; both free the cursor. A failure on the
   * way destroys the stream, so that it cannot pass for a complete file. Errors: those of `Slices.of`, `too_many_exports`.
   */
  async open(workspaceId: string, name: ExportName, format: ExportFormat, query: ExportQuery): Promise<Readable> {
    const { partnerId, programId } = await this.slices.of(workspaceId, query);
    if (this.running >= EXPORTS_AT_ONCE) throw tooMany();
    this.running += 1;
    const parameters = [workspaceId, this.clock.now(), partnerId, programId, query.from ?? null, query.to ?? null];
    const client = await this.connect();
    try {
      await client.query(BEGIN);
      const file = writerOf(format, await columnsOf(client, EXPORTS[name], parameters));
      const rows = client.query(new QueryStream(EXPORTS[name], parameters, { batchSize: BATCH_ROWS, types: TYPES }));
      this.pour(rows, file, { client, name });
      return file;
    } catch (error) {
      await this.end(client, name, null);
      throw error;
    }
  }

  private pour(rows: QueryStream, file: Duplex, { client, name }: { client: pg.PoolClient; name: ExportName }): void {
    let isOver = false;
    const over = (error: Error | null): void => {
      if (!isOver) void this.end(client, name, error);
      isOver = true;
    };
    // The pool listens only to connections that nobody has. On one that is lost the cursor never closes.
    const lost = (error: Error): void => {
      file.destroy(error);
      over(error);
    };
    client.on('error', lost);
    pipeline(rows, file, (error) => {
      if (!error) client.off('error', lost);
      over(error ?? null);
    });
  }

  /** From the service's own pool. */
  private async connect(): Promise<pg.PoolClient> {
    try {
      const [client] = (await (this.db.driver as unknown as Pool).obtainMasterConnection()) as [pg.PoolClient];
      return client;
    } catch (error) {
      this.running -= 1;
      throw error;
    }
  }

  /** An interrupted cursor may be in the middle of anything, so its connection is closed and not used again. */
  private async end(client: pg.PoolClient, name: ExportName, error: NodeJS.ErrnoException | null): Promise<void> {
    this.running -= 1;
    const hungUp = error?.code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (error !== null && !hungUp) this.logger.error(`the export of ${name} was broken off: ${error.message}`);
    const isClean = error === null && (await client.query('ROLLBACK').then(Boolean, () => false));
    client.release(!isClean);
  }
}

interface Pool {
  obtainMasterConnection(): Promise<unknown[]>;
}

/** Also of an export without rows. */
async function columnsOf(client: pg.PoolClient, statement: string, parameters: unknown[]): Promise<string[]> {
  const { fields } = await client.query(`SELECT * FROM (${statement}) AS export LIMIT 0`, parameters);
  return fields.map(({ name }) => name);
}

/** 64-bit integers as numbers, so that they stay numbers in the file; amounts beyond 2^53 are refused when they come in. */
const TYPES = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
};

function tooMany(): DomainError {
  const says = `${EXPORTS_AT_ONCE} exports are under way; wait until one has ended`;
  return new DomainError('rate_limited', 'too_many_exports', says, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
