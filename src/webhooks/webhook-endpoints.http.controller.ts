import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../access/current-caller.js';
import { Idempotent } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { NoFields } from '../billing/dto/billing.dto.js';
import { Writing, type WriteCall } from '../billing/operations/write-call.js';
import { IdParam } from '../common/id-param.dto.js';
import { CreateWebhookEndpointDto, WebhookSecretsDto } from './dto/webhook-endpoint.dto.js';
import { WebhookEndpointsAtStripe } from './webhook-endpoints-at-stripe.service.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';

@ApiTags('Webhooks')
@Controller('v1/webhook-endpoints')
export class WebhookEndpointsHttpController {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly atStripe: WebhookEndpointsAtStripe,
  ) {}

  @Post()
  @Requires('events:write')
  @Idempotent({ mode: 'around' })
  create(@Writing() call: WriteCall, @Body() dto: CreateWebhookEndpointDto) {
    return this.atStripe.create(call, dto);
  }

  @Get()
  @Requires('events:read')
  async list(@WorkspaceId() workspaceId: string) {
    return { data: await this.atStripe.list(workspaceId) };
  }

  @Get(':id')
  @Requires('events:read')
  get(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.atStripe.get(workspaceId, id);
  }

  @Put(':id/secrets')
  @Requires('events:write')
  replaceSecrets(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Body() dto: WebhookSecretsDto) {
    return this.endpoints.replaceSecrets(workspaceId, id, dto.secrets);
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @Requires('events:write')
  @Idempotent({ mode: 'around' })
  rotate(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() _body: NoFields) {
    return this.atStripe.rotate(call, id);
  }

  @Post(':id/retire')
  @HttpCode(200)
  @Requires('events:write')
  @Idempotent({ mode: 'around' })
  retire(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() _body: NoFields) {
    return this.atStripe.retire(call, id);
  }

  @Delete(':id')
  @Requires('events:write')
  @Idempotent({ mode: 'around' })
  delete(@Writing() call: WriteCall, @Param() { id }: IdParam) {
    return this.atStripe.delete(call, id);
  }
}
