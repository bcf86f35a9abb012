import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { PageQuery } from '../../common/page-query.dto.js';
import {
  MovePartnerDto,
  PartnerGroupParam,
  PutPartnerGroupDto,
  PartnerGroupView,
  GroupMemberView,
} from './partner-group.dto.js';
import { PartnerGroups } from './partner-groups.service.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Partners')
@Requires('referrals:read')
@Controller('v1')
export class PartnerGroupsHttpController {
  constructor(private readonly groups: PartnerGroups) {}

  @Put('partner-groups/:key')
  @Idempotent()
  @Requires('referrals:write')
  put(
    @WorkspaceId() workspaceId: string,
    @Param() { key }: PartnerGroupParam,
    @Body() dto: PutPartnerGroupDto,
    @Tx() tx: EntityManager,
  ) {
    return this.groups.put(workspaceId, key, dto, tx);
  }

  @Get('partner-groups')
  @ApiPage(PartnerGroupView)
  list(@WorkspaceId() workspaceId: string, @Query() query: PageQuery) {
    return this.groups.list(workspaceId, query);
  }

  @Get('partner-groups/:key/members')
  @ApiPage(GroupMemberView)
  listMembers(@WorkspaceId() workspaceId: string, @Param() { key }: PartnerGroupParam, @Query() query: PageQuery) {
    return this.groups.listMembers(workspaceId, key, query);
  }

  @Put('partners/:id/group')
  @Idempotent()
  @Requires('referrals:write')
  move(
    @WorkspaceId() workspaceId: string,
    @Param() { id }: IdParam,
    @Body() dto: MovePartnerDto,
    @Tx() tx: EntityManager,
  ) {
    return this.groups.move(workspaceId, id, dto, tx);
  }
}
