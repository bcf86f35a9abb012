import { Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { ApiKeysService } from './api-keys.service.js';
import { DeadlineInterceptor } from './deadline.interceptor.js';
import { FirstKeyService } from './first-key.service.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyPurgeWorker } from './idempotency-purge.worker.js';
import { IdempotencyService } from './idempotency.service.js';
import { RateLimitsService } from './rate-limits.service.js';
import { WorkspacesService } from './workspaces.service.js';

/** Guard and interceptors count for the whole application, on both faces; the interceptors wrap each other in this order. */
@Module({
  providers: [
    WorkspacesService,
    ApiKeysService,
    FirstKeyService,
    RateLimitsService,
    IdempotencyService,
    IdempotencyPurgeWorker,
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_INTERCEPTOR, useClass: DeadlineInterceptor },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
  ],
  exports: [WorkspacesService, ApiKeysService, FirstKeyService, RateLimitsService, IdempotencyService],
})
export class AccessModule {}
