/** Something that works beside the requests, in processes whose role asks for it. Registered with the worker registry of the wiring. */
export abstract class BackgroundWorker {
  abstract readonly name: string;
  abstract start(): void;
  /** Resolves when what was under way is finished; nothing new is begun. */
  abstract stop(): Promise<void>;
}

/** After a failure the loop waits this long, doubling up to the limit, so that a database that is away is not hammered. */
const FIRST_PAUSE_AFTER_FAILURE_MS = 250;
const LONGEST_PAUSE_AFTER_FAILURE_MS = 10_000;

/** A loop over a queue in PostgreSQL: works until the queue is empty, then looks again after a pause or when woken. */
export abstract class PollingWorker extends BackgroundWorker {
  private running: Promise<void> | null = null;
  private stopping = false;
  private wakeUp: (() => void) | null = null;
  private woken = false;

  protected constructor(private readonly pauseMs: number) {
    super();
  }

  /** One claim and its work. Answers how much was done; 0 means that the queue is empty for now. */
  abstract runOnce(): Promise<number>;

  /** Called with what `runOnce` threw; the loop goes on after a pause. */
  protected abstract onFailure(error: unknown): void;

  /** Works until the queue is empty, in the caller's time. Used where something must be done before going on. */
  async drain(): Promise<number> {
    let total = 0;
    for (;;) {
      const done = await this.runOnce();
      if (done === 0) return total;
      total += done;
    }
  }

  override start(): void {
    if (this.running !== null) return;
    this.stopping = false;
    this.running = this.loop();
  }

  override async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
    this.running = null;
  }

  /** There may be something to do: look now instead of after the pause. */
  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  protected get isStopping(): boolean {
    return this.stopping;
  }

  private async loop(): Promise<void> {
    let failurePauseMs = FIRST_PAUSE_AFTER_FAILURE_MS;
    while (!this.stopping) {
      this.woken = false;
      try {
        const done = await this.runOnce();
        failurePauseMs = FIRST_PAUSE_AFTER_FAILURE_MS;
        if (done === 0) await this.pause(this.pauseMs);
      } catch (error) {
        this.onFailure(error);
        await this.pause(failurePauseMs);
        failurePauseMs = Math.min(failurePauseMs * 2, LONGEST_PAUSE_AFTER_FAILURE_MS);
      }
    }
  }

  private async pause(ms: number): Promise<void> {
    if (this.stopping || this.woken) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = null;
  }
}
