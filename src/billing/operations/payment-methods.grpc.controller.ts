import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { AttachPaymentMethodRequest, PaymentInstrumentRequest, PaymentMethodRequest } from './payment-methods.dto.js';
import { PaymentMethodsService } from './payment-methods.service.js';
import { Writing, type WriteCall } from './write-call.js';

@Controller()
export class PaymentMethodsGrpcController {
  constructor(private readonly methods: PaymentMethodsService) {}

  @GrpcMethod('PaymentMethods', 'GetPaymentInstrument')
  @Requires('billing:read')
  getPaymentInstrument(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: PaymentInstrumentRequest) {
    return this.methods.instrument(workspaceId, id, query);
  }

  @GrpcMethod('PaymentMethods', 'AttachPaymentMethod')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  attachPaymentMethod(@Writing() call: WriteCall, @Payload() { id, customer, account }: AttachPaymentMethodRequest) {
    return this.methods.attach(call, id, customer, account);
  }

  @GrpcMethod('PaymentMethods', 'DetachPaymentMethod')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  detachPaymentMethod(@Writing() call: WriteCall, @Payload() { id, account }: PaymentMethodRequest) {
    return this.methods.detach(call, id, account);
  }
}
