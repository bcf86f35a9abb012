import { StripeFailure } from '../core/errors.js';
import type { Fault, Faults } from '../http/faults.js';
import type { Limits, RateLimiter } from '../http/rate-limiter.js';
import type { RequestLog } from '../http/request-log.js';
import type { Permissions } from '../http/restricted-keys.js';
import type { Deliveries, DeliveryStatus, Disorder } from '../webhooks/deliveries.js';
import type { CapabilityName, CapabilityStatus } from '../billing/accounts.js';
import type { Operations } from './operations.js';
import type { GivenObject, PutEntry, PutOptions } from './stored-objects.js';

/** What the routes control: a sandbox, seen from here. */
export interface Controlled extends Operations {
  clock: { now(): Date };
  faults: Faults;
  requests: RequestLog;
  limiter: RateLimiter;
  deliveries: Deliveries;
  setClock(instant: Date): void;
  freezeClock(instant?: Date): void;
  advance(seconds: number): Promise<void>;
  idle(): Promise<void>;
}

export interface ControlAnswer {
  status: number;
  body: unknown;
}
type Body = Record<string, unknown>;
interface Call {
  id: string;
  /** The second parameter of a path. */
  second: string;
  body: Body;
  query: URLSearchParams;
}
type Handler = (sandbox: Controlled, call: Call) => unknown;

const TRUTH_PER_PAGE = 1_000;

function givenOf(sent: unknown): GivenObject {
  if (typeof sent === 'object' && sent !== null) return sent as GivenObject;
  throw new Error("Send the object itself in 'object', or many of them in 'objects'.");
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const clockOf = (sandbox: Controlled) => ({ now: sandbox.clock.now().toISOString() });

/** `METHOD path` with an `:id` and a `:second`, at most. JSON in, JSON out, loopback only, no key needed. */
const HANDLERS: Record<string, Handler> = {
  'GET /_sandbox/clock': (sandbox) => clockOf(sandbox),
  'POST /_sandbox/clock': (sandbox, { body }) => {
    sandbox.setClock(new Date(String(body.now)));
    return clockOf(sandbox);
  },
  'POST /_sandbox/clock/freeze': (sandbox, { body }) => {
    sandbox.freezeClock(body.now === undefined ? undefined : new Date(String(body.now)));
    return clockOf(sandbox);
  },
  'POST /_sandbox/clock/advance': async (sandbox, { body }) => {
    await sandbox.advance(Number(body.seconds));
    return clockOf(sandbox);
  },
  'GET /_sandbox/faults': (sandbox) => sandbox.faults.list(),
  'POST /_sandbox/faults': (sandbox, { body }) => ({ id: sandbox.faults.add(body as unknown as Fault) }),
  'DELETE /_sandbox/faults': (sandbox) => sandbox.faults.clear(),
  'DELETE /_sandbox/faults/:id': (sandbox, { id }) => sandbox.faults.clear(Number(id)),
  'GET /_sandbox/requests': (sandbox, { query }) =>
    sandbox.requests.list({ method: query.get('method') ?? undefined, path: query.get('path') ?? undefined }),
  'DELETE /_sandbox/requests': (sandbox) => sandbox.requests.clear(),
  'POST /_sandbox/checkout/sessions/:id/complete': (sandbox, { id, body }) => sandbox.completeCheckout(id, body),
  'POST /_sandbox/checkout/sessions/:id/async_payment': (sandbox, { id, body }) =>
    sandbox.finishAsyncPayment(id, body.outcome === 'fail' ? 'fail' : 'succeed'),
  'POST /_sandbox/disputes': (sandbox, { body }) => sandbox.openDispute(String(body.charge), body),
  'POST /_sandbox/disputes/:id/withdraw': (sandbox, { id }) => sandbox.withdrawDispute(id),
  'POST /_sandbox/disputes/:id/reinstate': (sandbox, { id }) => sandbox.reinstateDispute(id),
  'POST /_sandbox/disputes/:id/close': (sandbox, { id, body }) =>
    sandbox.closeDispute(id, body.outcome as 'won' | 'lost' | 'warning_closed'),
  'POST /_sandbox/refunds/:id/fail': (sandbox, { id, body }) => sandbox.failRefund(id, textOf(body.reason)),
  'POST /_sandbox/charges/:id/early_fraud_warning': (sandbox, { id, body }) =>
    sandbox.warnOfFraud(id, textOf(body.fraud_type)),
  'POST /_sandbox/accounts/:id/capability': (sandbox, { id, body }) =>
    sandbox.setCapability(id, body.name as CapabilityName, body.status as CapabilityStatus),
  'POST /_sandbox/accounts/:id/deauthorize': (sandbox, { id }) => sandbox.deauthorizeAccount(id),
  'POST /_sandbox/balance/add_funds': (sandbox, { body }) =>
    sandbox.addFunds(Number(body.amount), textOf(body.currency), textOf(body.account)),
  'POST /_sandbox/payouts/:id/settle': (sandbox, { id, body }) =>
    sandbox.settlePayout(id, body.outcome as 'paid' | 'failed' | 'canceled', textOf(body.account)),
  'POST /_sandbox/events': (sandbox, { body }) =>
    sandbox.emit(String(body.type), body.object as object, {
      account: textOf(body.account),
      previousAttributes: body.previous_attributes as Record<string, unknown> | undefined,
    }),
  'POST /_sandbox/webhook_endpoints': (sandbox, { body }) =>
    sandbox.addWebhookEndpoint(body as unknown as Parameters<Controlled['addWebhookEndpoint']>[0]),
  'POST /_sandbox/webhook_endpoints/:id/rotate': (sandbox, { id, body }) => ({
    secret: sandbox.rotateSecret(id, textOf(body.secret)),
  }),
  'POST /_sandbox/webhook_endpoints/:id/drop_old_secrets': (sandbox, { id }) => sandbox.dropOldSecrets(id),
  'GET /_sandbox/limits': (sandbox) => sandbox.limiter.report(),
  'POST /_sandbox/limits': (sandbox, { body }) => {
    sandbox.limiter.set(body as Limits);
    return sandbox.limiter.report();
  },
  'POST /_sandbox/keys': (sandbox, { body }) =>
    sandbox.restrictKey(String(body.key), (body.permissions ?? {}) as Permissions),
  'DELETE /_sandbox/keys/:id': (sandbox, { id }) => sandbox.liftRestrictions(id),
  'POST /_sandbox/objects': (sandbox, { body }) => {
    const options = {
      account: textOf(body.account),
      event: textOf(body.event),
      links: body.links as PutOptions['links'],
      children: body.children as PutOptions['children'],
    };
    return Array.isArray(body.objects)
      ? { stored: sandbox.putObjects(body.objects as (GivenObject | PutEntry)[], options) }
      : sandbox.putObject(givenOf(body.object), options);
  },
  'DELETE /_sandbox/objects/:id/:second': (sandbox, { id, second, body, query }) =>
    sandbox.removeObject(id, second, {
      account: textOf(body.account) ?? query.get('account') ?? undefined,
      event: textOf(body.event) ?? query.get('event') ?? undefined,
    }),
  'GET /_sandbox/truth': (sandbox, { query }) =>
    sandbox.truthPage({
      object: query.get('object') ?? undefined,
      account: query.get('account') ?? undefined,
      starting_after: query.get('starting_after') ?? undefined,
      limit: Number(query.get('limit') ?? TRUTH_PER_PAGE),
    }),
  'GET /_sandbox/deliveries': (sandbox, { query }) =>
    sandbox.deliveries.list({
      status: (query.get('status') ?? undefined) as DeliveryStatus | undefined,
      eventId: query.get('event') ?? undefined,
      type: query.get('type') ?? undefined,
    }),
  'POST /_sandbox/deliveries/misbehave': (sandbox, { body }) => sandbox.deliveries.misbehave(body as Partial<Disorder>),
  'POST /_sandbox/deliveries/hold': (sandbox) => sandbox.deliveries.hold(),
  'POST /_sandbox/deliveries/release': (sandbox, { body }) =>
    sandbox.deliveries.release(body.order as string[] | undefined),
  'POST /_sandbox/deliveries/redeliver': (sandbox, { body }) =>
    sandbox.redeliver(String(body.event), numberOf(body.times), textOf(body.account)),
  'POST /_sandbox/deliveries/idle': (sandbox) => sandbox.idle(),
};

const ROUTES = Object.entries(HANDLERS).map(([route, handle]) => {
  const [method = '', path = ''] = route.split(' ');
  return { method, pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '([^/]+)')}$`), handle };
});

/** The face towards tests and the demo. */
export function controlRoutes(sandbox: Controlled) {
  return async (method: string, path: string, query: URLSearchParams, raw: string): Promise<ControlAnswer> => {
    for (const route of ROUTES) {
      const match = route.method === method ? route.pattern.exec(path) : null;
      if (!match) continue;
      try {
        const body = raw === '' ? {} : (JSON.parse(raw) as Body);
        const [id = '', second = ''] = match.slice(1).map(decodeURIComponent);
        const result = await route.handle(sandbox, { id, second, body, query });
        return { status: 200, body: result };
      } catch (error) {
        if (error instanceof StripeFailure) return { status: error.status, body: error.body('req_sandbox') };
        const message = error instanceof Error ? error.message : String(error);
        return { status: 400, body: { error: { type: 'sandbox_error', message } } };
      }
    }
    return { status: 404, body: { error: { type: 'sandbox_error', message: `No control route ${method} ${path}.` } } };
  };
}
