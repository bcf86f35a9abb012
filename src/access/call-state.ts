import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { Metadata as GrpcMetadata } from '@grpc/grpc-js';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EntityManager } from 'typeorm';
import { acceptRequestId } from '../common/request-context.js';
import type { Caller } from './caller.js';

export const REQUEST_ID_HEADER = 'x-request-id';

/** What guard, interceptors and parameter decorators know of one call, the same for both faces. */
export interface CallState {
  readonly face: 'http' | 'grpc';
  /** `POST /v1/codes/:code/validate` or `/tributary.v1.Referrals/ValidateCode`. */
  readonly operation: string;
  readonly requestId: string;
  /** The address that the connection, or a trusted proxy, names. */
  readonly address: string;
  /** When the client stops waiting, as it told us. */
  readonly deadline: Date | null;
  readonly method: string;
  /** Parameters of the path and body as they came, before validation. */
  readonly input: unknown;
  header(name: string): string | undefined;
  setResponseHeader(name: string, value: string): void;
  caller?: Caller;
  tx?: EntityManager;
}

const STATES = new WeakMap<object, CallState>();

/** The state of the call that `context` belongs to; made on first use and gone with the request. */
export function callStateOf(context: ExecutionContext): CallState {
  const key: object = context.getType() === 'http' ? context.switchToHttp().getRequest() : context.getArgByIndex(2);
  const known = STATES.get(key);
  if (known) return known;
  const made = context.getType() === 'http' ? httpState(context) : grpcState(context);
  STATES.set(key, made);
  return made;
}

/** The key that an HTTP request was let in with, for its log line; undefined before the guard and for public routes. */
export function keyIdOf(request: FastifyRequest): string | undefined {
  return STATES.get(request)?.caller?.keyId;
}

function httpState(context: ExecutionContext): CallState {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const reply = context.switchToHttp().getResponse<FastifyReply>();
  const route = request.routeOptions.url ?? request.url.split('?', 1)[0] ?? '';
  return {
    face: 'http',
    operation: `${request.method} ${route}`,
    requestId: request.id,
    address: request.ip,
    deadline: null,
    method: request.method,
    input: { params: request.params, query: request.query, body: request.body },
    header: (name) => firstOf(request.headers[name]),
    setResponseHeader: (name, value) => void reply.header(name, value),
  };
}

function grpcState(context: ExecutionContext): CallState {
  const call = context.getArgByIndex<ServerUnaryCall<unknown, unknown>>(2);
  const metadata = context.getArgByIndex<Metadata>(1);
  const header = (name: string): string | undefined => metadata.get(name)[0]?.toString();
  return {
    face: 'grpc',
    operation: call.getPath(),
    requestId: acceptRequestId(header(REQUEST_ID_HEADER)),
    address: header(ADDRESS_METADATA) ?? peerAddress(call.getPeer()),
    deadline: dateOf(call.getDeadline()),
    method: 'POST',
    input: call.request,
    header,
    setResponseHeader: (name, value) => sendHeader(call, name, value),
  };
}

/** Set by our own server interceptor, which removes whatever a client sent under this name. */
export const ADDRESS_METADATA = 'x-tributary-address';

/** `127.0.0.1` of `127.0.0.1:41234`, `::1` of `[::1]:41234`. */
export function peerAddress(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function sendHeader(call: ServerUnaryCall<unknown, unknown>, name: string, value: string): void {
  const metadata = new GrpcMetadata();
  metadata.set(name, value);
  call.sendMetadata(metadata);
}

function dateOf(deadline: Date | number): Date | null {
  if (deadline instanceof Date) return deadline;
  return Number.isFinite(deadline) ? new Date(deadline) : null;
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
