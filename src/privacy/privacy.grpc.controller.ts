import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { Caller } from '../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../access/current-caller.js';
import { Idempotent } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import { PersonEraser } from './person-eraser.service.js';
import { PrivacyLog } from './privacy-log.service.js';
import { ListPrivacyRequestsQuery } from './privacy.dto.js';

@Controller()
export class PrivacyGrpcController {
  constructor(
    private readonly eraser: PersonEraser,
    private readonly log: PrivacyLog,
  ) {}

  @GrpcMethod('Privacy', 'EraseCustomer')
  @Requires('privacy:write')
  @Idempotent({ mode: 'around' })
  eraseCustomer(@CurrentCaller() caller: Caller, @Payload() { id }: IdParam) {
    return this.eraser.erase(caller, id);
  }

  @GrpcMethod('Privacy', 'ListPrivacyRequests')
  @Requires('privacy:read')
  listPrivacyRequests(@WorkspaceId() workspaceId: string, @Payload() query: ListPrivacyRequestsQuery) {
    return this.log.list(workspaceId, query);
  }
}
