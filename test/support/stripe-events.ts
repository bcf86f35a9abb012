import { createHmac, randomBytes } from 'node:crypto';
import type { PollingWorker } from '../../src/common/background-worker.js';
import type { HttpAnswer, TestService } from './test-service.js';

export type StripeObject = Record<string, unknown> & { id: string; object: string };

export interface StripeEvent {
  id: string;
  object: 'event';
  type: string;
  created: number;
  livemode: boolean;
  api_version: string;
  account?: string;
  data: { object: Record<string, unknown>; previous_attributes?: Record<string, unknown> };
}

export interface EventOptions {
  id?: string;
  /** Unix seconds; now when left out. */
  created?: number;
  livemode?: boolean;
  account?: string;
  apiVersion?: string;
  previous?: Record<string, unknown>;
}

const CURRENT_VERSION = '2026-10-28.endive';

export function randomId(prefix: string): string {
  return `${prefix}_${randomBytes(10).toString('hex')}`;
}

export function stripeEvent(type: string, object: Record<string, unknown>, options: EventOptions = {}): StripeEvent {
  return {
    id: options.id ?? randomId('evt'),
    object: 'event',
    type,
    created: options.created ?? Math.floor(Date.now() / 1000),
    livemode: options.livemode ?? false,
    api_version: options.apiVersion ?? CURRENT_VERSION,
    ...(options.account === undefined ? {} : { account: options.account }),
    data: { object, ...(options.previous === undefined ? {} : { previous_attributes: options.previous }) },
  };
}

/** `Stripe-Signature` as Stripe makes it, over the bytes that will be sent. */
export function signatureOf(
  body: string,
  secrets: readonly string[],
  timestamp = Math.floor(Date.now() / 1000),
): string {
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`,
  );
  return [`t=${timestamp}`, ...signatures].join(',');
}

/** Delivers an event as Stripe does: signed, to the default endpoint unless another is named. */
export async function deliver(
  service: Pick<TestService, 'http' | 'config'>,
  event: StripeEvent,
  { path = '/webhooks/stripe', secret }: { path?: string; secret?: string } = {},
): Promise<HttpAnswer> {
  const body = JSON.stringify(event);
  const secrets = secret === undefined ? service.config.stripeWebhookSecrets.slice(0, 1) : [secret];
  return service.http('POST', path, body, { 'stripe-signature': signatureOf(body, secrets), authorization: '' });
}

/** Delivers all, in their order, and fails on the first that is not acknowledged. */
export async function deliverAll(
  service: Pick<TestService, 'http' | 'config'>,
  events: readonly StripeEvent[],
): Promise<void> {
  for (const event of events) {
    const answer = await deliver(service, event);
    if (answer.status !== 200)
      throw new Error(`${event.type} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
}

const PASSES_MAX = 50;

/** Applies everything that is stored and settles everything that was touched, until both queues are empty. */
export async function drain(
  service: Pick<TestService, 'workers'>,
  names: readonly string[] = ['inbox', 'settle'],
): Promise<void> {
  const workers = names.map((name) => service.workers.get(name) as PollingWorker);
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    let done = 0;
    for (const worker of workers) done += await worker.drain();
    if (done === 0) return;
  }
  throw new Error(`the queues are not empty after ${PASSES_MAX} passes`);
}

const ANSWERS_WITHIN_MS = 15_000;

/** The same, and asks Stripe everything that is still open; what must wait for a later second of Stripe's clock is waited for. */
export async function drainWithRefetches(service: Pick<TestService, 'workers' | 'db'>): Promise<void> {
  const until = Date.now() + ANSWERS_WITHIN_MS;
  for (;;) {
    await drain(service, ['inbox', 'refetch', 'settle']);
    const [open] = await service.db.query<Array<{ seconds: string | null }>>(
      `SELECT extract(epoch FROM min(available_at) - now()) AS seconds FROM tributary.refetch`,
    );
    if (open?.seconds == null) return;
    if (Date.now() > until) {
      const left = await service.db.query<unknown[]>(
        `SELECT object_table, object_id, reason, min_stamp, attempts, error FROM tributary.refetch LIMIT 5`,
      );
      throw new Error(`questions to Stripe are still open, such as ${JSON.stringify(left)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(20, Number(open.seconds) * 1000)));
  }
}
