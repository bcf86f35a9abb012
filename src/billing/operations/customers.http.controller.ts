import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { AccountQuery } from '../dto/billing.dto.js';
import { CustomersBalance } from './customers-balance.service.js';
import { CustomersPurge } from './customers-purge.service.js';
import { CustomersRefs } from './customers-refs.service.js';
import { CustomersService } from './customers.service.js';
import {
  AddDiscountDto,
  AddPaymentMethodDto,
  AdjustBalanceDto,
  BalanceQuery,
  CustomerBalanceView,
  CustomerMethodParam,
  CustomersOfRefView,
  DefaultPaymentMethodDto,
  GetOrCreateCustomerDto,
  GotCustomerView,
  LinkCustomerDto,
  LinkedCustomerView,
  PurgedCustomerView,
  RefParam,
  SubscribeDto,
  UpcomingInvoiceDto,
  UpcomingInvoiceView,
  ValidSubscriptionsQuery,
  ValidSubscriptionsView,
} from './customers.dto.js';
import { Writing, type WriteCall } from './write-call.js';

@ApiTags('Customers')
@Controller('v1/billing/customers')
export class CustomersHttpController {
  constructor(
    private readonly customers: CustomersService,
    private readonly refs: CustomersRefs,
    private readonly balances: CustomersBalance,
    private readonly purging: CustomersPurge,
  ) {}

  @Get('by-ref/:ref')
  @Requires('billing:read')
  @ApiOkResponse({ type: CustomersOfRefView })
  ofRef(@WorkspaceId() workspaceId: string, @Param() { ref }: RefParam, @Query() { account }: AccountQuery) {
    return this.refs.of(workspaceId, ref, account);
  }

  @Put('by-ref/:ref')
  @Requires('billing:write')
  @ApiOkResponse({ type: GotCustomerView })
  getOrCreate(
    @WorkspaceId() workspaceId: string,
    @Param() { ref }: RefParam,
    @Body() { account, params }: GetOrCreateCustomerDto = {},
  ) {
    return this.refs.getOrCreate(workspaceId, ref, account, params);
  }

  @Put(':id/ref')
  @Requires('billing:write')
  @ApiOkResponse({ type: LinkedCustomerView })
  link(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Body() dto: LinkCustomerDto) {
    return this.refs.link(workspaceId, id, dto);
  }

  @Delete(':id/ref')
  @Requires('billing:write')
  @ApiOkResponse({ type: CustomersOfRefView })
  unlink(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() { account }: AccountQuery) {
    return this.refs.unlink(workspaceId, id, account);
  }

  @Post(':id/subscribe')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  subscribe(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() dto: SubscribeDto) {
    return this.customers.subscribe(call, id, dto);
  }

  @Post(':id/payment-methods')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  addPaymentMethod(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() dto: AddPaymentMethodDto) {
    return this.customers.addPaymentMethod(call, id, dto);
  }

  @Delete(':id/payment-methods/:paymentMethod')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  removePaymentMethod(
    @Writing() call: WriteCall,
    @Param() { id, paymentMethod }: CustomerMethodParam,
    @Query() { account }: AccountQuery,
  ) {
    return this.customers.removePaymentMethod(call, id, paymentMethod, account);
  }

  @Put(':id/default-payment-method')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  setDefault(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() dto: DefaultPaymentMethodDto) {
    return this.customers.setDefault(call, id, dto);
  }

  @Get(':id/valid-subscriptions')
  @Requires('billing:read')
  @ApiOkResponse({ type: ValidSubscriptionsView })
  validSubscriptions(
    @WorkspaceId() workspaceId: string,
    @Param() { id }: IdParam,
    @Query() query: ValidSubscriptionsQuery,
  ) {
    return this.customers.validSubscriptions(workspaceId, id, query);
  }

  @Post(':id/upcoming-invoice')
  @HttpCode(200)
  @Requires('billing:read')
  @Idempotent({ mode: 'around' })
  @ApiOkResponse({ type: UpcomingInvoiceView })
  upcomingInvoice(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() dto: UpcomingInvoiceDto = {}) {
    return this.customers.upcomingInvoice(call, id, dto);
  }

  @Post(':id/discount')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  addDiscount(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() dto: AddDiscountDto) {
    return this.customers.addDiscount(call, id, dto);
  }

  @Delete(':id/discount')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  removeDiscount(@Writing() call: WriteCall, @Param() { id }: IdParam, @Query() { account }: AccountQuery) {
    return this.customers.removeDiscount(call, id, account);
  }

  @Get(':id/balance')
  @Requires('billing:read')
  @ApiOkResponse({ type: CustomerBalanceView })
  balance(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: BalanceQuery) {
    return this.balances.get(workspaceId, id, query);
  }

  @Post(':id/balance-adjustments')
  @Requires('billing:write')
  @Idempotent({ mode: 'around', required: true })
  adjustBalance(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() dto: AdjustBalanceDto) {
    return this.balances.adjust(call, id, dto);
  }

  @Post(':id/purge')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  @ApiOkResponse({ type: PurgedCustomerView })
  purge(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() { account }: AccountQuery = {}) {
    return this.purging.purge(call, id, account);
  }
}
