import { Module } from '@nestjs/common';
import { BillingModule } from '../billing/billing.module.js';
import { PayoutsModule } from '../payouts/payouts.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { SettleWorker } from './settle.worker.js';

@Module({
  imports: [BillingModule, PayoutsModule, ReferralsModule],
  providers: [SettleWorker],
  exports: [SettleWorker],
})
export class SettlingModule {}
