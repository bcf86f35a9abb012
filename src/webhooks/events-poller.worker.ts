import { Injectable, Logger } from '@nestjs/common';
import Stripe from 'stripe';
import { WorkspacesService } from '../access/workspaces.service.js';
import { ConnectedAccounts } from '../billing/mirror/connected-accounts.service.js';
import { PollingWorker } from '../common/background-worker.js';
import { failureCodeOf } from '../stripe/failure.js';
import { StripeGateway } from '../stripe/stripe-gateway.service.js';
import { EventPollsRepository, type ClaimedPoll } from './event-polls.repository.js';
import { EventsPollerMetrics } from './events-poller-metrics.js';
import { EventsPoller } from './events-poller.service.js';

/** How often it is looked whether a look is due. */
const TICK_MS = 5_000;
/** Accounts come rarely. */
const ENSURE_EVERY_MS = 60_000;
const PAUSE_AFTER_FAILURE_SECONDS = 15;
/** A key without the permission, an account that left, an API that this account does not have: asked again, and not often. */
const PAUSE_AFTER_REFUSAL_SECONDS = 3_600;
const REFUSED_FROM = 400;
const RATE_LIMITED = 429;
const FAILED_FROM = 500;

/** Looks at Stripe's events when it is time. Without a key for Stripe it does nothing. */
@Injectable()
export class EventsPollerWorker extends PollingWorker {
  readonly name = 'events-poller';
  private readonly log = new Logger('Poller');
  private readonly told = new Set<string>();
  private nextEnsureAt = 0;

  constructor(
    private readonly workspaces: WorkspacesService,
    private readonly stripe: StripeGateway,
    private readonly connected: ConnectedAccounts,
    private readonly polls: EventPollsRepository,
    private readonly poller: EventsPoller,
    private readonly metrics: EventsPollerMetrics,
  ) {
    super(TICK_MS);
  }

  override async runOnce(): Promise<number> {
    const { id } = await this.workspaces.ensureHome();
    if (!this.stripe.isConfigured(id)) return 0;
    const isTimeToEnsure = performance.now() >= this.nextEnsureAt;
    if (isTimeToEnsure) await this.polls.ensure(id);
    const claimed = await this.polls.claim(id);
    await Promise.all(claimed.map((poll) => this.look(poll)));
    // After the own looks, which must not wait for an answer about accounts.
    if (!isTimeToEnsure) return claimed.length;
    const added = await this.polls.ensureAccounts(id, await this.connected.list(id));
    this.nextEnsureAt = performance.now() + ENSURE_EVERY_MS;
    return claimed.length + added;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'Stripe’s events could not be looked at; trying again', error });
  }

  private async look(poll: ClaimedPoll): Promise<void> {
    try {
      await this.poller.look(poll);
    } catch (error) {
      await this.afterFailure(poll, error);
    }
  }

  private async afterFailure(poll: ClaimedPoll, error: unknown): Promise<void> {
    const code = failureCodeOf(error);
    if (code === 'lease_lost') return;
    this.metrics.looked(poll.source, 'failed');
    const refused = isRefused(error);
    const key = `${poll.account}/${poll.source}/${code}`;
    // The same refusal, hour after hour, is told once. Not everybody has the second version of the API.
    if (!refused || (!this.told.has(key) && poll.source === 'v1')) {
      const whose = poll.account === '' ? '' : ` of account ${poll.account}`;
      this.log.warn(
        `Stripe's events${whose} could not be listed: ${code}; missed deliveries are not noticed until they can`,
      );
    }
    this.told.add(key);
    await this.polls.fail(poll, code, refused ? PAUSE_AFTER_REFUSAL_SECONDS : PAUSE_AFTER_FAILURE_SECONDS);
  }
}

function isRefused(error: unknown): boolean {
  const status = error instanceof Stripe.errors.StripeError ? (error.statusCode ?? 0) : 0;
  return status >= REFUSED_FROM && status < FAILED_FROM && status !== RATE_LIMITED;
}
