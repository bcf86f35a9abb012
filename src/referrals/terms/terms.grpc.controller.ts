import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { TermsOverrides } from './terms-overrides.service.js';
import { EndTermsRequest, ListTermsRequest, PutTermsRequest, TermsRequest } from './terms.dto.js';

@Controller()
@Requires('referrals:read')
export class TermsGrpcController {
  constructor(private readonly terms: TermsOverrides) {}

  @GrpcMethod('Referrals', 'ListTerms')
  list(@WorkspaceId() workspaceId: string, @Payload() { key, ...query }: ListTermsRequest) {
    return this.terms.list(workspaceId, key, query);
  }

  @GrpcMethod('Referrals', 'GetTerms')
  get(@WorkspaceId() workspaceId: string, @Payload() of: TermsRequest) {
    return this.terms.get(workspaceId, of);
  }

  @GrpcMethod('Referrals', 'PutTerms')
  @Idempotent()
  @Requires('referrals:write')
  put(@WorkspaceId() workspaceId: string, @Payload() request: PutTermsRequest, @Tx() tx: EntityManager) {
    const { key, scope, id, ...dto } = request;
    return this.terms.put(workspaceId, { key, scope, id }, dto, tx);
  }

  @GrpcMethod('Referrals', 'EndTerms')
  @Idempotent()
  @Requires('referrals:write')
  end(@WorkspaceId() workspaceId: string, @Payload() { effectiveAt, ...of }: EndTermsRequest, @Tx() tx: EntityManager) {
    return this.terms.end(workspaceId, of, { effectiveAt }, tx);
  }
}
