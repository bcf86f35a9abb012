import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { CustomersBalance } from './customers-balance.service.js';
import { CustomersPurge } from './customers-purge.service.js';
import { CustomersRefs } from './customers-refs.service.js';
import { CustomersService } from './customers.service.js';
import {
  AddDiscountRequest,
  AddPaymentMethodRequest,
  AdjustBalanceRequest,
  BalanceRequest,
  CustomerRequest,
  GetOrCreateCustomerRequest,
  LinkCustomerRequest,
  RefRequest,
  RemovePaymentMethodRequest,
  SetDefaultPaymentMethodRequest,
  SubscribeRequest,
  UpcomingInvoiceRequest,
  ValidSubscriptionsRequest,
} from './customers-requests.dto.js';
import { Writing, type WriteCall } from './write-call.js';

@Controller()
export class CustomersGrpcController {
  constructor(
    private readonly customers: CustomersService,
    private readonly refs: CustomersRefs,
    private readonly balances: CustomersBalance,
    private readonly purging: CustomersPurge,
  ) {}

  @GrpcMethod('Customers', 'GetCustomersByRef')
  @Requires('billing:read')
  getCustomersByRef(@WorkspaceId() workspaceId: string, @Payload() { ref, account }: RefRequest) {
    return this.refs.of(workspaceId, ref, account);
  }

  @GrpcMethod('Customers', 'GetOrCreateCustomer')
  @Requires('billing:write')
  getOrCreateCustomer(
    @WorkspaceId() workspaceId: string,
    @Payload() { ref, account, params }: GetOrCreateCustomerRequest,
  ) {
    return this.refs.getOrCreate(workspaceId, ref, account, params);
  }

  @GrpcMethod('Customers', 'LinkCustomer')
  @Requires('billing:write')
  linkCustomer(@WorkspaceId() workspaceId: string, @Payload() { id, ...dto }: LinkCustomerRequest) {
    return this.refs.link(workspaceId, id, dto);
  }

  @GrpcMethod('Customers', 'UnlinkCustomer')
  @Requires('billing:write')
  unlinkCustomer(@WorkspaceId() workspaceId: string, @Payload() { id, account }: CustomerRequest) {
    return this.refs.unlink(workspaceId, id, account);
  }

  @GrpcMethod('Customers', 'Subscribe')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  subscribe(@Writing() call: WriteCall, @Payload() { id, ...dto }: SubscribeRequest) {
    return this.customers.subscribe(call, id, dto);
  }

  @GrpcMethod('Customers', 'AddPaymentMethod')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  addPaymentMethod(@Writing() call: WriteCall, @Payload() { id, ...dto }: AddPaymentMethodRequest) {
    return this.customers.addPaymentMethod(call, id, dto);
  }

  @GrpcMethod('Customers', 'RemovePaymentMethod')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  removePaymentMethod(
    @Writing() call: WriteCall,
    @Payload() { id, paymentMethod, account }: RemovePaymentMethodRequest,
  ) {
    return this.customers.removePaymentMethod(call, id, paymentMethod, account);
  }

  @GrpcMethod('Customers', 'SetDefaultPaymentMethod')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  setDefaultPaymentMethod(@Writing() call: WriteCall, @Payload() { id, ...dto }: SetDefaultPaymentMethodRequest) {
    return this.customers.setDefault(call, id, dto);
  }

  @GrpcMethod('Customers', 'ListValidSubscriptions')
  @Requires('billing:read')
  listValidSubscriptions(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: ValidSubscriptionsRequest) {
    return this.customers.validSubscriptions(workspaceId, id, query);
  }

  @GrpcMethod('Customers', 'PreviewUpcomingInvoice')
  @Requires('billing:read')
  @Idempotent({ mode: 'around' })
  previewUpcomingInvoice(@Writing() call: WriteCall, @Payload() { id, ...dto }: UpcomingInvoiceRequest) {
    return this.customers.upcomingInvoice(call, id, dto);
  }

  @GrpcMethod('Customers', 'AddDiscount')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  addDiscount(@Writing() call: WriteCall, @Payload() { id, ...dto }: AddDiscountRequest) {
    return this.customers.addDiscount(call, id, dto);
  }

  @GrpcMethod('Customers', 'RemoveDiscount')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  removeDiscount(@Writing() call: WriteCall, @Payload() { id, account }: CustomerRequest) {
    return this.customers.removeDiscount(call, id, account);
  }

  @GrpcMethod('Customers', 'GetBalance')
  @Requires('billing:read')
  getBalance(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: BalanceRequest) {
    return this.balances.get(workspaceId, id, query);
  }

  @GrpcMethod('Customers', 'AdjustBalance')
  @Requires('billing:write')
  @Idempotent({ mode: 'around', required: true })
  adjustBalance(@Writing() call: WriteCall, @Payload() { id, ...dto }: AdjustBalanceRequest) {
    return this.balances.adjust(call, id, dto);
  }

  @GrpcMethod('Customers', 'PurgeCustomer')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  purgeCustomer(@Writing() call: WriteCall, @Payload() { id, account }: CustomerRequest) {
    return this.purging.purge(call, id, account);
  }
}
