import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { BackfillsReader } from './backfills-reader.service.js';
import { BackfillsService } from './backfills.service.js';
import { CreateBackfillDto, ListBackfillsQuery } from './dto/backfill.dto.js';

@Controller()
export class BackfillsGrpcController {
  constructor(
    private readonly backfills: BackfillsService,
    private readonly reader: BackfillsReader,
  ) {}

  @GrpcMethod('Backfills', 'CreateBackfill')
  @Requires('billing:write')
  @Idempotent()
  create(@WorkspaceId() workspaceId: string, @Payload() dto: CreateBackfillDto, @Tx() tx: EntityManager) {
    return this.backfills.create(workspaceId, dto, tx);
  }

  @GrpcMethod('Backfills', 'ListBackfills')
  @Requires('billing:read')
  list(@WorkspaceId() workspaceId: string, @Payload() query: ListBackfillsQuery) {
    return this.reader.list(workspaceId, query);
  }

  @GrpcMethod('Backfills', 'GetBackfill')
  @Requires('billing:read')
  get(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.reader.get(workspaceId, id);
  }

  @GrpcMethod('Backfills', 'CancelBackfill')
  @Requires('billing:write')
  @Idempotent()
  cancel(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam, @Tx() tx: EntityManager) {
    return this.backfills.cancel(workspaceId, id, tx);
  }
}
