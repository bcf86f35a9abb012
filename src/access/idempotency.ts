import { createHash } from 'node:crypto';
import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import { canonicalJson } from '../common/canonical-json.js';
import { DomainError, invalidField } from '../common/errors.js';
import { callStateOf } from './call-state.js';
import type { CallState } from './call-state.js';

export const IDEMPOTENCY_HEADER = 'idempotency-key';
export const REPLAYED_HEADER = 'idempotent-replayed';
const HEADER_AS_WRITTEN = 'Idempotency-Key';
const KEY = /^[\x21-\x7e]{1,255}$/;

export interface IdempotencyPlan {
  /** Money moves: without a key the request is refused. */
  required: boolean;
  /**
   * `transaction`: effect and answer commit together; the handler works on `@Tx()` and calls nobody.
   * `around`: the handler calls Stripe, so it runs outside any transaction, behind a committed lease.
   * `unkept`: the answer is written down nowhere. It is a secret, and the handler hands the key on to Stripe, which repeats its
   * own; or repeating does nothing a second time.
   */
  mode: 'transaction' | 'around' | 'unkept';
}

const PlanMetadata = Reflector.createDecorator<IdempotencyPlan>();

/**
 * Says how an operation keeps its promise to be repeatable. POSTs under /v1 have it without asking, with the defaults;
 * gRPC methods that write, and other HTTP methods that want `@Tx()`, declare it.
 */
export function Idempotent({ required = false, mode = 'transaction' }: Partial<IdempotencyPlan> = {}): MethodDecorator {
  return PlanMetadata({ required, mode });
}

/** The transaction that the handler's effect belongs to. Only where an `@Idempotent` plan of mode `transaction` holds. */
export const Tx = createParamDecorator((_: unknown, context: ExecutionContext): EntityManager => {
  const { tx, operation } = callStateOf(context);
  if (!tx) throw new DomainError('internal', 'internal', `${operation} asks for @Tx() without a transaction`);
  return tx;
});

export function planOf(reflector: Reflector, context: ExecutionContext): IdempotencyPlan | null {
  return planOfHandler(reflector, context.getHandler(), callStateOf(context));
}

/** The plan that a handler declares, or that its face gives to such an operation. */
export function planOfHandler(
  reflector: Reflector,
  handler: Parameters<Reflector['get']>[1],
  { face, operation }: Pick<CallState, 'face' | 'operation'>,
): IdempotencyPlan | null {
  const declared = reflector.get(PlanMetadata, handler);
  if (declared) return declared;
  return face === 'http' && operation.startsWith('POST /v1/') ? { required: false, mode: 'transaction' } : null;
}

/** The key that the caller sent, or null. Throws `idempotency_key_required` or `invalid_idempotency_key`. */
export function keyOf(call: CallState, plan: IdempotencyPlan): string | null {
  const key = call.header(IDEMPOTENCY_HEADER);
  if (key === undefined && plan.required) {
    throw invalidField(
      HEADER_AS_WRITTEN,
      'idempotency_key_required',
      `${HEADER_AS_WRITTEN} is required here, because this moves money: send one unique value per intention, and the same one when repeating it`,
    );
  }
  if (key !== undefined && !KEY.test(key)) {
    throw invalidField(
      HEADER_AS_WRITTEN,
      'invalid_idempotency_key',
      `${HEADER_AS_WRITTEN} must be 1 to 255 visible ASCII characters`,
    );
  }
  return key ?? null;
}

/** SHA-256 of the request, whatever the order of its fields. */
export function requestHash(input: unknown): Buffer {
  return createHash('sha256').update(canonicalJson(input)).digest();
}
