import { Injectable, Logger } from '@nestjs/common';
import { WorkspacesService } from '../../access/workspaces.service.js';
import { PollingWorker } from '../../common/background-worker.js';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { Backfills } from './backfills.repository.js';
import { BackfillTasks, HEARTBEAT_MS } from './backfill-tasks.js';
import type { ClaimedTask } from './task.js';
import { TaskRunner } from './task-runner.js';

const POLL_MS = 1_000;
/** How often a process with free places looks for what became possible meanwhile. */
const LOOK_AGAIN_MS = 250;
/** Lists, and windows of lists, that one process reads at once. The limiter decides how fast. */
const PLACES = 32;

/** Works on the tasks of backfills, many at once, beside other replicas. */
@Injectable()
export class BackfillWorker extends PollingWorker {
  readonly name = 'backfill';
  private readonly log = new Logger('Backfill');
  private readonly underWay = new Set<ClaimedTask>();
  private ended: (() => void) | null = null;

  constructor(
    private readonly workspaces: WorkspacesService,
    private readonly stripe: StripeGateway,
    private readonly tasks: BackfillTasks,
    private readonly jobs: Backfills,
    private readonly runner: TaskRunner,
  ) {
    super(POLL_MS);
  }

  /** Works until nothing is left that could be begun now. Answers how many tasks it took. */
  override async runOnce(): Promise<number> {
    const { id } = await this.workspaces.ensureHome();
    if (!this.stripe.isConfigured(id)) return 0;
    let taken = await this.takeMore(id);
    if (this.underWay.size > 0) {
      await this.tasks.heartbeat([...this.underWay]);
      const beat = setInterval(() => void this.beat(), HEARTBEAT_MS);
      try {
        while (this.underWay.size > 0) {
          await this.untilOneEnds();
          if (!this.isStopping) taken += await this.takeMore(id);
        }
      } finally {
        clearInterval(beat);
      }
    }
    await this.jobs.endFinished(id);
    return taken;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'the backfill stopped for a moment', error });
  }

  private async takeMore(workspaceId: string): Promise<number> {
    const free = PLACES - this.underWay.size;
    if (free <= 0) return 0;
    const claimed = await this.tasks.claim(workspaceId, free);
    for (const task of claimed) this.begin(task);
    return claimed.length;
  }

  private begin(task: ClaimedTask): void {
    this.underWay.add(task);
    const surroundings = { isHungry: () => this.underWay.size < PLACES, isStopping: () => this.isStopping };
    void this.runner
      .run(task, surroundings)
      .catch((error: unknown) => {
        // Its lease ends by itself.
        this.log.error({ message: `task ${task.id} of ${task.job.id} was left`, error });
      })
      .finally(() => {
        this.underWay.delete(task);
        this.ended?.();
      });
  }

  private async untilOneEnds(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOOK_AGAIN_MS);
      this.ended = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.ended = null;
  }

  private async beat(): Promise<void> {
    try {
      await this.tasks.heartbeat([...this.underWay]);
    } catch (error) {
      this.log.warn(`the lease of the backfill was not renewed: ${String(error)}`);
    }
  }
}
