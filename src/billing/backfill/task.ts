import type { ListRule, StripeObjectType } from '../objects/object-type.js';

/** `rule` of the task that plans the tasks of the connected accounts, once those are known. */
export const PLAN_ACCOUNTS = -1;

/** How a list that was left is gone on with. */
export interface TaskCursor {
  /** What the next page is asked by, as the fetcher gave it; null begins anew. */
  next: string | null;
  /** The second of creation of the last object, where the list goes by it. */
  reached?: number;
  /** Of the objects whose lists are gone through: the last one that is done. */
  after?: string;
  /** Expansions that Stripe refused: they are not asked for again. */
  without?: string[];
}

/** What the tasks of a job have in common. */
export interface JobFacts {
  id: string;
  workspaceId: string;
  dryRun: boolean;
  /** Unix seconds. */
  since: number | null;
  types: string[] | null;
}

/** A task that this process works on. */
export interface ClaimedTask {
  id: string;
  token: string;
  job: JobFacts;
  account: string;
  type: StripeObjectType;
  /** Null for the task that plans. */
  rule: ListRule | null;
  ruleIndex: number;
  parent: string | null;
  createdFrom: number | null;
  createdTo: number | null;
  cursor: TaskCursor | null;
  attempts: number;
  /** When the account was made, or a second before anything at Stripe was. */
  floorSeconds: number;
}
