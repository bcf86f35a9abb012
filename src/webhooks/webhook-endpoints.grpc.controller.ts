import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../access/current-caller.js';
import { Idempotent } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { Writing, type WriteCall } from '../billing/operations/write-call.js';
import { IdParam } from '../common/id-param.dto.js';
import { CreateWebhookEndpointDto, ReplaceWebhookSecretsRequest } from './dto/webhook-endpoint.dto.js';
import { WebhookEndpointsAtStripe } from './webhook-endpoints-at-stripe.service.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';

@Controller()
export class WebhookEndpointsGrpcController {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly atStripe: WebhookEndpointsAtStripe,
  ) {}

  @GrpcMethod('WebhookEndpoints', 'CreateWebhookEndpoint')
  @Requires('events:write')
  @Idempotent({ mode: 'around' })
  create(@Writing() call: WriteCall, @Payload() dto: CreateWebhookEndpointDto) {
    return this.atStripe.create(call, dto);
  }

  @GrpcMethod('WebhookEndpoints', 'ListWebhookEndpoints')
  @Requires('events:read')
  async list(@WorkspaceId() workspaceId: string) {
    return { data: await this.atStripe.list(workspaceId) };
  }

  @GrpcMethod('WebhookEndpoints', 'GetWebhookEndpoint')
  @Requires('events:read')
  get(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.atStripe.get(workspaceId, id);
  }

  @GrpcMethod('WebhookEndpoints', 'ReplaceWebhookSecrets')
  @Requires('events:write')
  replaceSecrets(@WorkspaceId() workspaceId: string, @Payload() { id, secrets }: ReplaceWebhookSecretsRequest) {
    return this.endpoints.replaceSecrets(workspaceId, id, secrets);
  }

  @GrpcMethod('WebhookEndpoints', 'RotateWebhookEndpoint')
  @Requires('events:write')
  @Idempotent({ mode: 'around' })
  rotate(@Writing() call: WriteCall, @Payload() { id }: IdParam) {
    return this.atStripe.rotate(call, id);
  }

  @GrpcMethod('WebhookEndpoints', 'RetireWebhookEndpoint')
  @Requires('events:write')
  @Idempotent({ mode: 'around' })
  retire(@Writing() call: WriteCall, @Payload() { id }: IdParam) {
    return this.atStripe.retire(call, id);
  }

  @GrpcMethod('WebhookEndpoints', 'DeleteWebhookEndpoint')
  @Requires('events:write')
  @Idempotent({ mode: 'around' })
  delete(@Writing() call: WriteCall, @Payload() { id }: IdParam) {
    return this.atStripe.delete(call, id);
  }
}
