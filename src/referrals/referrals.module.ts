import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { PartnersModule } from '../partners/partners.module.js';
import { StripeModule } from '../stripe/stripe.module.js';
import { AttributionsGrpcController } from './attribution/attributions.grpc.controller.js';
import { AttributionsHttpController } from './attribution/attributions.http.controller.js';
import { AttributionsService } from './attribution/attributions.service.js';
import { AttributionService } from './attribution.service.js';
import { BacktestGrpcController } from './backtest/backtest.grpc.controller.js';
import { BacktestHttpController } from './backtest/backtest.http.controller.js';
import { BacktestService } from './backtest/backtest.service.js';
import { PastSales } from './backtest/past-sales.repository.js';
import { ClicksService } from './clicks/clicks.service.js';
import { VisitorHashesService } from './clicks/visitor-hashes.service.js';
import { CodeGuesses } from './codes/code-guesses.service.js';
import { CodeNames } from './codes/code-names.repository.js';
import { CodeUses } from './codes/code-uses.repository.js';
import { CodeViews } from './codes/code-views.service.js';
import { CodesHttpController } from './codes/codes.http.controller.js';
import { CodesService } from './codes/codes.service.js';
import { PromotionCodesWorker } from './codes/promotion-codes.worker.js';
import { PromotionCodes } from './codes/promotion-codes.service.js';
import { PromotionSync } from './codes/promotion-sync.service.js';
import { CommissionSettlement } from './commission-settlement.service.js';
import { CommissionsRepository } from './commissions.repository.js';
import { CommissionsService } from './commissions.service.js';
import { CustomersService } from './customers.service.js';
import { Coupons } from './discounts/coupons.repository.js';
import { ProgramDiscounts } from './discounts/program-discounts.service.js';
import { ExchangeFixings } from './exchange/exchange-fixings.repository.js';
import { ExchangeRatesGrpcController } from './exchange/exchange-rates.grpc.controller.js';
import { ExchangeRatesHttpController } from './exchange/exchange-rates.http.controller.js';
import { ExchangeRatesService } from './exchange/exchange-rates.service.js';
import { PersonErasures } from './erasure/person-erasures.service.js';
import { EvidenceRepository } from './evidence.repository.js';
import { CommissionHolds } from './holds/commission-holds.service.js';
import { ReviewsGrpcController } from './holds/reviews.grpc.controller.js';
import { ReviewsHttpController } from './holds/reviews.http.controller.js';
import { ReviewsService } from './holds/reviews.service.js';
import { LeadSettlement } from './leads/lead-settlement.service.js';
import { Leads } from './leads/leads.repository.js';
import { NotedSales } from './noted-sales.repository.js';
import { BalanceLines } from './imports/balance-lines.importer.js';
import { CodeLines } from './imports/code-lines.importer.js';
import { CustomerLines } from './imports/customer-lines.importer.js';
import { CustomerReferences } from './imports/customer-references.repository.js';
import { ImportReferences } from './imports/import-references.repository.js';
import { ImportUploads } from './imports/import-uploads.service.js';
import { ImportsHttpController } from './imports/imports.http.controller.js';
import { ImportsService } from './imports/imports.service.js';
import { PartnerLines } from './imports/partner-lines.importer.js';
import { PersonsRepository } from './persons.repository.js';
import { PostedCommissions } from './posted-commissions.repository.js';
import { ProgramTerms } from './program-terms.service.js';
import { ProgramsHttpController } from './programs.http.controller.js';
import { ProgramsService } from './programs.service.js';
import { PagesHttpController } from './clicks/pages.http.controller.js';
import { PagesService } from './clicks/pages.service.js';
import { RedirectHttpController } from './clicks/redirect.http.controller.js';
import { ReferralSettlement } from './referral-settlement.service.js';
import { ReferralsGrpcController } from './referrals.grpc.controller.js';
import { ReferralsHttpController } from './referrals.http.controller.js';
import { ReferralsService } from './referrals.service.js';
import { SaleCounts } from './sale-counts.repository.js';
import { SaleFactsRepository } from './sale-facts.repository.js';
import { SaleLinks } from './sale-links.repository.js';
import { SalesService } from './sales.service.js';
import { AllowancesGrpcController } from './suspicion/allowances.grpc.controller.js';
import { AllowancesHttpController } from './suspicion/allowances.http.controller.js';
import { AllowancesService } from './suspicion/allowances.service.js';
import { PartnerChangesWorker } from './suspicion/partner-changes.worker.js';
import { SuspicionFactsRepository } from './suspicion/suspicion-facts.repository.js';
import { Suspicions } from './suspicion/suspicions.service.js';
import { SignUpsService } from './sign-ups.service.js';
import { Exemptions } from './standing/exemptions.repository.js';
import { PartnerStandings } from './standing/partner-standings.service.js';
import { ProgramStates } from './standing/program-states.service.js';
import { StandingGrpcController } from './standing/standing.grpc.controller.js';
import { StandingHttpController } from './standing/standing.http.controller.js';
import { ToldNames } from './told-names.repository.js';
import { Standings } from './standing/standings.repository.js';
import { PartnerGroupsGrpcController } from './terms/partner-groups.grpc.controller.js';
import { PartnerGroupsHttpController } from './terms/partner-groups.http.controller.js';
import { PartnerGroups } from './terms/partner-groups.service.js';
import { TermsInForceRepository } from './terms/terms-in-force.repository.js';
import { TermsOverrides } from './terms/terms-overrides.service.js';
import { TermsGrpcController } from './terms/terms.grpc.controller.js';
import { TermsHttpController } from './terms/terms.http.controller.js';

/** What clients ask of the room. */
const REQUESTS = [
  ProgramsService,
  ProgramTerms,
  PartnerGroups,
  TermsOverrides,
  TermsInForceRepository,
  ExchangeRatesService,
  ProgramStates,
  PartnerStandings,
  AttributionsService,
  CodesService,
  CodeNames,
  CodeViews,
  CodeUses,
  CodeGuesses,
  Coupons,
  ProgramDiscounts,
  PromotionCodes,
  PromotionSync,
  PromotionCodesWorker,
  ClicksService,
  VisitorHashesService,
  PagesService,
  CustomersService,
  SignUpsService,
  ReferralsService,
  SalesService,
  CommissionsRepository,
  CommissionsService,
  ReviewsService,
  AllowancesService,
  BacktestService,
  PastSales,
];

/** Files of what was elsewhere. */
const IMPORTS = [
  ImportReferences,
  CustomerReferences,
  PartnerLines,
  CodeLines,
  CustomerLines,
  BalanceLines,
  ImportsService,
  ImportUploads,
];

/** What follows from the facts: who is bound to whom, and what a sale earns. */
const SETTLING = [
  ToldNames,
  PersonErasures,
  EvidenceRepository,
  PersonsRepository,
  SaleFactsRepository,
  SaleLinks,
  PostedCommissions,
  SaleCounts,
  ExchangeFixings,
  Standings,
  Exemptions,
  AttributionService,
  SuspicionFactsRepository,
  Suspicions,
  PartnerChangesWorker,
  CommissionHolds,
  CommissionSettlement,
  NotedSales,
  Leads,
  LeadSettlement,
  ReferralSettlement,
];

@Module({
  imports: [AccessModule, StripeModule, BillingModule, LedgerModule, PartnersModule],
  controllers: [
    ProgramsHttpController,
    CodesHttpController,
    ReferralsHttpController,
    RedirectHttpController,
    PagesHttpController,
    ReferralsGrpcController,
    StandingHttpController,
    PartnerGroupsHttpController,
    PartnerGroupsGrpcController,
    TermsHttpController,
    TermsGrpcController,
    StandingGrpcController,
    AttributionsHttpController,
    AttributionsGrpcController,
    ReviewsHttpController,
    ReviewsGrpcController,
    AllowancesHttpController,
    AllowancesGrpcController,
    ExchangeRatesHttpController,
    ExchangeRatesGrpcController,
    BacktestHttpController,
    BacktestGrpcController,
    ImportsHttpController,
  ],
  providers: [...REQUESTS, ...IMPORTS, ...SETTLING],
  exports: [
    CodesService,
    CommissionsRepository,
    CommissionsService,
    ImportsService,
    PersonErasures,
    ProgramTerms,
    ProgramsService,
    ReferralSettlement,
  ],
})
export class ReferralsModule {}
