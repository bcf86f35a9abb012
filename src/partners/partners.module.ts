import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { PartnersGrpcController } from './partners.grpc.controller.js';
import { PartnersHttpController } from './partners.http.controller.js';
import { PartnersService } from './partners.service.js';
import { PayoutMethodsService } from './payout-methods.service.js';

@Module({
  imports: [AccessModule, LedgerModule],
  controllers: [PartnersHttpController, PartnersGrpcController],
  providers: [PartnersService, PayoutMethodsService],
  exports: [PartnersService, PayoutMethodsService],
})
export class PartnersModule {}
