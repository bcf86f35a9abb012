import { Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { Catch, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { ERROR_KINDS, errorBody } from './errors.js';
import type { DomainError } from './errors.js';
import { toDomainError } from './error-translation.js';
import { currentRequestId } from './request-context.js';

/** The trailer in which gRPC callers find the same body that HTTP answers, as JSON in ASCII. */
export const ERROR_TRAILER = 'tributary-error';

/** Answers every error on both faces, in one shape and from one table. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Errors');

  catch(thrown: unknown, host: ArgumentsHost): Observable<never> | void {
    const error = toDomainError(thrown);
    if (host.getType() === 'http') return this.answerHttp(error, host);
    const requestId = currentRequestId() ?? 'none';
    this.log(error, requestId);
    return throwError(() => grpcError(error, requestId));
  }

  private answerHttp(error: DomainError, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    this.log(error, request.id);
    if (reply.sent) return;
    reply.header('x-request-id', request.id);
    if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
    if (error.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
    void reply.code(ERROR_KINDS[error.kind].http).type('application/json').send(errorBody(error, request.id));
  }

  /** What a client got wrong is in its answer; only what we must look into is logged. */
  private log(error: DomainError, requestId: string): void {
    if (ERROR_KINDS[error.kind].http < 500) return;
    const line = `${error.code}: ${error.message} (request ${requestId})`;
    if (error.kind === 'internal') this.logger.error(line, stackOf(error.cause ?? error));
    else this.logger.warn(`${line}${error.cause === undefined ? '' : `: ${describeCause(error.cause)}`}`);
  }
}

/** The status that grpc-js sends, with the body in a trailer. */
export function grpcError(error: DomainError, requestId: string): ServiceError {
  const metadata = new Metadata();
  metadata.set(ERROR_TRAILER, asciiJson(errorBody(error, requestId)));
  if (error.retryAfterSeconds !== undefined) metadata.set('retry-after', String(error.retryAfterSeconds));
  const { message } = error;
  return Object.assign(new Error(message), { code: ERROR_KINDS[error.kind].grpc, details: message, metadata });
}

/** Metadata carries ASCII only; JSON can say everything in it. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The stack without the statement's parameters, which TypeORM hangs on its errors and which may be personal data. */
function stackOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.stack : undefined;
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? cause.message : typeof cause;
}
