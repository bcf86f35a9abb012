import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PollingWorker } from '../../common/background-worker.js';
import { DomainError, type ErrorKind } from '../../common/errors.js';
import { PromotionSync, type DuePromotion } from './promotion-sync.service.js';

const POLL_MS = 1_000;
const CLAIM_SIZE = 10;
/** Longer than telling Stripe of all that are claimed at once may take. */
const LEASE = '5 minutes';
const FIRST_BACKOFF_SECONDS = 5;
const LONGEST_BACKOFF_SECONDS = 600;
const ERROR_CHARS_MAX = 500;

/** What Stripe may answer otherwise the next time. The rest is wrong with the code or its coupon, and waits for a person. */
const PASSING: ReadonlySet<ErrorKind> = new Set([
  'unavailable',
  'rate_limited',
  'timeout',
  'upstream_failed',
  'internal',
]);

/** Tells Stripe what codes want of their promotion codes, until it has been told. */
@Injectable()
export class PromotionCodesWorker extends PollingWorker {
  readonly name = 'promotion-codes';
  private readonly log = new Logger('PromotionCodes');

  constructor(
    private readonly db: DataSource,
    private readonly sync: PromotionSync,
  ) {
    super(POLL_MS);
  }

  override async runOnce(): Promise<number> {
    const [due] = (await this.db.query(
      `UPDATE tributary.code_promotion p SET due_at = now() + $1::interval, attempts = p.attempts + 1
         FROM (SELECT workspace_id, code_id FROM tributary.code_promotion
                WHERE due_at <= now() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS d
        WHERE p.workspace_id = d.workspace_id AND p.code_id = d.code_id
        RETURNING p.workspace_id AS "workspaceId", p.code_id AS "codeId", p.revision, p.attempts, p.due_at::text AS "dueAt"`,
      [LEASE, CLAIM_SIZE],
    )) as [DuePromotion[], number];
    for (const promotion of due) await this.work(promotion);
    return due.length;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'promotion codes could not be kept in step; trying again', error });
  }

  private async work(due: DuePromotion): Promise<void> {
    try {
      await this.sync.bringInStep(due);
      await this.finish(due, null, null);
    } catch (error) {
      const { kind, text } = toldOf(error);
      const pause = Math.min(FIRST_BACKOFF_SECONDS * 2 ** (due.attempts - 1), LONGEST_BACKOFF_SECONDS);
      this.log.warn({ message: 'a promotion code could not be brought in step', codeId: due.codeId, error });
      await this.finish(due, PASSING.has(kind) ? pause : null, text.slice(0, ERROR_CHARS_MAX));
    }
  }

  /** What was asked for meanwhile has set another time, and is looked at then. */
  private async finish(
    { workspaceId, codeId, dueAt }: DuePromotion,
    againInSeconds: number | null,
    error: string | null,
  ): Promise<void> {
    await this.db.query(
      `UPDATE tributary.code_promotion SET due_at = now() + make_interval(secs => $4::double precision), error = $5
        WHERE workspace_id = $1 AND code_id = $2 AND due_at = $3::timestamptz`,
      [workspaceId, codeId, dueAt, againInSeconds, error],
    );
  }
}

/** What is kept of a failure, for whoever looks at the code. */
function toldOf(error: unknown): { kind: ErrorKind; text: string } {
  if (!(error instanceof DomainError)) return { kind: 'internal', text: 'it failed here; the log says why' };
  const { kind, field, message } = error;
  return { kind, text: field === undefined ? message : `${field}: ${message}` };
}
