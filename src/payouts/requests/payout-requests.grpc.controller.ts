import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { ClosePayoutRequestRequest, ListPayoutRequestsQuery } from './payout-request.dto.js';
import { PayoutRequests } from './payout-requests.service.js';

@Controller()
export class PayoutRequestsGrpcController {
  constructor(private readonly requests: PayoutRequests) {}

  @GrpcMethod('Payouts', 'ListPayoutRequests')
  @Requires('payouts:read')
  listPayoutRequests(@WorkspaceId() workspaceId: string, @Payload() query: ListPayoutRequestsQuery) {
    return this.requests.list(workspaceId, query);
  }

  @GrpcMethod('Payouts', 'ClosePayoutRequest')
  @Requires('payouts:write')
  @Idempotent()
  closePayoutRequest(
    @CurrentCaller() caller: Caller,
    @Payload() { id, ...dto }: ClosePayoutRequestRequest,
    @Tx() tx: EntityManager,
  ) {
    return this.requests.close(caller, id, dto, tx);
  }
}
