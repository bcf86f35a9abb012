import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../access/current-caller.js';
import { Idempotent } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { BillingService } from './billing.service.js';
import {
  CreateObjectRequest,
  DeleteObjectRequest,
  GetCustomerRequest,
  GetObjectRequest,
  HasActiveSubscriptionRequest,
  ListObjectsRequest,
  ObjectRequest,
  UpdateObjectRequest,
} from './dto/billing-grpc.dto.js';
import { ObjectsResync } from './operations/objects-resync.service.js';
import { ObjectsService } from './operations/objects.service.js';
import { Writing, type WriteCall } from './operations/write-call.js';

@Controller()
@Requires('billing:read')
export class BillingGrpcController {
  constructor(
    private readonly billing: BillingService,
    private readonly objects: ObjectsService,
    private readonly resyncing: ObjectsResync,
  ) {}

  @GrpcMethod('Billing', 'GetCustomer')
  getCustomer(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: GetCustomerRequest) {
    return this.billing.retrieve(workspaceId, 'customers', id, query);
  }

  @GrpcMethod('Billing', 'GetObject')
  getObject(@WorkspaceId() workspaceId: string, @Payload() { objects, id, ...query }: GetObjectRequest) {
    return this.billing.retrieve(workspaceId, objects, id, query);
  }

  @GrpcMethod('Billing', 'ListObjects')
  listObjects(@WorkspaceId() workspaceId: string, @Payload() { objects, filters, ...query }: ListObjectsRequest) {
    const named = Object.fromEntries((filters ?? []).map(({ name, value }) => [name, value]));
    return this.billing.list(workspaceId, objects, { ...query, filters: named });
  }

  @GrpcMethod('Billing', 'ListObjectTypes')
  listObjectTypes() {
    return this.billing.types();
  }

  @GrpcMethod('Billing', 'HasActiveSubscription')
  hasActiveSubscription(@WorkspaceId() workspaceId: string, @Payload() request: HasActiveSubscriptionRequest) {
    return this.billing.hasActiveSubscription(workspaceId, request);
  }

  @GrpcMethod('Billing', 'CreateObject')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  createObject(@Writing() call: WriteCall, @Payload() { objects, ...dto }: CreateObjectRequest) {
    return this.objects.create(call, objects, dto);
  }

  @GrpcMethod('Billing', 'UpdateObject')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  updateObject(@Writing() call: WriteCall, @Payload() { objects, id, ...dto }: UpdateObjectRequest) {
    return this.objects.update(call, objects, id, dto);
  }

  @GrpcMethod('Billing', 'DeleteObject')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  deleteObject(@Writing() call: WriteCall, @Payload() { objects, id, ...dto }: DeleteObjectRequest) {
    return this.objects.delete(call, objects, id, dto);
  }

  @GrpcMethod('Billing', 'ResyncObject')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  resyncObject(@WorkspaceId() workspaceId: string, @Payload() { objects, id, account }: ObjectRequest) {
    return this.resyncing.resync(workspaceId, objects, id, account);
  }
}
