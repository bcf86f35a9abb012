import { createHash, randomUUID } from 'node:crypto';
import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { callStateOf } from '../../access/call-state.js';
import { IDEMPOTENCY_HEADER } from '../../access/idempotency.js';
import { DomainError } from '../../common/errors.js';

/** In whose name something is written at Stripe, and under which key it may be repeated. */
export interface WriteCall {
  workspaceId: string;
  /** The caller's `Idempotency-Key`; one of ours when none came, so that the answer to a time-out can name it. */
  key: string;
}

/** The call as a write through Stripe needs it, on both faces. */
export const Writing = createParamDecorator((_: unknown, context: ExecutionContext): WriteCall => {
  const call = callStateOf(context);
  if (!call.caller) throw new DomainError('internal', 'internal', `${call.operation} writes without a caller`);
  return { workspaceId: call.caller.workspaceId, key: call.header(IDEMPOTENCY_HEADER) ?? `auto-${randomUUID()}` };
});

/** The same call under a key that follows from something committed, such as an intent's row. */
export function derivedFrom(call: Pick<WriteCall, 'workspaceId'>, ...parts: readonly string[]): WriteCall {
  return { workspaceId: call.workspaceId, key: `row-${digest(parts)}` };
}

/**
 * The key under which Stripe remembers one request. Two workspaces that choose the same key never meet at Stripe, and one
 * key of a caller's serves every request of an operation that needs several, as each goes elsewhere.
 */
export function stripeKeyOf(call: WriteCall, account: string, request: string): string {
  return `tributary-${digest([call.workspaceId, account, request, call.key])}`;
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
