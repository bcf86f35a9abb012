import * as http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripeId } from '../core/ids.js';
import { PLATFORM, Scope } from '../core/scope.js';
import { API_VERSION } from '../core/wire.js';
import type { World } from '../core/world.js';
import { failure, invalidJson, isV2, rateLimited, serverError, unknownRoute, type Answer } from './answers.js';
import { authenticate, accountOf } from './authentication.js';
import { expand, type Includes } from './expand.js';
import type { Fault, Faults } from './faults.js';
import { parseForm, type FormObject } from './form-body.js';
import type { IdempotencyKeys } from './idempotency.js';
import { readShape } from './params.js';
import type { RateLimiter } from './rate-limiter.js';
import type { LoggedRequest, RequestLog } from './request-log.js';
import { checkPermission } from './restricted-keys.js';
import type { Route, Router } from './router.js';

const MAX_BODY_BYTES = 1_048_576;
/** A test fills the sandbox with all of its objects at once. */
const MAX_CONTROL_BODY_BYTES = 512 * 1_048_576;

export interface ApiParts {
  world: World;
  router: Router;
  includes: Includes;
  idempotency: IdempotencyKeys;
  faults: Faults;
  requests: RequestLog;
  limiter: RateLimiter;
  /** Answers `/_sandbox/…`. */
  control(
    method: string,
    path: string,
    query: URLSearchParams,
    body: string,
  ): Promise<{ status: number; body: unknown }>;
}

/** Closed without an answer, or left open until the client gives up. */
type Broken = 'reset' | 'hang';

interface Incoming {
  method: string;
  path: string;
  query: string;
  body: string;
  key: string | null;
  headers: http.IncomingHttpHeaders;
  log: LoggedRequest;
}

/** The face towards the SDK: one request in, one answer (or a fault) out. */
export class ApiServer {
  constructor(private readonly parts: ApiParts) {}

  async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const controls = url.pathname.startsWith('/_sandbox/');
    const body = await readBody(request, controls ? MAX_CONTROL_BODY_BYTES : MAX_BODY_BYTES);
    if (body === null) {
      response.writeHead(413).end();
      return;
    }
    const method = request.method ?? 'GET';
    if (controls) {
      const answer = await this.parts.control(method, url.pathname, url.searchParams, body);
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer.body ?? {}));
      return;
    }
    const key = header(request.headers, 'idempotency-key');
    const log: LoggedRequest = {
      id: stripeId('req', 14),
      method,
      path: url.pathname,
      query: url.search.slice(1),
      body,
      idempotencyKey: key,
      account: header(request.headers, 'stripe-account'),
      status: null,
      replayed: false,
    };
    this.parts.requests.add(log);
    const incoming = { method, path: url.pathname, query: log.query, body, key, headers: request.headers, log };
    this.send(response, incoming, await this.answer(incoming));
  }

  private async answer(incoming: Incoming): Promise<Answer | Broken> {
    const { limiter, router } = this.parts;
    const { method, path, log } = incoming;
    try {
      const key = authenticate(incoming.headers);
      const found = router.find(method, path);
      const endpoint = `${method} ${found?.route.path ?? path}`;
      const reason = limiter.enter(endpoint, performance.now());
      if (reason !== null) return rateLimited(log.id, { reason });
      try {
        if (limiter.latencyMs > 0) await sleep(limiter.latencyMs);
        return await this.admitted(incoming, key, found);
      } finally {
        limiter.leave(endpoint);
      }
    } catch (error) {
      return failure(error, log.id, path);
    }
  }

  private async admitted(incoming: Incoming, key: string, found: Found | null): Promise<Answer | Broken> {
    const { method, path, log } = incoming;
    const account = accountOf(incoming.headers, this.parts.world);
    const fault = this.parts.faults.take(method, path);
    if (fault?.kind === 'rate_limit') return rateLimited(log.id, fault);
    checkPermission(this.parts.world, key, method, path, account);
    if (!found) throw unknownRoute(method, path);
    return this.once(incoming, account, fault, () => this.execute(incoming, account, found.route, found.ids));
  }

  /** Keeps Stripe's promise on the idempotency key around `execute`, and lets the fault happen where it is to happen. */
  private async once(
    incoming: Incoming,
    account: string,
    fault: Fault | null,
    execute: () => Execution,
  ): Promise<Answer | Broken> {
    const { idempotency, world } = this.parts;
    const key = incoming.method === 'POST' && incoming.key !== null ? `${account}|${incoming.key}` : null;
    const broken = fault?.kind === 'hang' || fault?.kind === 'reset' ? fault.kind : null;
    if (key) {
      const saved = idempotency.claim(key, incoming.path, incoming.body, world.now());
      if (saved) return broken ?? { status: saved.status, body: saved.body, replayOf: saved.requestId };
    }
    // The key is in use meanwhile, so that a second request under it meets the first.
    if (fault?.latencyMs) await sleep(fault.latencyMs);
    if (broken && !fault?.committed) {
      if (key) idempotency.release(key);
      return broken;
    }
    let answer: Answer;
    let saves = true;
    if (fault?.kind === 'server_error' && !fault.committed) {
      answer = serverError(incoming.log.id, fault);
    } else {
      const execution = execute();
      saves = execution.began;
      answer = fault?.kind === 'server_error' ? serverError(incoming.log.id, fault) : execution.answer;
    }
    if (key && saves) idempotency.save(key, { status: answer.status, body: answer.body, requestId: incoming.log.id });
    else if (key) idempotency.release(key);
    return broken ?? answer;
  }

  private execute(incoming: Incoming, account: string, route: Route, ids: string[]): Execution {
    let began = false;
    try {
      const form = parametersOf(incoming);
      const params = readShape(route.shape, form) as Record<string, unknown>;
      began = true;
      const identity = { id: incoming.log.id, idempotency_key: incoming.key };
      const scope = new Scope(this.parts.world, account, identity);
      const result = this.parts.world.transact(() => {
        const object = route.run(scope, params, ids);
        return expand(scope, object, (params.expand as string[] | undefined) ?? [], this.parts.includes);
      });
      return { began, answer: { status: 200, body: JSON.stringify(result, null, 2) } };
    } catch (error) {
      return { began, answer: failure(error, incoming.log.id, incoming.path) };
    }
  }

  private send(response: http.ServerResponse, incoming: Incoming, answer: Answer | Broken): void {
    if (answer === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    if (answer === 'hang' || response.destroyed) return;
    incoming.log.status = answer.status;
    incoming.log.replayed = answer.replayOf !== undefined;
    // The service measures Stripe's time by this header, so it must be the sandbox's and not the machine's.
    response.sendDate = false;
    response.writeHead(answer.status, {
      date: this.parts.world.clock.now().toUTCString(),
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer.body),
      'request-id': incoming.log.id,
      'stripe-version': API_VERSION,
      ...(incoming.key !== null && { 'idempotency-key': incoming.key }),
      ...(answer.replayOf !== undefined && { 'idempotent-replayed': 'true', 'original-request': answer.replayOf }),
      ...(incoming.log.account !== null &&
        incoming.log.account !== PLATFORM && { 'stripe-account': incoming.log.account }),
      ...answer.headers,
    });
    response.end(answer.body);
  }
}

type Found = NonNullable<ReturnType<Router['find']>>;

interface Execution {
  /** Parameters were valid and the endpoint began to work: from here on the answer is saved under the key. */
  began: boolean;
  answer: Answer;
}

const header = (headers: http.IncomingHttpHeaders, name: string): string | null => [headers[name]].flat()[0] ?? null;

/** v1 takes forms, v2 JSON; queries are the same. */
function parametersOf({ method, path, query, body }: Incoming): FormObject {
  if (!isV2(path)) return parseForm([query, method === 'GET' ? '' : body].filter(Boolean).join('&'));
  if (method === 'GET' || body === '') return parseForm(query);
  try {
    return { ...parseForm(query), ...(JSON.parse(body) as FormObject) };
  } catch {
    throw invalidJson();
  }
}

async function readBody(request: http.IncomingMessage, limit: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
