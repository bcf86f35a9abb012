import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../access/current-caller.js';
import { Requires } from '../access/policy.js';
import { BillingService } from './billing.service.js';
import { GetObjectQuery, ListObjectsQuery, ObjectParam, ObjectsParam } from './dto/billing.dto.js';

@ApiTags('Billing')
@Requires('billing:read')
@Controller('v1/billing')
export class BillingHttpController {
  constructor(private readonly billing: BillingService) {}

  @Get(':objects')
  list(@WorkspaceId() workspaceId: string, @Param() { objects }: ObjectsParam, @Query() query: ListObjectsQuery) {
    return this.billing.list(workspaceId, objects, query);
  }

  @Get(':objects/:id')
  get(@WorkspaceId() workspaceId: string, @Param() { objects, id }: ObjectParam, @Query() query: GetObjectQuery) {
    return this.billing.retrieve(workspaceId, objects, id, query);
  }
}
