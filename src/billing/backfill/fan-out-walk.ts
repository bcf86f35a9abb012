import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { atMost } from '../../common/at-most.js';
import type { Snapshot } from '../mirror/snapshot.js';
import type { ListRule } from '../objects/object-type.js';
import { typeOfObject } from '../objects/registry.js';
import { ListWalk, Meter, statesOf } from './list-walk.js';
import { unchangedStep, type FoundTask, type Piece } from './piece.js';
import { isMissingObject, listFailureOf, reasonOf } from './refusals.js';
import type { ClaimedTask } from './task.js';

/** Objects whose lists are asked for and written together. */
const CHUNK = 24;
/** Of them at the same time; an endpoint takes no more than some 24 questions a second anyway. */
const AT_ONCE = 8;

/** What the list of one object brought. */
interface Answer {
  states: Snapshot[];
  rest: FoundTask[];
  /** Stripe's reason, where it has no such list for this object. */
  refused: string | null;
}

/** Asks for a list of every object of a type that is held, a chunk of objects at a time, in the order of their ids. */
@Injectable()
export class FanOutWalk {
  constructor(
    private readonly db: DataSource,
    private readonly lists: ListWalk,
  ) {}

  async *pieces(task: ClaimedTask): AsyncGenerator<Piece, void, undefined> {
    const meter = new Meter();
    let after = task.cursor?.after ?? '';
    let left = await this.parentsLeft(task, after);
    let answered = after !== '';
    for (;;) {
      const parents = await this.parents(task, after);
      const answers = await atMost(AT_ONCE, parents, (parent) => this.ask(task, parent, meter));
      answered ||= answers.some(({ refused }) => refused === null);
      const refused = answers.find((answer) => answer.refused !== null)?.refused ?? null;
      // Refused for every one of them: it is the list that this account does not have.
      const isRefused = parents.length > 0 && !answered;
      after = parents.at(-1) ?? after;
      left = Math.max(0, left - parents.length);
      const isLast = parents.length < CHUNK;
      const listed = answers.flatMap(({ states }) => states);
      yield {
        ...{ task, listed, expanded: listed, requests: meter.take() },
        step: {
          ...unchangedStep(task),
          state: isRefused ? 'skipped' : isLast ? 'done' : 'open',
          reason: isRefused ? refused : null,
          cursor: { next: null, after },
          remaining: isLast ? 0 : left,
          found: answers.flatMap(({ rest }) => rest),
        },
      };
      if (isLast || isRefused) return;
    }
  }

  private async ask(task: ClaimedTask, parent: string, meter: Meter): Promise<Answer> {
    try {
      if ((task.rule as ListRule).single) {
        const { listed, requests } = await this.lists.singlePiece(task, task.rule as ListRule, parent);
        for (let n = 0; n < requests; n++) meter.count();
        return { states: listed, rest: [], refused: null };
      }
      const page = await this.lists.firstPage(task, parent, meter);
      const rest = page.next === null ? [] : [restOf(task, parent, page.next)];
      return { states: statesOf(task, parent, page, page.objects), rest, refused: null };
    } catch (error) {
      // It went since it was listed.
      if (isMissingObject(error)) return { states: [], rest: [], refused: null };
      if (listFailureOf(error) !== 'refused') throw error;
      return { states: [], rest: [], refused: reasonOf(error) };
    }
  }

  private async parents(task: ClaimedTask, after: string): Promise<string[]> {
    const rows = await this.db.query<Array<{ id: string }>>(
      `SELECT id FROM (${parentsSql(task)}) AS parent WHERE id > $3 ORDER BY id LIMIT ${CHUNK}`,
      parametersOf(task, after),
    );
    return rows.map(({ id }) => id);
  }

  private async parentsLeft(task: ClaimedTask, after: string): Promise<number> {
    const [row] = await this.db.query<Array<{ count: string }>>(
      `SELECT count(*) FROM (${parentsSql(task)}) AS parent WHERE id > $3`,
      parametersOf(task, after),
    );
    return Number(row?.count ?? 0);
  }
}

/** A dry run writes no rows; what it met would be there. */
function parentsSql({ rule, job }: ClaimedTask): string {
  const { table } = typeOfObject(rule?.of);
  const held = `SELECT id FROM stripe.${table} WHERE workspace_id = $1 AND account = $2 AND deleted_at IS NULL`;
  if (!job.dryRun) return held;
  return `${held} UNION SELECT id FROM tributary.backfill_seen
    WHERE backfill_id = $4 AND object_table = '${table}' AND account = $2`;
}

function parametersOf({ job, account }: ClaimedTask, after: string): unknown[] {
  return [job.workspaceId, account, after, ...(job.dryRun ? [job.id] : [])];
}

/** The pages of a long list after its first one are a task of their own. */
function restOf(task: ClaimedTask, parent: string, next: string): FoundTask {
  const { account, type, ruleIndex, rule, job } = task;
  return {
    ...{ account, table: type.table, rule: ruleIndex, parent, after: [] },
    ...{ createdFrom: rule?.byCreated === true ? job.since : null, createdTo: null },
    ...{ cursor: { next }, remaining: 1 },
  };
}
