import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors.js';
import { isMissing } from '../mirror/missing.js';
import type { Snapshot } from '../mirror/snapshot.js';
import { pathOf, StripeFetcher, tombstoneOf } from '../mirror/stripe-fetcher.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES, typeOfObject } from '../objects/registry.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import type { ComparisonScope, Pace } from './comparison-scope.js';
import type { ListedObjects } from './listed-objects.js';
import { listRefusalOf } from './list-refusal.js';
import { verdictsOn, type Verdict } from './row-verdicts.js';

const ROWS_AT_ONCE = 100;

interface Search {
  listed: ListedObjects;
  pace: Pace;
  /** Rows that changed since are too young to be judged by the list. */
  startSeconds: number;
  /** Only rows whose object was created later; null for all. */
  createdFrom: number | null;
}

export interface UnlistedVerdict extends Verdict {
  /** Stripe says that there is no such object any more. */
  gone: boolean;
}

/** What is held as living and was not listed: a list may leave things out, so that Stripe is asked by id. Writes nothing. */
@Injectable()
export class Unlisted {
  constructor(
    private readonly db: DataSource,
    private readonly fetcher: StripeFetcher,
    private readonly clock: Clock,
  ) {}

  async *verdicts(type: StripeObjectType, scope: ComparisonScope, search: Search): AsyncGenerator<UnlistedVerdict> {
    for (const table of tablesJudgedBy(type, scope)) {
      for await (const row of this.rows(table, scope, search)) {
        const verdict = await this.ask(table, row, scope, search.pace);
        if (verdict !== null) yield verdict;
      }
    }
  }

  /** Whether anything of the type is held as living. */
  async hasAny({ table }: StripeObjectType, { workspaceId, account }: ComparisonScope): Promise<boolean> {
    const rows = (await this.db.query(
      `SELECT 1 FROM stripe.${table} WHERE workspace_id = $1 AND account = $2 AND deleted_at IS NULL LIMIT 1`,
      [workspaceId, account],
    )) as unknown[];
    return rows.length > 0;
  }

  /** The object of an earlier verdict, asked for by its id; null when it is right now. */
  async askAgain(suspect: Verdict, scope: ComparisonScope, pace: Pace): Promise<Verdict | null> {
    const { type, id, data } = suspect.state;
    if (type.hasParent || !hasAddress(type, id, data)) {
      const [again] = await verdictsOn([suspect.state], this.db);
      return again === undefined || again.what === 'agrees' ? null : again;
    }
    const verdict = await this.ask(type, { id, data }, scope, pace);
    return verdict === null || verdict.what === 'agrees' ? null : verdict;
  }

  private async *rows(type: StripeObjectType, scope: ComparisonScope, search: Search): AsyncGenerator<Row> {
    let after = '';
    for (;;) {
      const rows = (await this.db.query(UNLISTED(type.table), [
        ...[scope.workspaceId, scope.account, after, search.listed.runId, search.startSeconds],
        ...[search.createdFrom, ROWS_AT_ONCE],
      ])) as Row[];
      yield* rows;
      after = rows.at(-1)?.id ?? '';
      if (rows.length < ROWS_AT_ONCE) return;
    }
  }

  /** Null for what cannot be asked for by its id. */
  private async ask(
    type: StripeObjectType,
    row: Row,
    scope: ComparisonScope,
    pace: Pace,
  ): Promise<UnlistedVerdict | null> {
    if (!hasAddress(type, row.id, row.data)) return null;
    const { workspaceId, account, priority } = scope;
    const address = { workspaceId, account, type, id: row.id, known: row.data };
    await pace.wait();
    let state: Snapshot;
    try {
      state = await this.fetcher.fetchObject(address, { priority, meter: pace });
    } catch (error) {
      if (!isMissing(error, type)) {
        if (listRefusalOf(error) === null) throw error;
        return null;
      }
      state = tombstoneOf(address, Math.floor(this.clock.now().getTime() / 1_000));
    }
    if (state.deleted) return { state, what: 'differs', fields: ['deleted'], otherVersion: false, gone: true };
    const [verdict] = await verdictsOn([state], this.db);
    return verdict === undefined ? null : { ...verdict, gone: false };
  }
}

interface Row {
  id: string;
  data: StripeData;
}

const UNLISTED = (table: string): string => `
  SELECT m.id, m.data FROM stripe.${table} m
   WHERE m.workspace_id = $1 AND m.account = $2 AND m.id > $3 AND m.deleted_at IS NULL
     AND m.source_updated_at < to_timestamp($5)
     AND ($6::bigint IS NULL OR m.created > to_timestamp($6))
     AND NOT EXISTS (SELECT 1 FROM tributary.listed_object l
                      WHERE l.run_id = $4 AND l.object_table = '${table}' AND l.object_id = m.id)
   ORDER BY m.id LIMIT $7`;

/** The type itself, and those whose objects are listed only inside its objects. */
function tablesJudgedBy(type: StripeObjectType, scope: ComparisonScope): StripeObjectType[] {
  const within = type.embedded
    .filter((rule) => !rule.owned && rule.list !== undefined)
    .flatMap((rule) => rule.objects.map(typeOfObject))
    .filter((inner) => inner.lists.length === 0 || isCovered(inner));
  const own = isCovered(type) && !scope.asksForCovered ? [] : [type];
  return [...own.filter((one) => one.lists.some((rule) => !rule.single) && !one.hasParent), ...within];
}

/** Its own list leaves most of its objects out: they come along with the objects of another type. */
function isCovered(type: StripeObjectType): boolean {
  return STRIPE_OBJECT_TYPES.some((other) =>
    other.embedded.some(
      (rule) =>
        !rule.owned &&
        rule.objects.includes(type.object) &&
        other.lists.some((list) => list.expand.includes(rule.field)),
    ),
  );
}

function hasAddress(type: StripeObjectType, id: string, known: StripeData): boolean {
  try {
    return pathOf({ type, id, known }) !== '';
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
}
