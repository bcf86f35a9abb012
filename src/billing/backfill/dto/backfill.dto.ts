import { buildMessage, IsBoolean, IsIn, IsOptional, Matches, ValidateBy } from 'class-validator';
import { IsoInstant } from '../../../common/dto-decorators.js';
import { PageQuery } from '../../../common/page-query.dto.js';
import type { BackfillTaskState } from '../backfill-task.entity.js';
import type { BackfillState } from '../backfill.entity.js';

const STATES: readonly BackfillState[] = ['running', 'done', 'failed', 'canceled'];
export const ACCOUNT = /^(?:platform|acct_\w{1,250})$/;

const TYPES_MAX = 500;

/** Whether the types exist is the service's affair. */
function TypeNames(): PropertyDecorator {
  const is = 'a list of types in the plural, each once, such as ["customers", "invoice_payments"]';
  const validate = (value: unknown): boolean =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= TYPES_MAX &&
    value.every((name) => typeof name === 'string' && /^[a-z0-9_]{1,64}$/.test(name)) &&
    new Set(value).size === value.length;
  return ValidateBy({
    name: 'typeNames',
    validator: { validate, defaultMessage: buildMessage(() => `$property must be ${is}`) },
  });
}

export class CreateBackfillDto {
  /** Types in the plural, as `customers`; all when left out. What they cannot be had without is listed too. */
  @IsOptional()
  @TypeNames()
  types?: string[];

  /** One connected account's id, or `platform` for the workspace's own objects only; all accounts when left out. */
  @IsOptional()
  @Matches(ACCOUNT, { message: '$property must be the id of a connected account (acct_…), or "platform"' })
  account?: string;

  /** Only what was created from then on, of the types whose lists Stripe filters by creation; everything of the others. */
  @IsOptional()
  @IsoInstant()
  since?: Date;

  /** Counts what would change and leaves the mirror as it is. It asks Stripe as much as a real one. */
  @IsOptional()
  @IsBoolean({ message: '$property must be true or false' })
  dryRun?: boolean;
}

export class ListBackfillsQuery extends PageQuery {
  @IsOptional()
  @IsIn(STATES, { message: `$property must be one of ${STATES.join(', ')}` })
  state?: BackfillState;
}

export class BackfillTypeView {
  /** The type in the plural: `customers`. */
  type: string;
  /** `open` until all its lists are read. */
  state: BackfillTaskState;
  /** Objects that its lists have shown. */
  objects: number;
  added: number;
  changed: number;
  unchanged: number;
  /** Only of a dry run: held here and no longer listed by Stripe. */
  deleted: number;
  requests: number;
  /** As far as one can tell; null when one cannot yet. */
  remainingRequests: number | null;
}

/** A list that Stripe does not give, or that could not be had. */
export class BackfillProblemView {
  type: string;
  account: string | null;
  state: BackfillTaskState;
  reason: string;
}

/** A backfill in a list. */
export class BackfillSummary {
  id: string;
  state: BackfillState;
  dryRun: boolean;
  types: string[] | null;
  account: string | null;
  since: string | null;
  error: string | null;
  createdAt: string;
  finishedAt: string | null;
  /** When a process last worked on it: long ago means that none does. */
  workedAt: string | null;
}

export class BackfillView extends BackfillSummary {
  objects: number;
  added: number;
  changed: number;
  unchanged: number;
  deleted: number;
  /** What it has cost so far. */
  requests: number;
  /** A lower bound while some lists have not been looked at; null before anything is known. */
  remainingRequests: number | null;
  tasks: { open: number; done: number; skipped: number; failed: number };
  /** Over the time in which it was worked on. */
  objectsPerSecond: number | null;
  requestsPerSecond: number | null;
  remainingSeconds: number | null;
  byType: BackfillTypeView[];
  problems: BackfillProblemView[];
}
