import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../access/current-caller.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import { BillingService } from './billing.service.js';
import { GetObjectRequest, HasActiveSubscriptionRequest, ListObjectsRequest } from './dto/billing-grpc.dto.js';

@Controller()
@Requires('billing:read')
export class BillingGrpcController {
  constructor(private readonly billing: BillingService) {}

  @GrpcMethod('Billing', 'GetCustomer')
  getCustomer(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.billing.retrieve(workspaceId, 'customers', id);
  }

  @GrpcMethod('Billing', 'GetObject')
  getObject(@WorkspaceId() workspaceId: string, @Payload() { objects, id }: GetObjectRequest) {
    return this.billing.retrieve(workspaceId, objects, id);
  }

  @GrpcMethod('Billing', 'ListObjects')
  listObjects(@WorkspaceId() workspaceId: string, @Payload() { objects, ...query }: ListObjectsRequest) {
    return this.billing.list(workspaceId, objects, query);
  }

  @GrpcMethod('Billing', 'HasActiveSubscription')
  hasActiveSubscription(@WorkspaceId() workspaceId: string, @Payload() request: HasActiveSubscriptionRequest) {
    return this.billing.hasActiveSubscription(workspaceId, request);
  }
}
