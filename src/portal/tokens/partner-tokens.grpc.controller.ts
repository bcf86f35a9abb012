import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { CreatePartnerTokenRequest, ListPartnerTokensRequest, PartnerTokenParam } from './partner-token.dto.js';
import { PartnerTokens } from './partner-tokens.service.js';

@Controller()
@Requires('portal:write')
export class PartnerTokensGrpcController {
  constructor(private readonly tokens: PartnerTokens) {}

  @GrpcMethod('PartnerTokens', 'CreatePartnerToken')
  @Idempotent({ mode: 'unkept' })
  createPartnerToken(@WorkspaceId() workspaceId: string, @Payload() { id, ...dto }: CreatePartnerTokenRequest) {
    return this.tokens.create(workspaceId, id, dto);
  }

  @GrpcMethod('PartnerTokens', 'ListPartnerTokens')
  listPartnerTokens(@WorkspaceId() workspaceId: string, @Payload() { id, ...query }: ListPartnerTokensRequest) {
    return this.tokens.list(workspaceId, id, query);
  }

  @GrpcMethod('PartnerTokens', 'RevokePartnerToken')
  @Idempotent({ mode: 'unkept' })
  revokePartnerToken(@WorkspaceId() workspaceId: string, @Payload() { id, tokenId }: PartnerTokenParam) {
    return this.tokens.revoke(workspaceId, id, tokenId);
  }
}
