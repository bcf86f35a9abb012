import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import type { StripeObjectType } from '../objects/object-type.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { storableJson } from './json-text.js';
import { MirrorWriter } from './mirror-writer.js';
import { RefetchMetrics } from './refetch-metrics.js';
import { RefetchQueue } from './refetch-queue.js';
import { SettleQueue } from './settle-queue.js';
import {
  embeddedStates,
  hasTombstones,
  newestOfEach,
  ownedMembers,
  RANK_FETCHED,
  snapshotKey,
  type Snapshot,
} from './snapshot.js';

/** What a fetched state is beside the row that is held. */
export type Difference = 'added' | 'changed' | 'unchanged';

/** States by `snapshotKey`. */
export type Differences = ReadonlyMap<string, Difference>;

/** A row that was written, or would be. */
export interface Change {
  state: Snapshot;
  difference: Exclude<Difference, 'unchanged'>;
}

/** PostgreSQL builds the states of one statement in memory. */
const COMPARED_ROWS_MAX = 1_000;

/**
 * The way into the mirror for whole pages. Rows that already hold what was fetched are found by reading, so that they are
 * neither locked nor written nor logged; everything else goes through the one writer, with its rule.
 */
@Injectable()
export class BulkWriter {
  private readonly mirror: MirrorWriter;

  constructor(stripe: StripeGateway, settling: SettleQueue, metrics: RefetchMetrics) {
    this.mirror = new MirrorWriter(settling, new QueueOfTheRest(stripe, metrics));
  }

  /** What each state would do. Reads only; what changes meanwhile is decided by `apply` itself. */
  async differences(states: readonly Snapshot[], db: EntityManager): Promise<Differences> {
    const found = new Map<string, Difference>();
    for (const [type, group] of byType(newestOfEach(states))) {
      for (let from = 0; from < group.length; from += COMPARED_ROWS_MAX) {
        const chunk = group.slice(from, from + COMPARED_ROWS_MAX);
        const held = await heldAmong(type, chunk, db);
        const unchanged = await unchangedAmong(type, [...held], db);
        for (const state of chunk) {
          const difference = unchanged.has(state) ? 'unchanged' : held.has(state) ? 'changed' : 'added';
          found.set(snapshotKey(state), difference);
        }
      }
    }
    return found;
  }

  /** All that would be written with these states: themselves, what is seen inside them and what they own. */
  withinAll(states: readonly Snapshot[]): Snapshot[] {
    return newestOfEach(states.flatMap((state) => [state, ...embeddedStates(state), ...ownedMembers(state)]));
  }

  /**
   * Writes states that are not `unchanged`. The lists in `wholes` are complete: what is missing from them is gone. Nobody
   * else is asked for what their owners cut off, for discounts, tiers and payments: the caller brings those too. Answers
   * what it wrote, the objects inside of the states included.
   */
  async apply(states: readonly Snapshot[], wholes: readonly Snapshot[], tx: EntityManager): Promise<Change[]> {
    const wins = states.length > 0 ? await this.mirror.apply(states, tx) : [];
    if (wholes.length > 0) await this.mirror.buryMissingMembers(wholes, tx);
    return wins.map(({ snapshot, isNew }) => ({ state: snapshot, difference: isNew ? 'added' : 'changed' }));
  }
}

/** The questions that pages leave open although everything is listed. */
class QueueOfTheRest extends RefetchQueue {
  override async requestWhatIsMissing(snapshots: readonly Snapshot[], tx: EntityManager): Promise<void> {
    await super.requestWhatIsMissing(snapshots.map(asIfWhole), tx);
  }
}

/** The state without what makes it look incomplete. */
function asIfWhole(snapshot: Snapshot): Snapshot {
  const lists = snapshot.type.embedded.filter((rule) => rule.list !== undefined && rule.field in snapshot.data);
  const data: StripeData = { ...snapshot.data, discounts: [] };
  for (const { field } of lists) {
    const list = data[field];
    if (typeof list === 'object' && list !== null) data[field] = { ...list, has_more: false };
  }
  for (const { field } of snapshot.type.embedded.filter((rule) => rule.whole === true)) data[field] ??= null;
  if (snapshot.type.object === 'invoice') data.payment_intent ??= null;
  return { ...snapshot, data };
}

function byType(states: readonly Snapshot[]): Map<StripeObjectType, Snapshot[]> {
  const groups = new Map<StripeObjectType, Snapshot[]>();
  for (const state of states) {
    const group = groups.get(state.type);
    if (group === undefined) groups.set(state.type, [state]);
    else group.push(state);
  }
  return groups;
}

const KEYS = `unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS u(workspace_id, account, id, n)`;

function keysOf(states: readonly Snapshot[]): unknown[] {
  return [states.map((s) => s.workspaceId), states.map((s) => s.account), states.map((s) => s.id)];
}

/** One row after the other by its key, whatever the planner thinks of the table's size. */
const HELD = (table: string, columns: string): string => `
  CROSS JOIN LATERAL (SELECT ${columns} FROM stripe.${table} AS m
    WHERE m.workspace_id = u.workspace_id AND m.account = u.account AND m.id = u.id OFFSET 0) AS held`;

async function heldAmong(
  type: StripeObjectType,
  states: readonly Snapshot[],
  db: EntityManager,
): Promise<Set<Snapshot>> {
  const rows = (await db.query(`SELECT u.n FROM ${KEYS} ${HELD(type.table, '1')}`, keysOf(states))) as Numbered[];
  return new Set(pick(states, rows));
}

/**
 * Also those whose row is newer: a page that a webhook has overtaken changes nothing. A row that is buried counts as long as
 * the state could not revive it (mirror-upsert.ts, `withTombstone`): a discount that is gone stays in what it was on.
 */
async function unchangedAmong(
  type: StripeObjectType,
  states: readonly Snapshot[],
  db: EntityManager,
): Promise<Set<Snapshot>> {
  if (states.length === 0) return new Set();
  const rows = (await db.query(
    `SELECT u.n FROM ${KEYS}
       JOIN jsonb_array_elements($4::jsonb) WITH ORDINALITY AS told(data, n) ON told.n = u.n
       JOIN unnest($5::bigint[], $6::int[]) WITH ORDINALITY AS version(stamp, rank, n) ON version.n = u.n
       ${HELD(type.table, 'm.data, m.undecided, m.deleted_at, m.source_updated_at')}
      WHERE (held.deleted_at IS NULL ${hasTombstones(type) ? `OR ${staysBuried(type)}` : ''})
        AND (held.source_updated_at > to_timestamp(version.stamp) OR (held.data = told.data AND NOT held.undecided))`,
    [
      ...[...keysOf(states), storableJson(states.map((s) => s.data))],
      ...[states.map((s) => s.stampSeconds), states.map((s) => s.rank)],
    ],
  )) as Numbered[];
  return new Set(pick(states, rows));
}

const staysBuried = ({ reusesIds }: StripeObjectType): string =>
  `held.deleted_at >= to_timestamp(version.stamp)${reusesIds ? '' : ` OR version.rank <> ${RANK_FETCHED}`}`;

interface Numbered {
  /** Counted from 1. */
  n: string;
}

function pick(states: readonly Snapshot[], rows: readonly Numbered[]): Snapshot[] {
  return rows.flatMap(({ n }) => states[Number(n) - 1] ?? []);
}
