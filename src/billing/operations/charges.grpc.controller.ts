import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { CaptureChargeRequest, ChargeRequest, RefundChargeRequest } from './charges.dto.js';
import { ChargesService } from './charges.service.js';
import { Writing, type WriteCall } from './write-call.js';

@Controller()
export class ChargesGrpcController {
  constructor(private readonly charges: ChargesService) {}

  @GrpcMethod('Charges', 'GetChargeSummary')
  @Requires('billing:read')
  summary(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: ChargeRequest) {
    return this.charges.summary(workspaceId, id, query);
  }

  @GrpcMethod('Charges', 'RefundCharge')
  @Requires('billing:write')
  @Idempotent({ required: true, mode: 'around' })
  refund(@Writing() call: WriteCall, @Payload() { id, ...request }: RefundChargeRequest) {
    return this.charges.refund(call, id, request);
  }

  @GrpcMethod('Charges', 'CaptureCharge')
  @Requires('billing:write')
  @Idempotent({ required: true, mode: 'around' })
  capture(@Writing() call: WriteCall, @Payload() { id, ...request }: CaptureChargeRequest) {
    return this.charges.capture(call, id, request);
  }
}
