import { AdjustableClock, MS_PER_SECOND } from '../../src/common/clock.js';
import { Deliveries, type DeliveryOptions } from '../webhooks/deliveries.js';
import { StripeFailure } from './errors.js';
import { Store } from './store.js';
import { platformAccount } from './platform-account.js';
import type { Kinds } from './wire.js';
import type { Announced } from '../webhooks/subscribers.js';

const PLATFORM_PARTITION = '#platform';
const DEAUTHORIZED_PARTITION = '#deauthorized';

/** One simulated Stripe: its objects, its time and the events that are to go out. */
export class World {
  readonly store = new Store();
  readonly deliveries: Deliveries;
  outbox: Announced[] = [];
  private depth = 0;

  constructor(
    readonly clock: AdjustableClock,
    options: DeliveryOptions = {},
  ) {
    this.deliveries = new Deliveries(this.store, options);
  }

  now(): number {
    return Math.floor(this.clock.now().getTime() / MS_PER_SECOND);
  }

  /** The account whose key is used. It is no member of its own list of accounts. */
  platformAccount(): Kinds['account'] {
    const [known] = this.store.all(PLATFORM_PARTITION, 'account');
    return known ?? this.store.put(PLATFORM_PARTITION, 'account', platformAccount(this.now()));
  }

  isDeauthorized(account: string): boolean {
    return this.store.get(DEAUTHORIZED_PARTITION, 'account', account) !== undefined;
  }

  deauthorize(account: Kinds['account']): void {
    this.store.put(DEAUTHORIZED_PARTITION, 'account', account);
  }

  /** One request: all of its changes and events, or none when it is refused. */
  transact<T>(work: () => T): T {
    const mark = this.outbox.length;
    const undoes = (error: unknown): boolean => !(error instanceof StripeFailure && error.keepsChanges);
    this.depth++;
    try {
      return this.store.atomically(work, (error) => {
        if (undoes(error)) this.outbox.length = mark;
        return undoes(error);
      });
    } finally {
      if (--this.depth === 0) this.flush();
    }
  }

  /** What would come of `work`: nothing that it stores or tells remains. */
  rehearse<T>(work: () => T): T {
    const mark = this.outbox.length;
    try {
      return this.store.rehearse(work);
    } finally {
      this.outbox.length = mark;
    }
  }

  private flush(): void {
    const events = this.outbox;
    this.outbox = [];
    for (const event of events) this.deliveries.enqueue(event);
  }
}
