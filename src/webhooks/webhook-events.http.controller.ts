import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../access/current-caller.js';
import { Tx } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import { ListWebhookEventsQuery, WebhookEventView } from './dto/webhook-event.dto.js';
import { WebhookEventsService } from './webhook-events.service.js';
import { ApiPage } from '../common/api-page.js';

@ApiTags('Webhooks')
@Controller('v1')
export class WebhookEventsHttpController {
  constructor(private readonly events: WebhookEventsService) {}

  @Get('webhook-events')
  @Requires('events:read')
  @ApiPage(WebhookEventView)
  list(@WorkspaceId() workspaceId: string, @Query() query: ListWebhookEventsQuery) {
    return this.events.list(workspaceId, query);
  }

  @Get('webhook-events/:id')
  @Requires('events:read')
  get(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.events.get(workspaceId, id);
  }

  @Post('webhook-events/:id/replay')
  @HttpCode(202)
  @Requires('events:write')
  replay(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Tx() tx: EntityManager) {
    return this.events.replay(workspaceId, id, tx);
  }
}
