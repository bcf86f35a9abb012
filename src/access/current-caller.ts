import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { DomainError } from '../common/errors.js';
import { callStateOf } from './call-state.js';
import type { Caller, PartnerGrant } from './caller.js';

function callerOf(context: ExecutionContext): Caller {
  const { caller } = callStateOf(context);
  if (!caller) throw new DomainError('internal', 'internal', 'a public operation asked for its caller');
  return caller;
}

/** The caller, on both faces. Not for `@Public` operations, which have none. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext) => callerOf(context));

/** A partner, by their token: the only place that says whose things are asked for. */
export interface PartnerCaller extends PartnerGrant {
  workspaceId: string;
}

/** The partner whose token calls, on both faces. Only where the policy is `@ForPartners`. */
export const CurrentPartner = createParamDecorator((_: unknown, context: ExecutionContext): PartnerCaller => {
  const { workspaceId, partner } = callerOf(context);
  if (!partner) throw new DomainError('internal', 'internal', 'an operation for partners was called by nobody of them');
  return { workspaceId, ...partner };
});

/** The caller's workspace, on both faces. */
export const WorkspaceId = createParamDecorator(
  (_: unknown, context: ExecutionContext) => callerOf(context).workspaceId,
);
