import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { PartnersModule } from '../partners/partners.module.js';
import { PayoutsModule } from '../payouts/payouts.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { CustomerLabels } from './me/customer-labels.repository.js';
import { MeGrpcController } from './me/me.grpc.controller.js';
import { MeHttpController } from './me/me.http.controller.js';
import { OwnActivity } from './me/own-activity.service.js';
import { OwnCommissions } from './me/own-commissions.service.js';
import { OwnMoney } from './me/own-money.service.js';
import { OwnProfile } from './me/own-profile.service.js';
import { PartnerTokensGrpcController } from './tokens/partner-tokens.grpc.controller.js';
import { PartnerTokensHttpController } from './tokens/partner-tokens.http.controller.js';
import { PartnerTokens } from './tokens/partner-tokens.service.js';

@Module({
  imports: [AccessModule, PartnersModule, ReferralsModule, PayoutsModule],
  controllers: [MeHttpController, MeGrpcController, PartnerTokensHttpController, PartnerTokensGrpcController],
  providers: [CustomerLabels, OwnActivity, OwnCommissions, OwnMoney, OwnProfile, PartnerTokens],
})
export class PortalModule {}
