import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { InvoiceChanges } from './invoices-changes.service.js';
import { InvoicePreviews } from './invoices-preview.service.js';
import {
  FinalizeInvoiceRequest,
  InvoiceMembersRequest,
  InvoiceRequest,
  PayInvoiceRequest,
  PreviewInvoiceDto,
} from './invoices.dto.js';
import { InvoicesService } from './invoices.service.js';
import { Writing, type WriteCall } from './write-call.js';

@Controller()
export class InvoicesGrpcController {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly changes: InvoiceChanges,
    private readonly previews: InvoicePreviews,
  ) {}

  @GrpcMethod('Invoices', 'PreviewInvoice')
  @Requires('billing:read')
  @Idempotent({ mode: 'around' })
  preview(@Writing() call: WriteCall, @Payload() request: PreviewInvoiceDto) {
    return this.previews.preview(call, request);
  }

  @GrpcMethod('Invoices', 'ListInvoiceLines')
  @Requires('billing:read')
  lines(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: InvoiceMembersRequest) {
    return this.invoices.lines(workspaceId, id, query);
  }

  @GrpcMethod('Invoices', 'ListInvoicePayments')
  @Requires('billing:read')
  payments(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: InvoiceMembersRequest) {
    return this.invoices.payments(workspaceId, id, query);
  }

  @GrpcMethod('Invoices', 'GetInvoiceAmounts')
  @Requires('billing:read')
  amounts(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: InvoiceRequest) {
    return this.invoices.amounts(workspaceId, id, query);
  }

  @GrpcMethod('Invoices', 'GetInvoiceTimeline')
  @Requires('billing:read')
  timeline(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: InvoiceRequest) {
    return this.invoices.timeline(workspaceId, id, query);
  }

  @GrpcMethod('Invoices', 'PayInvoice')
  @Requires('billing:write')
  @Idempotent({ required: true, mode: 'around' })
  pay(@Writing() call: WriteCall, @Payload() { id, ...request }: PayInvoiceRequest) {
    return this.changes.pay(call, id, request);
  }

  @GrpcMethod('Invoices', 'FinalizeInvoice')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  finalize(@Writing() call: WriteCall, @Payload() { id, ...request }: FinalizeInvoiceRequest) {
    return this.changes.finalize(call, id, request);
  }

  @GrpcMethod('Invoices', 'VoidInvoice')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  void(@Writing() call: WriteCall, @Payload() { id, ...request }: InvoiceRequest) {
    return this.changes.void(call, id, request);
  }

  @GrpcMethod('Invoices', 'MarkInvoiceUncollectible')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  markUncollectible(@Writing() call: WriteCall, @Payload() { id, ...request }: InvoiceRequest) {
    return this.changes.markUncollectible(call, id, request);
  }

  @GrpcMethod('Invoices', 'SendInvoice')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  send(@Writing() call: WriteCall, @Payload() { id, ...request }: InvoiceRequest) {
    return this.changes.send(call, id, request);
  }
}
