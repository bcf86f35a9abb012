import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { PartnersModule } from '../partners/partners.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { StripeModule } from '../stripe/stripe.module.js';
import { Drafts } from './drafts.service.js';
import { Payees } from './payees.service.js';
import { PayoutAttempts } from './payout-attempts.service.js';
import { PayoutRunsService } from './payout-runs.service.js';
import { PayoutSender } from './payout-sender.js';
import { PayoutSettlement } from './payout-settlement.service.js';
import { PayoutsGrpcController } from './payouts.grpc.controller.js';
import { PayoutsHttpController } from './payouts.http.controller.js';
import { PayoutsReader } from './payouts-reader.service.js';
import { PayoutsRepository } from './payouts.repository.js';
import { PayoutsService } from './payouts.service.js';
import { PayoutRequestsGrpcController } from './requests/payout-requests.grpc.controller.js';
import { PayoutRequestsHttpController } from './requests/payout-requests.http.controller.js';
import { PayoutRequests } from './requests/payout-requests.service.js';
import { TransferLookup } from './transfer-lookup.js';

@Module({
  imports: [AccessModule, BillingModule, LedgerModule, PartnersModule, ReferralsModule, StripeModule],
  controllers: [
    PayoutsHttpController,
    PayoutsGrpcController,
    PayoutRequestsHttpController,
    PayoutRequestsGrpcController,
  ],
  providers: [
    Drafts,
    Payees,
    PayoutAttempts,
    PayoutRequests,
    PayoutRunsService,
    PayoutSender,
    PayoutSettlement,
    PayoutsReader,
    PayoutsRepository,
    PayoutsService,
    TransferLookup,
  ],
  exports: [PayoutRequests, PayoutSender, PayoutSettlement, PayoutsReader, PayoutsService],
})
export class PayoutsModule {}
