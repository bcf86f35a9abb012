import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../access/current-caller.js';
import { Idempotent, Tx } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import { ApprovePayoutRunRequest, CreatePayoutRunDto } from './dto/payout-run.dto.js';
import { ListPayoutsQuery, MarkPayoutPaidRequest } from './dto/payout.dto.js';
import { PayoutRunsService } from './payout-runs.service.js';
import { PayoutsReader } from './payouts-reader.service.js';
import { PayoutsService } from './payouts.service.js';

@Controller()
export class PayoutsGrpcController {
  constructor(
    private readonly runs: PayoutRunsService,
    private readonly payouts: PayoutsService,
    private readonly reader: PayoutsReader,
  ) {}

  @GrpcMethod('Payouts', 'CreatePayoutRun')
  @Requires('payouts:write')
  @Idempotent({ required: true })
  createRun(@CurrentCaller() caller: Caller, @Payload() dto: CreatePayoutRunDto, @Tx() tx: EntityManager) {
    return this.runs.create(caller, dto, tx);
  }

  @GrpcMethod('Payouts', 'GetPayoutRun')
  @Requires('payouts:read')
  getRun(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.reader.getRun(workspaceId, id);
  }

  @GrpcMethod('Payouts', 'ApprovePayoutRun')
  @Requires('payouts:approve')
  @Idempotent({ required: true })
  approveRun(
    @CurrentCaller() caller: Caller,
    @Payload() { id, revision }: ApprovePayoutRunRequest,
    @Tx() tx: EntityManager,
  ) {
    return this.runs.approve(caller, id, revision, tx);
  }

  @GrpcMethod('Payouts', 'CancelPayoutRun')
  @Requires('payouts:write')
  @Idempotent()
  cancelRun(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam, @Tx() tx: EntityManager) {
    return this.runs.cancel(workspaceId, id, tx);
  }

  @GrpcMethod('Payouts', 'GetPayout')
  @Requires('payouts:read')
  get(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.reader.get(workspaceId, id);
  }

  @GrpcMethod('Payouts', 'ListPayouts')
  @Requires('payouts:read')
  list(@WorkspaceId() workspaceId: string, @Payload() query: ListPayoutsQuery) {
    return this.reader.list(workspaceId, query);
  }

  @GrpcMethod('Payouts', 'MarkPayoutPaid')
  @Requires('payouts:write')
  @Idempotent({ required: true })
  markPaid(
    @WorkspaceId() workspaceId: string,
    @Payload() { id, reference }: MarkPayoutPaidRequest,
    @Tx() tx: EntityManager,
  ) {
    return this.payouts.markPaid(workspaceId, id, reference, tx);
  }

  @GrpcMethod('Payouts', 'RetryPayout')
  @Requires('payouts:approve')
  @Idempotent()
  retry(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam, @Tx() tx: EntityManager) {
    return this.payouts.retry(workspaceId, id, tx);
  }
}
