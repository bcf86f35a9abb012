import { status as GrpcStatus } from '@grpc/grpc-js';

/** What went wrong, in words that belong to no transport. The table below is the only place that maps a kind to HTTP and gRPC. */
export const ERROR_KINDS = {
  invalid_argument: { http: 400, grpc: GrpcStatus.INVALID_ARGUMENT },
  unauthenticated: { http: 401, grpc: GrpcStatus.UNAUTHENTICATED },
  payment_required: { http: 402, grpc: GrpcStatus.FAILED_PRECONDITION },
  forbidden: { http: 403, grpc: GrpcStatus.PERMISSION_DENIED },
  not_found: { http: 404, grpc: GrpcStatus.NOT_FOUND },
  timeout: { http: 408, grpc: GrpcStatus.DEADLINE_EXCEEDED },
  conflict: { http: 409, grpc: GrpcStatus.FAILED_PRECONDITION },
  already_exists: { http: 409, grpc: GrpcStatus.ALREADY_EXISTS },
  too_large: { http: 413, grpc: GrpcStatus.INVALID_ARGUMENT },
  unsupported_media_type: { http: 415, grpc: GrpcStatus.INVALID_ARGUMENT },
  unprocessable: { http: 422, grpc: GrpcStatus.FAILED_PRECONDITION },
  rate_limited: { http: 429, grpc: GrpcStatus.RESOURCE_EXHAUSTED },
  internal: { http: 500, grpc: GrpcStatus.INTERNAL },
  unimplemented: { http: 501, grpc: GrpcStatus.UNIMPLEMENTED },
  upstream_failed: { http: 502, grpc: GrpcStatus.UNAVAILABLE },
  unavailable: { http: 503, grpc: GrpcStatus.UNAVAILABLE },
} as const;

export type ErrorKind = keyof typeof ERROR_KINDS;

export interface DomainErrorOptions {
  /** The request's field that is to be changed, as a path: `reward.rateBps`. */
  field?: string;
  /** How long to wait before trying again, in seconds; only with `rate_limited` and `unavailable`. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/**
 * The one error that services throw. `code` is public and stable (snake_case); `message` is a sentence for people that
 * carries ids and the remedy, never a secret or personal data.
 */
export class DomainError extends Error {
  readonly field?: string;
  readonly retryAfterSeconds?: number;

  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    options: DomainErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'DomainError';
    this.field = options.field;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The answer's body on both faces; over gRPC it travels as JSON in the trailer `tributary-error`. */
export interface ErrorBody {
  error: { code: string; message: string; field?: string; requestId: string };
}

export function errorBody(error: DomainError, requestId: string): ErrorBody {
  const { code, message, field } = error;
  return { error: field === undefined ? { code, message, requestId } : { code, message, field, requestId } };
}

/** A fault in one named field of the request. */
export function invalidField(field: string, code: string, message: string): DomainError {
  return new DomainError('invalid_argument', code, message, { field });
}

export function notFound(noun: string, id: string, field?: string): DomainError {
  return new DomainError('not_found', `${noun}_not_found`, `${noun.replaceAll('_', ' ')} ${id} does not exist`, {
    field,
  });
}
