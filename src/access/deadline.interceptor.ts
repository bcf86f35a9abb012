import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { throwError, timeout } from 'rxjs';
import type { Observable } from 'rxjs';
import { DomainError } from '../common/errors.js';
import { callStateOf } from './call-state.js';

/** Longer than `setTimeout` can count is as good as no deadline. */
const LONGEST_MS = 2 ** 31 - 1;

/** Answers a gRPC call in time even when its work is late; the transaction's own limit ends the work. */
@Injectable()
export class DeadlineInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { deadline } = callStateOf(context);
    const leftMs = deadline === null ? Infinity : deadline.getTime() - Date.now();
    if (leftMs > LONGEST_MS) return next.handle();
    return next.handle().pipe(timeout({ each: Math.max(1, leftMs), with: () => throwError(tooLate) }));
  }
}

function tooLate(): DomainError {
  return new DomainError(
    'timeout',
    'deadline_exceeded',
    'the deadline passed before the work was done; ask again before repeating it',
  );
}
