import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { PartnersModule } from '../partners/partners.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { CohortsService } from './cohorts.service.js';
import { ConversionTimesService } from './conversion-times.service.js';
import { ExportsHttpController } from './exports/exports.http.controller.js';
import { ExportsService } from './exports/exports.service.js';
import { LeaderboardService } from './leaderboard.service.js';
import { NumbersGrpcController } from './numbers.grpc.controller.js';
import { NumbersHttpController } from './numbers.http.controller.js';
import { NumbersService } from './numbers.service.js';
import { Slices } from './slices.service.js';

@Module({
  imports: [AccessModule, PartnersModule, ReferralsModule],
  controllers: [NumbersHttpController, NumbersGrpcController, ExportsHttpController],
  providers: [Slices, NumbersService, LeaderboardService, CohortsService, ConversionTimesService, ExportsService],
})
export class NumbersModule {}
