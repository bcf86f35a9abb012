import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { AccountQuery } from '../dto/billing.dto.js';
import { AttachPaymentMethodDto, PaymentInstrumentQuery, PaymentInstrumentView } from './payment-methods.dto.js';
import { PaymentMethodsService } from './payment-methods.service.js';
import { Writing, type WriteCall } from './write-call.js';

@ApiTags('Payment methods')
@Controller('v1/billing')
export class PaymentMethodsHttpController {
  constructor(private readonly methods: PaymentMethodsService) {}

  @Get('payment-instruments/:id')
  @Requires('billing:read')
  @ApiOkResponse({ type: PaymentInstrumentView })
  instrument(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: PaymentInstrumentQuery) {
    return this.methods.instrument(workspaceId, id, query);
  }

  @Post('payment_methods/:id/attach')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  attach(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() { customer, account }: AttachPaymentMethodDto) {
    return this.methods.attach(call, id, customer, account);
  }

  @Post('payment_methods/:id/detach')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  detach(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() { account }: AccountQuery = {}) {
    return this.methods.detach(call, id, account);
  }
}
