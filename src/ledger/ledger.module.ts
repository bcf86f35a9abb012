import { Module } from '@nestjs/common';
import { LedgerReader } from './ledger-reader.service.js';
import { LedgerService } from './ledger.service.js';
import { Reservations } from './reservations.service.js';

@Module({
  providers: [LedgerService, LedgerReader, Reservations],
  exports: [LedgerService, LedgerReader, Reservations],
})
export class LedgerModule {}
