import { HttpException } from '@nestjs/common';
import { DomainError, ERROR_KINDS } from './errors.js';
import type { ErrorKind } from './errors.js';

/** How soon a client may try again while the database is away. */
const RETRY_AFTER_SECONDS = 2;

/** SQLSTATE classes and codes (and Node's own codes) that say: not now, the same request may work later.
 *  Source: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNAVAILABLE_CLASSES = ['08', '53', '57P'];
const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  '28P01', // the service's password was changed
  '3D000', // the database is gone, or not restored yet
  '25006', // read only: a standby, or a disk that is full
  '40001', // could not be serialized with what others did
  '40P01', // deadlock
  '55P03', // a lock was not to be had
]);
/** Raised by `pg` and its pool without any code. */
const UNAVAILABLE_MESSAGES =
  /timeout exceeded when trying to connect|not currently accepting connections|Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end|Driver not Connected|DataSource is not|is not queryable/i;
const QUERY_CANCELED = '57014';
const UNSTORABLE_TEXT = new Set(['22021', '22P05']);
const SERIALIZATION = new Set(['40001', '40P01']);

/** Whatever was thrown, as the one error that both faces can answer. Unknown ones become `internal`, with their cause. */
export function toDomainError(thrown: unknown): DomainError {
  if (thrown instanceof DomainError) return thrown;
  if (thrown instanceof HttpException) return fromHttpException(thrown);
  return fromDatabaseError(thrown) ?? internalError(thrown);
}

/** Two transactions got in each other's way and one was rolled back whole: it may simply be run again. */
export function isSerializationFailure(thrown: unknown): boolean {
  return causes(thrown).some((cause) => SERIALIZATION.has(codeOf(cause)));
}

function fromHttpException(exception: HttpException): DomainError {
  const { cause } = exception;
  if (cause instanceof DomainError) return cause;
  const status = exception.getStatus();
  const options = { cause: exception };
  switch (status) {
    case 404:
      return new DomainError('not_found', 'route_not_found', `${exception.message}; /docs lists the routes`, options);
    case 413:
      return new DomainError('too_large', 'body_too_large', 'the body is larger than 1 MiB', options);
    case 415:
      return new DomainError(
        kindOfStatus(415),
        'unsupported_media_type',
        'send the body as "Content-Type: application/json"',
        options,
      );
    default:
      return status >= 500
        ? internalError(exception)
        : new DomainError(kindOfStatus(status), 'bad_request', exception.message, options);
  }
}

function kindOfStatus(status: number): ErrorKind {
  const found = Object.entries(ERROR_KINDS).find(([, { http }]) => http === status);
  return found ? (found[0] as ErrorKind) : 'invalid_argument';
}

function fromDatabaseError(thrown: unknown): DomainError | null {
  const chain = causes(thrown);
  const codes = chain.map(codeOf);
  const options = { cause: thrown };
  if (codes.includes(QUERY_CANCELED)) {
    return new DomainError(
      'timeout',
      'timeout',
      'the work took too long and was given up; nothing was changed',
      options,
    );
  }
  if (codes.some((code) => UNSTORABLE_TEXT.has(code))) {
    return new DomainError(
      'invalid_argument',
      'unstorable_text',
      'a text of the request holds characters that cannot be stored',
      options,
    );
  }
  if (
    codes.some(isUnavailable) ||
    chain.some((cause) => cause instanceof Error && UNAVAILABLE_MESSAGES.test(cause.message))
  ) {
    return new DomainError('unavailable', 'unavailable', 'the database cannot take this now; try again', {
      cause: thrown,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
  return null;
}

function isUnavailable(code: string): boolean {
  return UNAVAILABLE_CODES.has(code) || UNAVAILABLE_CLASSES.some((start) => code.startsWith(start));
}

function internalError(cause: unknown): DomainError {
  return new DomainError(
    'internal',
    'internal',
    'something went wrong on our side; the log has it under this request id',
    { cause },
  );
}

const CAUSES_MAX = 5;

/** The error, what drove it (TypeORM's `driverError`) and its causes and parts. */
function causes(thrown: unknown): object[] {
  const found: object[] = [];
  const queue: unknown[] = [thrown];
  while (queue.length > 0 && found.length < CAUSES_MAX) {
    const next = queue.shift();
    if (typeof next !== 'object' || next === null) continue;
    found.push(next);
    const { driverError, cause, errors } = next as { driverError?: unknown; cause?: unknown; errors?: unknown };
    queue.push(driverError, cause, ...(Array.isArray(errors) ? (errors as unknown[]) : []));
  }
  return found;
}

function codeOf(cause: object): string {
  const { code } = cause as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
