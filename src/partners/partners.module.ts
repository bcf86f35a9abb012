import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { GroupMembers } from './groups/group-members.repository.js';
import { PartnersGrpcController } from './partners.grpc.controller.js';
import { PartnersHttpController } from './partners.http.controller.js';
import { PartnersService } from './partners.service.js';
import { PayoutMethodsService } from './payout-methods.service.js';

@Module({
  imports: [AccessModule, LedgerModule],
  controllers: [PartnersHttpController, PartnersGrpcController],
  providers: [PartnersService, PayoutMethodsService, GroupMembers],
  exports: [PartnersService, PayoutMethodsService, GroupMembers],
})
export class PartnersModule {}
