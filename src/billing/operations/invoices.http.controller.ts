import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { InvoiceChanges } from './invoices-changes.service.js';
import { InvoicePreviews } from './invoices-preview.service.js';
import { FinalizeInvoiceDto, InvoiceMembersQuery, PayInvoiceDto, PreviewInvoiceDto } from './invoices.dto.js';
import { InvoicesService } from './invoices.service.js';
import { OfAccount } from './subscriptions.dto.js';
import { Writing, type WriteCall } from './write-call.js';
import { BillingObjectView } from '../dto/billing.dto.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Invoices')
@Controller('v1/billing/invoices')
export class InvoicesHttpController {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly changes: InvoiceChanges,
    private readonly previews: InvoicePreviews,
  ) {}

  @Post('preview')
  @HttpCode(200)
  @Requires('billing:read')
  @Idempotent({ mode: 'around' })
  preview(@Writing() call: WriteCall, @Body() request: PreviewInvoiceDto) {
    return this.previews.preview(call, request);
  }

  @Get(':id/lines')
  @Requires('billing:read')
  lines(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: InvoiceMembersQuery) {
    return this.invoices.lines(workspaceId, id, query);
  }

  @Get(':id/payments')
  @Requires('billing:read')
  @ApiPage(BillingObjectView)
  payments(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: InvoiceMembersQuery) {
    return this.invoices.payments(workspaceId, id, query);
  }

  @Get(':id/amounts')
  @Requires('billing:read')
  amounts(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: OfAccount) {
    return this.invoices.amounts(workspaceId, id, query);
  }

  @Get(':id/timeline')
  @Requires('billing:read')
  timeline(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: OfAccount) {
    return this.invoices.timeline(workspaceId, id, query);
  }

  @Post(':id/pay')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ required: true, mode: 'around' })
  pay(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: PayInvoiceDto) {
    return this.changes.pay(call, id, request);
  }

  @Post(':id/finalize')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  finalize(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: FinalizeInvoiceDto) {
    return this.changes.finalize(call, id, request);
  }

  @Post(':id/void')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  void(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: OfAccount) {
    return this.changes.void(call, id, request);
  }

  @Post(':id/mark-uncollectible')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  markUncollectible(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: OfAccount) {
    return this.changes.markUncollectible(call, id, request);
  }

  @Post(':id/send')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  send(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: OfAccount) {
    return this.changes.send(call, id, request);
  }
}
