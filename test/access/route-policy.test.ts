import { request as httpRequest } from 'node:http';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { AccessLimits } from '../../src/access/rate-limits.service.js';
import { policyOf } from '../../src/access/policy.js';
import type { AccessPolicy } from '../../src/access/policy.js';
import { loadContract } from '../../src/grpc-server.js';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';

const MANY = { windowMs: 60_000, hitsMax: 1_000_000 };

/** Every route that answers without a key. A new one is added here by hand, after thinking. */
const PUBLIC_ROUTES: ReadonlySet<string> = new Set([
  '/openapi.json',
  '/docs',
  '/docs/start.js',
  '/docs/swagger-ui.css',
  '/docs/swagger-ui-bundle.js',
  '/livez',
  '/readyz',
  '/metrics',
  '/r/:code',
  '/t.js',
  '/webhooks/stripe',
  '/webhooks/stripe/:endpointId',
]);

interface Handler {
  name: string;
  policy: AccessPolicy | undefined;
  isHttp: boolean;
  rpc: string | null;
}

let service: TestService;
let handlers: Handler[];

beforeAll(async () => {
  service = await startTestService({ limits: new AccessLimits({ failed_auth: MANY, address: MANY, key: MANY }) });
  handlers = declaredHandlers();
});
afterAll(() => service?.stop());

function declaredHandlers(): Handler[] {
  const { app } = service;
  const reflector = app.get(Reflector);
  const scanner = new MetadataScanner();
  return app
    .get(DiscoveryService)
    .getControllers()
    .flatMap(({ instance, metatype }) => {
      const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
      return scanner.getAllMethodNames(prototype).flatMap((method): Handler[] => {
        const handler = prototype[method] ?? {};
        const patterns = Reflect.getMetadata(PATTERN_METADATA, handler) as { rpc?: string }[] | undefined;
        const isHttp = Reflect.hasMetadata(METHOD_METADATA, handler);
        if (!isHttp && !patterns) return [];
        const policy = policyOf(reflector, handler, metatype as object);
        return [
          { name: `${(metatype as { name: string }).name}.${method}`, policy, isHttp, rpc: patterns?.[0]?.rpc ?? null },
        ];
      });
    });
}

/** Sends the path as it stands; `fetch` would tidy it up. */
function rawStatus(method: string, path: string): Promise<number> {
  const url = new URL(service.httpUrl);
  return new Promise((resolve, reject) => {
    // Node gives a body no length with these, so that it would not even be HTTP.
    const isBare = ['GET', 'HEAD', 'DELETE'].includes(method);
    const headers = isBare ? {} : { 'content-type': 'application/json' };
    const request = httpRequest(
      { host: url.hostname, port: url.port, method, path, headers, agent: false },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    request.on('error', (error) => reject(new Error(`${method} ${path}: ${error.message}`)));
    request.end(isBare ? undefined : '{}');
  });
}

/** Spellings that have talked routers and guards apart before. */
function oddSpellings(path: string): string[] {
  const [, first = ''] = path.split('/');
  return [
    `/${path}`,
    `//${path}`,
    `${path}/`,
    `${path}//`,
    `/${path.slice(1).replaceAll('/', '%2F')}`,
    path.replace(/\/(?=[^/]*$)/, '%2F'),
    path.toUpperCase(),
    `${path}?`,
    `${path};a=b`,
    `${path}%00`,
    `/.${path}`,
    `/${first}/..${path}`,
    `${path}#x`,
    path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  ];
}

describe('every handler', () => {
  it('declares a policy', () => {
    expect(handlers.length).toBeGreaterThan(0);
    expect(handlers.filter(({ policy }) => !policy).map(({ name }) => name)).toEqual([]);
  });

  it('that is public says why', () => {
    const silent = handlers.filter(({ policy }) => policy?.kind === 'public' && policy.reason.length < 10);
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

describe('every HTTP route', () => {
  it('belongs to a handler of ours, or is the HEAD of one', () => {
    const gets = new Set(service.routes.filter(({ method }) => method === 'GET').map(({ path }) => path));
    const own = service.routes.filter(({ method, path }) => method !== 'HEAD' || !gets.has(path));
    expect(own.length).toBe(handlers.filter(({ isHttp }) => isHttp).length);
  });

  it('is closed to callers without a key, however its path is spelled', async () => {
    const open: string[] = [];
    for (const { method, path } of service.routes) {
      if (PUBLIC_ROUTES.has(path)) continue;
      const concrete = path.replaceAll(/:\w+/g, 'x');
      expect([method, path, await rawStatus(method, concrete)]).toEqual([method, path, 401]);
      for (const spelling of oddSpellings(concrete)) {
        const answered = await rawStatus(method, spelling);
        if (answered < 400) open.push(`${method} ${spelling} → ${answered}`);
      }
    }
    expect(open).toEqual([]);
  });

  it('that is unknown is not found, with and without a key', async () => {
    for (const headers of [undefined, { authorization: '' }]) {
      const answer = await service.http('GET', '/v1/nothing-here', undefined, headers);
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'route_not_found' } } });
    }
  });
});

describe('every gRPC method', () => {
  const declared = Object.entries(loadContract()).flatMap(([name, definition]) =>
    'format' in definition
      ? []
      : Object.keys(definition).map((method) => ({ service: name.split('.').at(-1) ?? '', method })),
  );

  it.each(declared)('$service/$method is closed to callers without a key', async ({ service: name, method }) => {
    const answer = await service.grpc.call(name, method, {}, { headers: { authorization: '' } });

    expect(answer.code).toBe(status.UNAUTHENTICATED);
  });

  it('has one handler, and every handler a method', () => {
    const handled = handlers.flatMap(({ rpc }) => rpc ?? []).sort();
    const expected = declared.map(({ method }) => method);
    expect(handled).toEqual(expected.sort());
  });
});
