import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import { planOfHandler, type IdempotencyPlan } from '../../src/access/idempotency.js';
import { policyOf, type AccessPolicy } from '../../src/access/policy.js';
import { GRPC_PACKAGE, loadContract } from '../../src/grpc-server.js';
import { startTestService, type TestService } from '../support/test-service.js';

/** Routes of other rooms, which have a gRPC contract of their own: what the company's services call, not all of it. */
const OTHER_ROOMS = /^(?:referrals|payouts|sandbox):/;

/** Routes that gRPC has no use for, and why. */
const HTTP_ONLY: Readonly<Record<string, string>> = {
  'POST /webhooks/stripe': 'Stripe delivers over HTTP, and its signature covers the raw body',
  'POST /webhooks/stripe/:endpointId': 'Stripe delivers over HTTP, and its signature covers the raw body',
  'GET /r/:code': 'a link that people click',
  'GET /t.js': 'a script that pages load',
  'POST /v1/imports': 'a file, as its bytes come; services call the methods for one thing at a time',
  'GET /v1/customers/:id/export': 'one JSON file, written while it is read',
  'GET /livez': 'gRPC has a health service',
  'GET /readyz': 'gRPC has a health service',
  'GET /metrics': 'scraped over HTTP',
  'GET /openapi.json': 'the proto files, and reflection, describe gRPC',
  'GET /docs': 'pages for people',
  'GET /docs/swagger-ui.css': 'pages for people',
  'GET /docs/swagger-ui-bundle.js': 'pages for people',
  'GET /docs/start.js': 'pages for people',
};

const CONTRACT = loadContract();

interface Handler {
  /** `POST /v1/billing/:objects`, or `BillingTruth/GetFreshness`. */
  name: string;
  face: 'http' | 'grpc';
  /** The one thing that it does: `FreshnessService.of`. */
  does: string[];
  /** What a request may hold, in the words of JSON. */
  fields: string[];
  policy: AccessPolicy | undefined;
  plan: IdempotencyPlan | null;
}

let service: TestService;
let handlers: Handler[];
beforeAll(async () => {
  service = await startTestService({ sandbox: false });
  handlers = service.app.get(DiscoveryService).getControllers().flatMap(handlersOf);
});
afterAll(() => service?.stop());

function handlersOf({ instance, metatype }: { instance: object; metatype: unknown }): Handler[] {
  const reflector = service.app.get(Reflector);
  const prototype = Object.getPrototypeOf(instance) as Record<string, (...given: unknown[]) => unknown>;
  return new MetadataScanner().getAllMethodNames(prototype).flatMap((method): Handler[] => {
    const handler = prototype[method];
    const name = handler && (routeOf(metatype as object, handler) ?? methodOf(handler));
    if (!handler || !name) return [];
    const face = /^[A-Z]+ \//.test(name) ? 'http' : 'grpc';
    const plan = planOfHandler(reflector, handler, { face, operation: name });
    const fields = face === 'grpc' ? messageFields(name) : dtoFields(prototype, method);
    const policy = policyOf(reflector, handler, metatype as object);
    return [{ name, face, does: callsIn(handler, instance), fields, policy, plan }];
  });
}

function routeOf(controller: object, handler: object): string | null {
  const verb = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (verb === undefined) return null;
  const parts = [controller, handler].map((of) => Reflect.getMetadata(PATH_METADATA, of) as string);
  const path = parts.flatMap((part) => part.split('/')).filter(Boolean);
  return `${RequestMethod[verb]} /${path.join('/')}`;
}

function methodOf(handler: object): string | null {
  const [pattern] = (Reflect.getMetadata(PATTERN_METADATA, handler) ?? []) as { service: string; rpc: string }[];
  return pattern ? `${pattern.service}/${pattern.rpc}` : null;
}

/** The fields of the DTOs that a route takes from its path, query and body. */
function dtoFields(prototype: object, method: string): string[] {
  const types = Reflect.getMetadata('design:paramtypes', prototype, method) as unknown[];
  const storage = getMetadataStorage();
  const rules = types.flatMap((type) =>
    typeof type === 'function' ? storage.getTargetValidationMetadatas(type, '', false, false) : [],
  );
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

/** The fields of a method's request in the proto file, in camelCase as the DTOs have them. */
function messageFields(name: string): string[] {
  const [of = '', method = ''] = name.split('/');
  const definition = CONTRACT[`${GRPC_PACKAGE}.${of}`];
  const found = definition && !('format' in definition) ? definition[method] : undefined;
  const { field = [] } = (found?.requestType.type ?? {}) as { field?: { name: string }[] };
  return field.map((one) => one.name.replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase()));
}

/** Handlers hold no logic: each calls one method of one service, which says what it does better than any name. */
function callsIn(handler: (...given: unknown[]) => unknown, instance: object): string[] {
  const calls = handler.toString().matchAll(/this\.(\w+)\.(\w+)\(/g);
  return [...calls].map(([, field = '', method = '']) => {
    const { name } = (instance as Record<string, object>)[field]?.constructor ?? { name: field };
    return `${name}.${method}`;
  });
}

const isOfOtherRoom = ({ policy }: Handler): boolean =>
  policy?.kind === 'scopes' && policy.scopes.some((scope) => OTHER_ROOMS.test(scope));

/** The routes that gRPC must offer too. */
function shared(): Handler[] {
  const http = handlers.filter(({ face }) => face === 'http');
  return http.filter((handler) => !isOfOtherRoom(handler) && !(handler.name in HTTP_ONLY));
}

function counterpartsOf({ does }: Handler): Handler[] {
  return handlers.filter(({ face, does: [own] }) => face === 'grpc' && own !== undefined && own === does[0]);
}

describe('every HTTP route of the mirror and of webhooks', () => {
  it('is known to this test, and calls one service', () => {
    expect(shared().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['GET /v1/billing/:objects', 'POST /v1/webhook-events/:id/replay']),
    );
    expect(shared().filter(({ does }) => does.length !== 1)).toEqual([]);
  });

  it('has a gRPC method that calls the same service', () => {
    const alone = shared().filter((route) => counterpartsOf(route).length === 0);

    expect(alone.map(({ name, does }) => `${name}: ${does.join()}`)).toEqual([]);
  });

  it('has a gRPC method that takes every field of it', () => {
    const poorer = shared().filter(
      ({ fields, ...route }) =>
        !counterpartsOf({ fields, ...route }).some((method) => fields.every((field) => method.fields.includes(field))),
    );

    expect(poorer.map(({ name, fields }) => `${name}: ${fields.join()}`)).toEqual([]);
  });

  it('asks for the same scopes and keeps the same promise about repetitions on both faces', () => {
    const terms = ({ policy, plan }: Handler): unknown => ({ policy, plan });
    const pairs = shared().flatMap((route) => counterpartsOf(route).map((method) => ({ route, method })));

    for (const { route, method } of pairs)
      expect({ [`${route.name} and ${method.name}`]: terms(method) }).toEqual({
        [`${route.name} and ${method.name}`]: terms(route),
      });
  });
});

describe('every exception', () => {
  it('is a route that exists', () => {
    const names = new Set(handlers.map(({ name }) => name));

    expect(Object.keys(HTTP_ONLY).filter((name) => !names.has(name))).toEqual([]);
  });
});
