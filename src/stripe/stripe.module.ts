import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { AppConfig } from '../config/app-config.js';
import { StripeGateway } from './stripe-gateway.service.js';
import { StripeLimits } from './stripe-limits.js';
import { StripeMetrics } from './stripe-metrics.js';

@Module({
  imports: [AccessModule],
  providers: [
    StripeGateway,
    StripeMetrics,
    {
      provide: StripeLimits,
      inject: [AppConfig],
      useFactory: ({ stripeRequestsPerSecond }: AppConfig) =>
        new StripeLimits({ requestsPerSecond: stripeRequestsPerSecond }),
    },
  ],
  exports: [StripeGateway, StripeLimits],
})
export class StripeModule {}
