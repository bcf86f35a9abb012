import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { callStateOf } from './call-state.js';
import type { CallState } from './call-state.js';
import { keyOf, planOf, REPLAYED_HEADER, requestHash } from './idempotency.js';
import { IdempotencyService } from './idempotency.service.js';
import type { Outcome, Slot } from './idempotency.service.js';

/** Makes writes repeatable on both faces, and gives their handlers the transaction that the answer commits with. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly idempotency: IdempotencyService,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const plan = planOf(this.reflector, context);
    if (!plan) return next.handle();
    const call = callStateOf(context);
    const key = keyOf(call, plan);
    if (plan.mode === 'unkept') return next.handle();
    const slot = slotOf(call, key);
    const handle = (): Promise<unknown> => lastValueFrom(next.handle(), { defaultValue: undefined });
    const outcome =
      plan.mode === 'around' ? this.idempotency.around(slot, handle) : this.inTransaction(call, slot, handle);
    return from(outcome.then((made) => answerOf(call, made)));
  }

  private inTransaction(call: CallState, slot: Slot | null, handle: () => Promise<unknown>): Promise<Outcome> {
    const limitMs = call.deadline && call.deadline.getTime() - Date.now();
    return this.idempotency.inTransaction(slot, limitMs, (tx) => {
      call.tx = tx;
      return handle();
    });
  }
}

function slotOf(call: CallState, key: string | null): Slot | null {
  if (key === null || !call.caller) return null;
  const { workspaceId, partner } = call.caller;
  // Partners choose their keys without knowing of each other.
  const operation = partner === null ? call.operation : `${call.operation} of ${partner.partnerId}`;
  return { workspaceId, operation, key, requestHash: requestHash(call.input) };
}

function answerOf(call: CallState, outcome: Outcome): unknown {
  if (outcome.replayed) call.setResponseHeader(REPLAYED_HEADER, 'true');
  if ('refusal' in outcome) throw outcome.refusal;
  return outcome.answer;
}
