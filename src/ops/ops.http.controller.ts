import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

import { Public } from '../access/policy.js';
import { ReadinessDto } from './dto/readiness.dto.js';
import { ProcessMetricsService } from './process-metrics.service.js';
import { ReadinessService } from './readiness.service.js';

@Controller()
export class OpsController {
  constructor(
    private readonly readiness: ReadinessService,
    private readonly processMetrics: ProcessMetricsService,
  ) {}

  /** The process runs and its event loop turns. Looks at nothing else, so a database that is away restarts no one. */
  @Public('orchestrators probe it without a key, and it tells nothing', { limitPerAddress: false })
  @Get('livez')
  live(): { status: 'alive' } {
    return { status: 'alive' };
  }

  /** The database takes a write and its schema is current. 503 when not. */
  @Public('load balancers probe it without a key, and it tells no business data', { limitPerAddress: false })
  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessDto> {
    const report = await this.readiness.check();
    void reply.code(report.status === 'ready' ? 200 : 503);
    return report;
  }

  /** Prometheus' text format. */
  @Public('scrapers read it without a key from inside the network, and it holds counts only', {
    limitPerAddress: false,
  })
  @Get('metrics')
  async metrics(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.type(this.processMetrics.contentType);
    return await this.processMetrics.read();
  }
}
