import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { DomainError } from '../common/errors.js';
import { callStateOf } from './call-state.js';
import type { Caller } from './caller.js';

function callerOf(context: ExecutionContext): Caller {
  const { caller } = callStateOf(context);
  if (!caller) throw new DomainError('internal', 'internal', 'a public operation asked for its caller');
  return caller;
}

/** The caller, on both faces. Not for `@Public` operations, which have none. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext) => callerOf(context));

/** The caller's workspace, on both faces. */
export const WorkspaceId = createParamDecorator(
  (_: unknown, context: ExecutionContext) => callerOf(context).workspaceId,
);
