import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { OnboardingLinkDto } from './accounts.dto.js';
import { AccountsService } from './accounts.service.js';
import { Writing, type WriteCall } from './write-call.js';

@ApiTags('Accounts')
@Controller('v1/billing/accounts/:id')
export class AccountsHttpController {
  constructor(private readonly accounts: AccountsService) {}

  @Get('status')
  @Requires('billing:read')
  status(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.accounts.status(workspaceId, id);
  }

  @Post('onboarding-link')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'unkept' })
  onboardingLink(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: OnboardingLinkDto) {
    return this.accounts.onboardingLink(call, id, request);
  }

  @Post('login-link')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'unkept' })
  loginLink(@Writing() call: WriteCall, @Param() { id }: IdParam) {
    return this.accounts.loginLink(call, id);
  }
}
