import type { IncomingMessage } from 'node:http';
import { Logger } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { keyIdOf } from './access/call-state.js';
import { DomainError, ERROR_KINDS, errorBody } from './common/errors.js';
import { acceptRequestId, runWithRequestId } from './common/request-context.js';
import type { AppConfig } from './config/app-config.js';
import { letPortalPagesIn } from './portal-cors.js';

export const BODY_BYTES_MAX = 1_048_576;
/** A whole request, headers included, must have arrived within this; slower clients get 408 and lose their connection. */
const REQUEST_LIMIT_MS = 15_000;
const HEADERS_LIMIT_MS = 10_000;
const IDLE_LIMIT_MS = 60_000;
const CHECK_EVERY_MS = 1_000;
const PATH_PARAM_CHARS_MAX = 300;

const WEBHOOK_PREFIX = '/webhooks/';
/** Takes a file as it comes; whoever handles it limits it, after it is known who sends it. */
const UPLOAD_ROUTE = '/v1/imports';
/** What a `worker` serves: enough for whoever watches over it. */
const OPS_ROUTES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** One method and path that the server answers. */
export interface HttpRoute {
  method: string;
  path: string;
}

export interface HttpFace {
  adapter: FastifyAdapter;
  /** Filled while the application registers its routes. */
  routes: HttpRoute[];
}

/** The HTTP server with everything that happens before Nest: limits, request ids, bodies, the access log. */
export function createHttpFace(config: AppConfig): HttpFace {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    requestTimeout: REQUEST_LIMIT_MS,
    connectionTimeout: IDLE_LIMIT_MS,
    http: { headersTimeout: HEADERS_LIMIT_MS, connectionsCheckingInterval: CHECK_EVERY_MS },
    routerOptions: { maxParamLength: PATH_PARAM_CHARS_MAX },
    requestIdHeader: false,
    frameworkErrors: refuseUrl,
    genReqId: (request: IncomingMessage) => acceptRequestId([request.headers['x-request-id']].flat()[0]),
  });
  const server = adapter.getInstance();
  const routes: HttpRoute[] = [];
  server.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, path: url });
  });
  carryRequestId(server);
  letPortalPagesIn(server, config.portalOrigins);
  if (config.role === 'worker') serveOnlyOps(server);
  logRequests(server);
  acceptBodies(server);
  server.addHook('onRequest', (request, _reply, done) => {
    // Signed bytes are taken whatever they are called, also by names that are no media type.
    if (isWebhook(request)) request.headers['content-type'] = 'application/octet-stream';
    done();
  });
  return { adapter, routes };
}

/** The router gives up on some URLs before any hook or filter of ours runs. */
function refuseUrl(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const error = new DomainError(
    'invalid_argument',
    'invalid_url',
    'the URL cannot be decoded, or a part of it is too long',
  );
  void reply.code(ERROR_KINDS[error.kind].http).header('x-request-id', request.id).send(errorBody(error, request.id));
}

function carryRequestId(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    runWithRequestId(request.id, done);
  });
  // Reading a body leaves the asynchronous context that onRequest opened.
  server.addHook('preValidation', (request, _reply, done) => {
    runWithRequestId(request.id, done);
  });
}

function serveOnlyOps(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    if (request.is404 || OPS_ROUTES.has(request.routeOptions.url ?? '')) done();
    else reply.callNotFound();
  });
}

/** One line per request, with the route's pattern instead of the URL: paths and queries may name people. */
function logRequests(server: FastifyInstance): void {
  const logger = new Logger('Http');
  server.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const route = request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched');
    const line = {
      message: 'answered',
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      keyId: keyIdOf(request),
    };
    runWithRequestId(request.id, () => (isRoutine(route, reply.statusCode) ? logger.debug(line) : logger.log(line)));
    done();
  });
}

/** Probes, and deliveries that were stored: the inbox tells of those, and there are many. */
function isRoutine(route: string, status: number): boolean {
  return OPS_ROUTES.has(route) || (route.startsWith(WEBHOOK_PREFIX) && status === 200);
}

/**
 * Webhooks of any content type reach their handler as the raw bytes that were signed, unparsed; files that are uploaded, as a
 * stream. Everything else must be JSON. Which holds is decided by the matched route, never by the URL as it was written.
 */
function acceptBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser(
    /^application\/(?:[\w.+-]+\+)?json(?:;|$)/i,
    { parseAs: 'buffer' },
    (request, body: Buffer, done) => {
      if (isWebhook(request)) return keepRaw(request, body, done);
      if (body.length === 0) return done(null, undefined);
      void parseJson(request, body.toString('utf8'), (error, value) =>
        done(error ? malformedJson(error) : null, value),
      );
    },
  );
  server.addContentTypeParser(/^text\/csv(?:;|$)/i, (request, body, done) => {
    if (request.routeOptions.url === UPLOAD_ROUTE) return done(null, body);
    body.resume();
    done(unsupportedMediaType());
  });
  // What was not read of a file that was refused would stand before the connection's next request.
  server.addHook('onResponse', (request, _reply, done) => {
    if (request.routeOptions.url === UPLOAD_ROUTE) request.raw.resume();
    done();
  });
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (isWebhook(request)) return keepRaw(request, body, done);
    if (body.length === 0) return done(null, undefined);
    done(unsupportedMediaType());
  });
}

/** As Fastify itself says it. */
function unsupportedMediaType(): Error {
  return Object.assign(new Error('unsupported media type'), { name: 'FastifyError', statusCode: 415 });
}

function isWebhook(request: FastifyRequest): boolean {
  return request.routeOptions.url?.startsWith(WEBHOOK_PREFIX) ?? false;
}

function keepRaw(request: FastifyRequest, body: Buffer, done: (error: null, body?: unknown) => void): void {
  (request as FastifyRequest & { rawBody?: Buffer }).rawBody = body;
  done(null, undefined);
}

function malformedJson(cause: Error): DomainError {
  return new DomainError('invalid_argument', 'malformed_json', 'body must be valid JSON', { field: 'body', cause });
}

/** An address that can be called: one that stands for all of them is shown as this machine's. */
export function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
