import { Module } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata } from '@nestjs/common';
import { APP_FILTER, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AccessModule } from './access/access.module.js';
import { AccessLimits } from './access/rate-limits.service.js';
import { ApiDocument } from './api-document.js';
import { Clock } from './common/clock.js';
import { ErrorFilter } from './common/error.filter.js';
import { MetricsModule } from './common/metrics.js';
import { RequestPipe } from './common/request.pipe.js';
import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { DocsController } from './docs.controller.js';
import { BackfillModule } from './billing/backfill/backfill.module.js';
import { BillingModule } from './billing/billing.module.js';
import { TruthModule } from './billing/truth/truth.module.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { NumbersModule } from './numbers/numbers.module.js';
import { OpsModule } from './ops/ops.module.js';
import { PortalModule } from './portal/portal.module.js';
import { PartnersModule } from './partners/partners.module.js';
import { PayoutsModule } from './payouts/payouts.module.js';
import { PrivacyModule } from './privacy/privacy.module.js';
import { ReferralsModule } from './referrals/referrals.module.js';
import { SettlingModule } from './settling/settling.module.js';
import { StripeModule } from './stripe/stripe.module.js';
import { BacklogModule } from './webhooks/backlog.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';
import type { SandboxClock } from './sandbox-mode/sandbox-clock.js';
import { SandboxModule } from './sandbox-mode/sandbox.module.js';
import { WorkerRegistry } from './worker-registry.js';

/** The rooms in the order of the house: each may use those above it. */
const ROOMS: ModuleMetadata['imports'] = [
  AccessModule,
  StripeModule,
  BillingModule,
  BackfillModule,
  TruthModule,
  LedgerModule,
  PartnersModule,
  ReferralsModule,
  PayoutsModule,
  NumbersModule,
  PortalModule,
  PrivacyModule,
  SettlingModule,
  WebhooksModule,
  BacklogModule,
  OpsModule,
];

/** What exists before the application and outlives it. */
export interface Foundations {
  config: AppConfig;
  dataSource: DataSource;
  clock: Clock;
  limits: AccessLimits;
  /** Only in sandbox mode. */
  sandboxClock: SandboxClock | null;
}

/** Makes business time and the limits injectable everywhere. */
@Module({})
class FoundationsModule {
  static forRoot({ clock, limits }: Foundations): DynamicModule {
    return {
      module: FoundationsModule,
      global: true,
      providers: [
        { provide: Clock, useValue: clock },
        { provide: AccessLimits, useValue: limits },
      ],
      exports: [Clock, AccessLimits],
    };
  }
}

@Module({})
export class AppModule {
  static forRoot(foundations: Foundations, extraModules: ModuleMetadata['imports'] = []): DynamicModule {
    const { config, dataSource, sandboxClock } = foundations;
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        FoundationsModule.forRoot(foundations),
        TypeOrmModule.forRootAsync({
          useFactory: () => dataSource.options,
          dataSourceFactory: () => Promise.resolve(dataSource),
        }),
        DiscoveryModule,
        MetricsModule,
        ...(ROOMS ?? []),
        ...(sandboxClock ? [SandboxModule.forRoot(sandboxClock)] : []),
        ...(extraModules ?? []),
      ],
      controllers: [DocsController],
      providers: [
        ApiDocument,
        WorkerRegistry,
        { provide: APP_FILTER, useClass: ErrorFilter },
        { provide: APP_PIPE, useClass: RequestPipe },
      ],
    };
  }
}
