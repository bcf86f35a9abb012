import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { PersonEraser } from './person-eraser.service.js';
import { PersonExport } from './person-export.service.js';
import { PrivacyPersons } from './persons.repository.js';
import { PrivacyGrpcController } from './privacy.grpc.controller.js';
import { PrivacyHttpController } from './privacy.http.controller.js';
import { PrivacyLog } from './privacy-log.service.js';

@Module({
  imports: [AccessModule, BillingModule, ReferralsModule],
  controllers: [PrivacyHttpController, PrivacyGrpcController],
  providers: [PersonEraser, PersonExport, PrivacyLog, PrivacyPersons],
})
export class PrivacyModule {}
