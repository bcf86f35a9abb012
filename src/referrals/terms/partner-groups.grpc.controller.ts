import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { ListGroupMembersRequest, MovePartnerRequest, PutPartnerGroupRequest } from './partner-group.dto.js';
import { PartnerGroups } from './partner-groups.service.js';

@Controller()
@Requires('referrals:read')
export class PartnerGroupsGrpcController {
  constructor(private readonly groups: PartnerGroups) {}

  @GrpcMethod('Referrals', 'PutPartnerGroup')
  @Idempotent()
  @Requires('referrals:write')
  put(@WorkspaceId() workspaceId: string, @Payload() { key, ...dto }: PutPartnerGroupRequest, @Tx() tx: EntityManager) {
    return this.groups.put(workspaceId, key, dto, tx);
  }

  @GrpcMethod('Referrals', 'ListPartnerGroups')
  list(@WorkspaceId() workspaceId: string, @Payload() query: PageQuery) {
    return this.groups.list(workspaceId, query);
  }

  @GrpcMethod('Referrals', 'ListGroupMembers')
  listMembers(@WorkspaceId() workspaceId: string, @Payload() { key, ...query }: ListGroupMembersRequest) {
    return this.groups.listMembers(workspaceId, key, query);
  }

  @GrpcMethod('Referrals', 'MovePartner')
  @Idempotent()
  @Requires('referrals:write')
  move(
    @WorkspaceId() workspaceId: string,
    @Payload() { id, group = null, effectiveAt }: MovePartnerRequest,
    @Tx() tx: EntityManager,
  ) {
    return this.groups.move(workspaceId, id, { group, effectiveAt }, tx);
  }
}
