import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Idempotent } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { AdvanceRequest } from './advance.dto.js';
import { SandboxClock } from './sandbox-clock.js';

@Controller('v1/sandbox')
export class SandboxController {
  constructor(private readonly clock: SandboxClock) {}

  @Post('advance')
  @HttpCode(200)
  @Requires('sandbox:write')
  @Idempotent({ mode: 'around' })
  async advance(@Body() { seconds }: AdvanceRequest): Promise<{ now: Date }> {
    return { now: await this.clock.advance(seconds) };
  }
}
