import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AccountsPlanner } from './accounts-planner.js';
import { BackfillTasks } from './backfill-tasks.js';
import { Backfills } from './backfills.repository.js';
import { FanOutWalk } from './fan-out-walk.js';
import { Gate } from './gate.js';
import { ListWalk } from './list-walk.js';
import type { Piece } from './piece.js';
import { PieceWriter, TaskLost } from './piece-writer.js';
import { listFailureOf, reasonOf } from './refusals.js';
import type { ClaimedTask } from './task.js';

/** Pages that are asked for, compared or wait to be written, of all tasks: what keeps the memory flat. */
const PAGES_IN_HAND = 40;

/** What a task needs to know of the process that works on it. */
export interface Surroundings {
  /** Another connection could take half of a long list. */
  isHungry(): boolean;
  /** The task is to be left where it is. */
  isStopping(): boolean;
}

/** Works one task off: fetches the next page while the last one is written, and knows what each failure means. */
@Injectable()
export class TaskRunner {
  private readonly log = new Logger('Backfill');
  private readonly pages = new Gate(PAGES_IN_HAND);

  constructor(
    private readonly db: DataSource,
    private readonly lists: ListWalk,
    private readonly fanOut: FanOutWalk,
    private readonly accounts: AccountsPlanner,
    private readonly writer: PieceWriter,
    private readonly tasks: BackfillTasks,
    private readonly jobs: Backfills,
  ) {}

  async run(task: ClaimedTask, surroundings: Surroundings): Promise<void> {
    try {
      const isOver = await this.writeAll(task, surroundings);
      if (!isOver) await this.tasks.release(task);
    } catch (error) {
      if (!(error instanceof TaskLost)) await this.afterFailure(task, error);
    }
  }

  private piecesOf(task: ClaimedTask, { isHungry }: Surroundings): AsyncGenerator<Piece, void, undefined> {
    if (task.rule === null) return this.accounts.pieces(task);
    return task.rule.of === null || task.parent !== null ? this.lists.pieces(task, isHungry) : this.fanOut.pieces(task);
  }

  /** Whether the task came to its end. While one piece is written the next one is fetched. */
  private async writeAll(task: ClaimedTask, surroundings: Surroundings): Promise<boolean> {
    let writing: Promise<void> = Promise.resolve();
    try {
      for await (const piece of this.inHand(this.piecesOf(task, surroundings))) {
        const before = writing;
        writing = before.then(() => this.writer.write(piece)).finally(() => this.pages.leave());
        // Heard below; until then its failure must not count as unheard.
        writing.catch(() => undefined);
        await before;
        if (piece.step.state === 'open' && surroundings.isStopping()) {
          await writing;
          return false;
        }
      }
    } finally {
      // Whatever failed, nothing goes on in the background after the task was given back.
      await writing.catch(() => undefined);
    }
    await writing;
    return true;
  }

  /** A place is taken before a piece is asked for; whoever gets the piece gives the place back. */
  private async *inHand(pieces: AsyncGenerator<Piece, void, undefined>): AsyncGenerator<Piece, void, undefined> {
    for (;;) {
      await this.pages.enter();
      const next = await pieces.next().catch((error: unknown) => {
        this.pages.leave();
        throw error;
      });
      if (next.done === true) return this.pages.leave();
      yield next.value;
    }
  }

  private async afterFailure(task: ClaimedTask, error: unknown): Promise<void> {
    const reason = reasonOf(error);
    const what = `${task.type.table}${task.account === '' ? '' : ` of ${task.account}`}`;
    switch (listFailureOf(error)) {
      case 'refused':
        return this.tasks.skip(task, reason);
      case 'account_gone':
        return task.account === '' ? this.tasks.skip(task, reason) : this.tasks.skipAccount(task, reason);
      case 'key_refused':
        this.log.error(`the backfill ${task.job.id} ends: ${reason}`);
        return this.jobs.fail(task.job, reason, this.db.manager);
      case 'place_lost':
      case 'again':
        this.log.warn(`the list of ${what} is tried again: ${reason}`);
        return this.tasks.retry(task, reason);
    }
  }
}
