import type { Snapshot } from '../mirror/snapshot.js';
import type { BackfillTaskState } from './backfill-task.entity.js';
import type { ClaimedTask, TaskCursor } from './task.js';

/** A task that another one finds: the older half of its window, the rest of one object's long list, an account's list. */
export interface FoundTask {
  account: string;
  table: string;
  rule: number;
  parent: string | null;
  after: string[];
  createdFrom: number | null;
  createdTo: number | null;
  cursor: TaskCursor | null;
  remaining: number | null;
}

/** What a task is once its piece is written. */
export interface TaskStep {
  state: BackfillTaskState;
  reason: string | null;
  cursor: TaskCursor | null;
  createdFrom: number | null;
  createdTo: number | null;
  remaining: number | null;
  found: FoundTask[];
}

/** What one look at Stripe brought, written in one transaction with the step that it is for its task. */
export interface Piece {
  task: ClaimedTask;
  /** What the list showed, as webhooks would carry it. */
  listed: Snapshot[];
  /** The same objects with what was included on request; equal to `listed` where nothing was. */
  expanded: Snapshot[];
  requests: number;
  step: TaskStep;
}

/** The task goes on as it is. */
export function unchangedStep(task: ClaimedTask): TaskStep {
  const { cursor, createdFrom, createdTo } = task;
  return { state: 'open', reason: null, cursor, createdFrom, createdTo, remaining: null, found: [] };
}
