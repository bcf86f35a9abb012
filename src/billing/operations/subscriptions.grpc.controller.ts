import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { SubscriptionChanges } from './subscriptions-changes.service.js';
import {
  CancelSubscriptionRequest,
  ChangeSubscriptionRequest,
  ExtendSubscriptionRequest,
  PauseSubscriptionRequest,
  PreviewCancellationRequest,
  ResumeSubscriptionRequest,
  SubscriptionMembersRequest,
  SubscriptionRequest,
  SubscriptionValidityRequest,
} from './subscriptions-requests.dto.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { Writing, type WriteCall } from './write-call.js';

@Controller()
export class SubscriptionsGrpcController {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly changes: SubscriptionChanges,
  ) {}

  @GrpcMethod('Subscriptions', 'GetSubscriptionValidity')
  @Requires('billing:read')
  validity(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: SubscriptionValidityRequest) {
    return this.subscriptions.validity(workspaceId, id, query);
  }

  @GrpcMethod('Subscriptions', 'ListSubscriptionItems')
  @Requires('billing:read')
  items(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: SubscriptionMembersRequest) {
    return this.subscriptions.items(workspaceId, id, query);
  }

  @GrpcMethod('Subscriptions', 'GetPendingUpdate')
  @Requires('billing:read')
  pendingUpdate(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: SubscriptionRequest) {
    return this.subscriptions.pendingUpdate(workspaceId, id, query);
  }

  @GrpcMethod('Subscriptions', 'CancelPendingUpdate')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  cancelPendingUpdate(@Writing() call: WriteCall, @Payload() { id, ...request }: SubscriptionRequest) {
    return this.changes.cancelPendingUpdate(call, id, request);
  }

  @GrpcMethod('Subscriptions', 'CancelSubscription')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  cancel(@Writing() call: WriteCall, @Payload() { id, ...request }: CancelSubscriptionRequest) {
    return this.changes.cancel(call, id, request);
  }

  @GrpcMethod('Subscriptions', 'PreviewSubscriptionCancellation')
  @Requires('billing:read')
  @Idempotent({ mode: 'around' })
  previewCancel(@Writing() call: WriteCall, @Payload() { id, ...request }: PreviewCancellationRequest) {
    return this.changes.previewCancel(call, id, request);
  }

  @GrpcMethod('Subscriptions', 'ReactivateSubscription')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  reactivate(@Writing() call: WriteCall, @Payload() { id, ...request }: SubscriptionRequest) {
    return this.changes.reactivate(call, id, request);
  }

  @GrpcMethod('Subscriptions', 'ExtendSubscription')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  extend(@Writing() call: WriteCall, @Payload() { id, ...request }: ExtendSubscriptionRequest) {
    return this.changes.extend(call, id, request);
  }

  @GrpcMethod('Subscriptions', 'ChangeSubscription')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  change(@Writing() call: WriteCall, @Payload() { id, ...request }: ChangeSubscriptionRequest) {
    return this.changes.change(call, id, request);
  }

  @GrpcMethod('Subscriptions', 'PreviewSubscriptionChange')
  @Requires('billing:read')
  @Idempotent({ mode: 'around' })
  preview(@Writing() call: WriteCall, @Payload() { id, ...request }: ChangeSubscriptionRequest) {
    return this.changes.preview(call, id, request);
  }

  @GrpcMethod('Subscriptions', 'PauseSubscription')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  pause(@Writing() call: WriteCall, @Payload() { id, ...request }: PauseSubscriptionRequest) {
    return this.changes.pause(call, id, request);
  }

  @GrpcMethod('Subscriptions', 'ResumeSubscription')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  resume(@Writing() call: WriteCall, @Payload() { id, ...request }: ResumeSubscriptionRequest) {
    return this.changes.resume(call, id, request);
  }
}
