import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessModule } from '../access/access.module.js';
import { StripeModule } from '../stripe/stripe.module.js';
import { AccountNamesGuard } from './account-names.guard.js';
import { BillingReader } from './billing-reader.service.js';
import { BillingService } from './billing.service.js';
import { BillingGrpcController } from './billing.grpc.controller.js';
import { BillingHttpController } from './billing.http.controller.js';
import { ConnectedAccounts } from './mirror/connected-accounts.service.js';
import { MirrorWriter } from './mirror/mirror-writer.js';
import { OffStripeAmounts } from './mirror/off-stripe-amounts.js';
import { RefetchMetrics } from './mirror/refetch-metrics.js';
import { RefetchQuestions } from './mirror/refetch-questions.service.js';
import { RefetchQueue } from './mirror/refetch-queue.js';
import { RefetchWorker } from './mirror/refetch.worker.js';
import { SettleQueue } from './mirror/settle-queue.js';
import { StripeFetcher } from './mirror/stripe-fetcher.js';
import { ApiVersionsSeen } from './truth/api-versions-seen.service.js';
import { AccountsGrpcController } from './operations/accounts.grpc.controller.js';
import { AccountsHttpController } from './operations/accounts.http.controller.js';
import { AccountsService } from './operations/accounts.service.js';
import { AnswerKeeper } from './operations/answer-keeper.service.js';
import { PaymentLinks } from './operations/charges-links.service.js';
import { ChargesGrpcController } from './operations/charges.grpc.controller.js';
import { ChargesHttpController } from './operations/charges.http.controller.js';
import { ChargesService } from './operations/charges.service.js';
import { CustomersBalance } from './operations/customers-balance.service.js';
import { CustomerEraser } from './operations/customers-eraser.service.js';
import { CustomerErasures } from './operations/customers-erasures.service.js';
import { CustomerErasureWorker } from './operations/customers-erasure.worker.js';
import { CustomersPurge } from './operations/customers-purge.service.js';
import { CustomersRefs } from './operations/customers-refs.service.js';
import { CustomersGrpcController } from './operations/customers.grpc.controller.js';
import { CustomersHttpController } from './operations/customers.http.controller.js';
import { CustomersService } from './operations/customers.service.js';
import { HeldObjects } from './operations/held-objects.service.js';
import { InvoiceChanges } from './operations/invoices-changes.service.js';
import { InvoicePreviews } from './operations/invoices-preview.service.js';
import { InvoicesGrpcController } from './operations/invoices.grpc.controller.js';
import { InvoicesHttpController } from './operations/invoices.http.controller.js';
import { InvoicesService } from './operations/invoices.service.js';
import { ObjectsResync } from './operations/objects-resync.service.js';
import { ObjectsService } from './operations/objects.service.js';
import { PaymentMethodsGrpcController } from './operations/payment-methods.grpc.controller.js';
import { PaymentMethodsHttpController } from './operations/payment-methods.http.controller.js';
import { PaymentMethodsService } from './operations/payment-methods.service.js';
import { StripeWriter } from './operations/stripe-writer.service.js';
import { SubscriptionChanges } from './operations/subscriptions-changes.service.js';
import { SubscriptionsGrpcController } from './operations/subscriptions.grpc.controller.js';
import { SubscriptionsHttpController } from './operations/subscriptions.http.controller.js';
import { SubscriptionsService } from './operations/subscriptions.service.js';

@Module({
  imports: [AccessModule, StripeModule],
  controllers: [
    BillingHttpController,
    BillingGrpcController,
    AccountsHttpController,
    AccountsGrpcController,
    CustomersHttpController,
    CustomersGrpcController,
    PaymentMethodsHttpController,
    PaymentMethodsGrpcController,
    ChargesHttpController,
    ChargesGrpcController,
    InvoicesHttpController,
    InvoicesGrpcController,
    SubscriptionsHttpController,
    SubscriptionsGrpcController,
  ],
  providers: [
    // Comes after the guard of the access room, which is imported here.
    { provide: APP_GUARD, useClass: AccountNamesGuard },
    AccountsService,
    ChargesService,
    CustomerEraser,
    CustomerErasures,
    CustomerErasureWorker,
    CustomersBalance,
    CustomersPurge,
    CustomersRefs,
    CustomersService,
    PaymentMethodsService,
    HeldObjects,
    InvoiceChanges,
    InvoicePreviews,
    InvoicesService,
    PaymentLinks,
    SubscriptionChanges,
    SubscriptionsService,
    AnswerKeeper,
    ApiVersionsSeen,
    BillingReader,
    BillingService,
    ConnectedAccounts,
    MirrorWriter,
    ObjectsResync,
    ObjectsService,
    OffStripeAmounts,
    RefetchMetrics,
    RefetchQuestions,
    RefetchQueue,
    RefetchWorker,
    SettleQueue,
    StripeFetcher,
    StripeWriter,
  ],
  exports: [
    AnswerKeeper,
    CustomerEraser,
    CustomerErasures,
    StripeWriter,
    ApiVersionsSeen,
    BillingReader,
    BillingService,
    ConnectedAccounts,
    MirrorWriter,
    OffStripeAmounts,
    RefetchMetrics,
    RefetchQueue,
    RefetchWorker,
    SettleQueue,
    StripeFetcher,
  ],
})
export class BillingModule {}
