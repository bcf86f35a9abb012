import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { CustomerEraser, type ErasedCustomer } from '../billing/operations/customers-eraser.service.js';
import { STRIPE_OBJECT_TYPES } from '../billing/objects/registry.js';
import { Clock } from '../common/clock.js';
import { OWN_FACTS } from './export-queries.js';
import { PrivacyPersons, type Person } from './persons.repository.js';
import { PrivacyLog } from './privacy-log.service.js';

const ROWS_AT_ONCE = 200;

type Row = Record<string, unknown>;

/** Everything that is held of a person, as one JSON object that is written while it is read. */
@Injectable()
export class PersonExport {
  constructor(
    private readonly db: DataSource,
    private readonly persons: PrivacyPersons,
    private readonly eraser: CustomerEraser,
    private readonly log: PrivacyLog,
    private readonly clock: Clock,
  ) {}

  /** Errors: `customer_not_found`. What goes wrong later ends the connection, so that no half looks like the whole. */
  async of(caller: Caller, id: string): Promise<StreamableFile> {
    const person = await this.persons.require(caller.workspaceId, id);
    await this.log.record('export', caller, id);
    const disposition = `attachment; filename="${id}.json"`;
    return new StreamableFile(Readable.from(this.text(person)), { type: 'application/json', disposition });
  }

  private async *text({ person, stripeCustomers }: Person): AsyncGenerator<string> {
    const { workspaceId, id, externalId, email, createdAt } = person;
    const head = { exportedAt: this.clock.now(), customer: { id, externalId, email, createdAt } };
    yield JSON.stringify(head).slice(0, -1);
    for (const { name, sql } of OWN_FACTS) {
      yield* list(name, await this.db.query<Row[]>(sql, [workspaceId, id]));
    }
    const ids = new Map<ErasedCustomer, string[]>();
    for (const customer of stripeCustomers) ids.set(customer, await this.eraser.objectsOf(customer, this.db.manager));
    yield* list('stripeObjects', this.objects(ids));
    yield* list('stripeEvents', this.events(ids));
    yield '}';
  }

  private async *objects(ids: ReadonlyMap<ErasedCustomer, string[]>): AsyncGenerator<Row> {
    for (const [{ workspaceId, account }, own] of ids) {
      for (const { table } of STRIPE_OBJECT_TYPES) {
        for (const some of portions(own)) {
          yield* await this.db.query<Row[]>(
            `SELECT '${table}' AS type, id, data FROM stripe.${table}
              WHERE workspace_id = $1 AND account = $2 AND id = ANY($3::text[]) ORDER BY id`,
            [workspaceId, account, some],
          );
        }
      }
    }
  }

  /** As they were received, those of each object in their order. */
  private async *events(ids: ReadonlyMap<ErasedCustomer, string[]>): AsyncGenerator<Row> {
    for (const [{ workspaceId, account }, own] of ids) {
      for (const objectId of own) {
        let after: Row | undefined;
        do {
          const rows = await this.db.query<Row[]>(
            `SELECT id, created::text AS created, type, body FROM tributary.webhook_event
              WHERE workspace_id = $1 AND account = $2 AND object_id = $3 AND body IS NOT NULL
                AND ($4::timestamptz IS NULL OR (created, id) > ($4, $5)) ORDER BY created, id LIMIT $6`,
            [workspaceId, account, objectId, after?.created ?? null, after?.id ?? null, ROWS_AT_ONCE],
          );
          yield* rows;
          after = rows.length === ROWS_AT_ONCE ? rows.at(-1) : undefined;
        } while (after !== undefined);
      }
    }
  }
}

/** A further member of the object: a list, written row by row. */
async function* list(name: string, rows: Iterable<Row> | AsyncIterable<Row>): AsyncGenerator<string> {
  yield `,\n${JSON.stringify(name)}:[`;
  let separator = '\n';
  for await (const row of rows) {
    yield separator + JSON.stringify(row);
    separator = ',\n';
  }
  yield ']';
}

function* portions(ids: readonly string[]): Generator<string[]> {
  for (let from = 0; from < ids.length; from += ROWS_AT_ONCE) yield ids.slice(from, from + ROWS_AT_ONCE);
}
