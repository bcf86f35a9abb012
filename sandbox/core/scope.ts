import { noSuch, StripeFailure } from './errors.js';
import { previousAttributes } from './previous-attributes.js';
import { buildEvent } from '../webhooks/build-event.js';
import type { EventRow, Kind, Kinds } from './wire.js';
import type { World } from './world.js';

export interface RequestIdentity {
  id: string | null;
  idempotency_key: string | null;
}
/** What happened on Stripe's side, not on a request of ours. */
export const NO_REQUEST: RequestIdentity = { id: null, idempotency_key: null };

/** The platform's own objects live under this account key. */
export const PLATFORM = '';

type Eventful<K extends Kind> = Kinds[K] & { id: string };

/** Everything a handler may do: read and replace objects of one account, at one time, on behalf of one request. */
export class Scope {
  constructor(
    readonly world: World,
    readonly account: string = PLATFORM,
    readonly request: RequestIdentity = NO_REQUEST,
    private readonly fixedAt: number | null = null,
  ) {}

  /** Business time in whole seconds. */
  get now(): number {
    return this.fixedAt ?? this.world.now();
  }

  at(seconds: number): Scope {
    return new Scope(this.world, this.account, this.request, seconds);
  }

  in(account: string): Scope {
    return account === this.account ? this : new Scope(this.world, account, this.request, this.fixedAt);
  }

  /** The time of a customer's own test clock, when it has one. */
  forCustomer(customer: string | null): Scope {
    if (this.fixedAt !== null || customer === null) return this;
    return this.forTestClock(this.maybe('customer', customer)?.test_clock ?? null);
  }

  forTestClock(testClock: string | null): Scope {
    if (this.fixedAt !== null || testClock === null) return this;
    const clock = this.maybe('test_helpers.test_clock', testClock);
    return clock ? this.at(clock.frozen_time) : this;
  }

  maybe<K extends Kind>(kind: K, id: string): Kinds[K] | undefined {
    return this.world.store.get(this.account, kind, id);
  }

  /** The object, or Stripe's `resource_missing`. `param` names where the id stood; the default is the path. */
  get<K extends Kind>(kind: K, id: string, param = 'id'): Kinds[K] {
    const found = this.maybe(kind, id);
    if (!found) throw noSuch(NOUNS[kind] ?? kind, id, param);
    return found;
  }

  /** Oldest first. */
  all<K extends Kind>(kind: K, matches: (row: Kinds[K]) => boolean = () => true): Kinds[K][] {
    const found: Kinds[K][] = [];
    for (const row of this.world.store.values(this.account, kind)) if (matches(row)) found.push(row);
    return found;
  }

  insert<K extends Kind>(kind: K, object: Eventful<K>, event?: string): Kinds[K] {
    this.world.store.put(this.account, kind, object);
    if (event) this.emit(event, object);
    return object;
  }

  /** Replaces fields. When something changed, `event` goes out with the old values. */
  update<K extends Kind>(kind: K, old: Eventful<K>, patch: Partial<Kinds[K]>, event?: string): Eventful<K> {
    const current = (this.maybe(kind, old.id) ?? old) as Eventful<K>;
    const changed = { ...current, ...patch };
    const previous = previousAttributes(current, changed);
    if (!previous) return current;
    this.world.store.put(this.account, kind, changed);
    if (event) this.emit(event, changed, previous);
    return changed;
  }

  remove<K extends Kind>(kind: K, object: Eventful<K>, event?: string): { id: string; object: K; deleted: true } {
    this.world.store.bury(this.account, kind, object.id);
    if (event) this.emit(event, object);
    return { id: object.id, object: kind, deleted: true };
  }

  emit(type: string, object: object, previous?: Record<string, unknown>): EventRow {
    const event = buildEvent(type, object, {
      created: this.now,
      ...(this.account !== PLATFORM && { account: this.account }),
      ...(previous && { previousAttributes: previous }),
      pendingWebhooks: this.world.deliveries.subscribers({
        object: 'event',
        type,
        ...(this.account !== PLATFORM && { account: this.account }),
      }).length,
      request: this.request,
    });
    this.world.store.put(this.account, 'event', event);
    this.world.outbox.push(event);
    return event;
  }
}

/** A failed payment stays on record: its charge and its events are not undone with the request. */
export function keepingChanges(failure: StripeFailure): StripeFailure {
  failure.keepsChanges = true;
  return failure;
}

const NOUNS: Partial<Record<Kind, string>> = {
  'checkout.session': 'checkout.session',
  'test_helpers.test_clock': 'test clock',
  promotion_code: 'promotion code',
  tax_rate: 'tax rate',
  payment_method: 'PaymentMethod',
  account: 'account',
};
