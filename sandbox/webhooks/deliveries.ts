import { seededRandom, shuffled } from '../core/random.js';
import type { Store } from '../core/store.js';
import { kindOf } from '../core/objects.js';
import { Poster } from './post.js';
import { signPayload } from './signature.js';
import { subscriberById, subscribersOf, type Announced, type Subscriber } from './subscribers.js';

export type DeliveryStatus = 'pending' | 'delivered' | 'failed' | 'held' | 'dropped';

export interface Delivery {
  id: string;
  eventId: string;
  type: string;
  /** A thin event of v2. */
  thin?: boolean;
  endpointId: string;
  url: string;
  account: string;
  status: DeliveryStatus;
  attempts: number;
  lastStatus: number | null;
  lastError: string | null;
}

export interface DeliveryOptions {
  /** Real milliseconds between attempts; their number bounds the retries. */
  retryDelaysMs?: number[];
  maxParallel?: number;
  timeoutMs?: number;
  seed?: number;
}

/** How deliveries go wrong on request. Real Stripe promises neither order nor once. */
export interface Disorder {
  /** Each delivery is made this many times. */
  copies: number;
  /** Deliveries are collected this long (real ms) and then sent in random order. */
  shuffleWindowMs: number;
  /** The share of deliveries that is never sent. */
  dropRate: number;
  /** Types that are never sent. */
  dropTypes: string[];
}

const DEFAULT_RETRIES_MS = [200, 1_000, 5_000, 30_000, 60_000, 300_000];
const DEFAULT_PARALLEL = 8;
const DEFAULT_TIMEOUT_MS = 10_000;
/** Finished deliveries that are remembered. */
const MAX_RECORDS = 50_000;
const ORDERLY: Disorder = { copies: 1, shuffleWindowMs: 0, dropRate: 0, dropTypes: [] };

export class Deliveries {
  private records = new Map<string, Delivery>();
  private byEvent = new Map<string, Delivery[]>();
  private queue: Delivery[] = [];
  private window: Delivery[] = [];
  private windowTimer: NodeJS.Timeout | null = null;
  private retries = new Map<string, NodeJS.Timeout>();
  private underWay = 0;
  private holding = false;
  private stopped = false;
  private disorder: Disorder = { ...ORDERLY };
  private idleWaiters: (() => void)[] = [];
  private counter = 0;
  private readonly random: () => number;
  private readonly poster: Poster;
  private readonly retryDelaysMs: number[];
  private readonly maxParallel: number;

  constructor(
    private readonly store: Store,
    options: DeliveryOptions,
  ) {
    this.random = seededRandom(options.seed ?? 1);
    this.poster = new Poster(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    this.retryDelaysMs = options.retryDelaysMs ?? DEFAULT_RETRIES_MS;
    this.maxParallel = options.maxParallel ?? DEFAULT_PARALLEL;
  }

  /** The endpoints that an event of this type goes to. */
  subscribers(event: Omit<Announced, 'id'>): Subscriber[] {
    return subscribersOf(this.store, event);
  }

  enqueue(event: Announced): void {
    for (const endpoint of this.subscribers(event)) {
      for (let copy = 0; copy < this.disorder.copies; copy++) this.add(event, endpoint);
    }
  }

  /** Sets how deliveries go wrong from now on; without an argument they are orderly again. */
  misbehave(disorder: Partial<Disorder> = ORDERLY): void {
    this.disorder = { ...ORDERLY, ...disorder };
  }

  list(filter: { status?: DeliveryStatus; eventId?: string; type?: string } = {}): Delivery[] {
    const candidates = filter.eventId === undefined ? this.records.values() : (this.byEvent.get(filter.eventId) ?? []);
    return [...candidates].filter(
      ({ status, type }) =>
        (filter.status === undefined || status === filter.status) &&
        (filter.type === undefined || type === filter.type),
    );
  }

  /** New deliveries wait until they are released. */
  hold(): void {
    this.holding = true;
  }

  /** Sends what was held: in the given order of event ids or delivery ids (others stay held), else oldest first. */
  release(order?: readonly string[]): void {
    const held = this.list({ status: 'held' });
    const chosen = order
      ? order.flatMap((id) => held.filter((delivery) => delivery.eventId === id || delivery.id === id))
      : held;
    if (!order) this.holding = false;
    for (const delivery of new Set(chosen)) this.push(delivery);
    this.pump();
  }

  /** Sends an event of the past again, to every endpoint that takes it. */
  redeliver(event: Announced, times = 1): Delivery[] {
    const made: Delivery[] = [];
    for (const endpoint of this.subscribers(event)) {
      for (let n = 0; n < times; n++) {
        const delivery = this.record(event, endpoint);
        made.push(delivery);
        this.push(delivery);
      }
    }
    this.pump();
    return made;
  }

  /** Resolves when nothing is under way, collected for shuffling or waiting for a retry. Held deliveries do not count. */
  idle(): Promise<void> {
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** What a restart is to send again. */
  unfinished(): Delivery[] {
    return this.list().filter(({ status }) => status === 'pending' || status === 'held');
  }

  restore(deliveries: Delivery[]): void {
    for (const saved of deliveries) {
      const delivery = { ...saved, id: this.nextId() };
      this.remember(delivery);
      if (delivery.status === 'held') this.holding = true;
      else this.push(delivery);
    }
    this.pump();
  }

  /** Nothing is sent afterwards; unfinished deliveries stay listed as such. */
  stop(): void {
    this.stopped = true;
    for (const timer of this.retries.values()) clearTimeout(timer);
    if (this.windowTimer) clearTimeout(this.windowTimer);
    this.retries.clear();
    this.poster.close();
    for (const done of this.idleWaiters.splice(0)) done();
  }

  private add(event: Announced, endpoint: Subscriber): void {
    const delivery = this.record(event, endpoint);
    if (this.disorder.dropTypes.includes(event.type) || this.random() < this.disorder.dropRate) {
      delivery.status = 'dropped';
    } else if (this.holding) {
      delivery.status = 'held';
    } else if (this.disorder.shuffleWindowMs > 0) {
      this.collect(delivery);
    } else {
      this.push(delivery);
      setImmediate(() => this.pump());
    }
  }

  private collect(delivery: Delivery): void {
    this.window.push(delivery);
    this.windowTimer ??= setTimeout(() => {
      this.windowTimer = null;
      for (const one of shuffled(this.window.splice(0), this.random)) this.push(one);
      this.pump();
    }, this.disorder.shuffleWindowMs);
  }

  private record(event: Announced, endpoint: Subscriber): Delivery {
    const delivery: Delivery = {
      id: this.nextId(),
      eventId: event.id,
      type: event.type,
      ...(event.object === 'v2.core.event' && { thin: true }),
      endpointId: endpoint.id,
      url: endpoint.url,
      account: event.account ?? '',
      status: 'pending',
      attempts: 0,
      lastStatus: null,
      lastError: null,
    };
    this.remember(delivery);
    this.forgetOldest();
    return delivery;
  }

  private push(delivery: Delivery): void {
    delivery.status = 'pending';
    this.queue.push(delivery);
  }

  private pump(): void {
    while (!this.stopped && this.underWay < this.maxParallel && this.queue.length > 0) {
      const delivery = this.queue.shift() as Delivery;
      this.underWay++;
      void this.attempt(delivery).finally(() => {
        this.underWay--;
        this.pump();
        if (this.isIdle()) for (const done of this.idleWaiters.splice(0)) done();
      });
    }
  }

  private async attempt(delivery: Delivery): Promise<void> {
    const event = this.store.get(delivery.account, delivery.thin ? kindOf('v2.core.event') : 'event', delivery.eventId);
    const endpoint = subscriberById(this.store, delivery.endpointId);
    if (!event || !endpoint) {
      delivery.status = 'failed';
      delivery.lastError = 'the event or the endpoint is gone';
      return;
    }
    const body = Buffer.from(JSON.stringify(event, null, 2));
    const signature = signPayload(body, endpoint.secrets);
    const { status, error } = await this.poster.post(endpoint.url, body, signature);
    delivery.attempts++;
    delivery.lastStatus = status;
    delivery.lastError = error;
    if (status !== null && status >= 200 && status < 300) delivery.status = 'delivered';
    else this.retryLater(delivery);
  }

  private retryLater(delivery: Delivery): void {
    const delayMs = this.retryDelaysMs[delivery.attempts - 1];
    if (this.stopped) return;
    if (delayMs === undefined) {
      delivery.status = 'failed';
      return;
    }
    const timer = setTimeout(() => {
      this.retries.delete(delivery.id);
      this.push(delivery);
      this.pump();
    }, delayMs);
    this.retries.set(delivery.id, timer);
  }

  private isIdle(): boolean {
    return this.underWay === 0 && this.queue.length === 0 && this.window.length === 0 && this.retries.size === 0;
  }

  private nextId(): string {
    return `delivery_${++this.counter}`;
  }

  private remember(delivery: Delivery): void {
    this.records.set(delivery.id, delivery);
    const known = this.byEvent.get(delivery.eventId);
    if (known) known.push(delivery);
    else this.byEvent.set(delivery.eventId, [delivery]);
  }

  private forgetOldest(): void {
    if (this.records.size <= MAX_RECORDS) return;
    for (const [id, { status, eventId }] of this.records) {
      if (status === 'pending' || status === 'held') continue;
      this.records.delete(id);
      this.byEvent.delete(eventId);
      return;
    }
  }
}
