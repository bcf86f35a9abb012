import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { OnboardingLinkRequest } from './accounts.dto.js';
import { AccountsService } from './accounts.service.js';
import { Writing, type WriteCall } from './write-call.js';

@Controller()
export class AccountsGrpcController {
  constructor(private readonly accounts: AccountsService) {}

  @GrpcMethod('Accounts', 'GetAccountStatus')
  @Requires('billing:read')
  status(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.accounts.status(workspaceId, id);
  }

  @GrpcMethod('Accounts', 'CreateOnboardingLink')
  @Requires('billing:write')
  @Idempotent({ mode: 'unkept' })
  onboardingLink(@Writing() call: WriteCall, @Payload() { id, ...request }: OnboardingLinkRequest) {
    return this.accounts.onboardingLink(call, id, request);
  }

  @GrpcMethod('Accounts', 'CreateLoginLink')
  @Requires('billing:write')
  @Idempotent({ mode: 'unkept' })
  loginLink(@Writing() call: WriteCall, @Payload() { id }: IdParam) {
    return this.accounts.loginLink(call, id);
  }
}
