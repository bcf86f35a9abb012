import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../access/current-caller.js';
import { Idempotent, Tx } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import { ListWebhookEventsQuery } from './dto/webhook-event.dto.js';
import { WebhookEventsService } from './webhook-events.service.js';

@Controller()
export class WebhookEventsGrpcController {
  constructor(private readonly events: WebhookEventsService) {}

  @GrpcMethod('WebhookEvents', 'ListWebhookEvents')
  @Requires('events:read')
  list(@WorkspaceId() workspaceId: string, @Payload() query: ListWebhookEventsQuery) {
    return this.events.list(workspaceId, query);
  }

  @GrpcMethod('WebhookEvents', 'GetWebhookEvent')
  @Requires('events:read')
  get(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.events.get(workspaceId, id);
  }

  @GrpcMethod('WebhookEvents', 'ReplayWebhookEvent')
  @Requires('events:write')
  @Idempotent()
  replay(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam, @Tx() tx: EntityManager) {
    return this.events.replay(workspaceId, id, tx);
  }
}
