import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/ids.js';
import { PartnersService } from '../../partners/partners.service.js';
import type { AllowancesView, PutAllowancesDto } from './allowance.dto.js';
import { PartnerAllowance } from './partner-allowance.entity.js';

@Injectable()
export class AllowancesService {
  constructor(
    private readonly partners: PartnersService,
    private readonly clock: Clock,
  ) {}

  /** Sets what the partner is allowed for sales from now on; what is held already is decided on by people. */
  async put(
    { workspaceId, keyId }: Caller,
    partnerId: string,
    { checks, reason }: PutAllowancesDto,
    tx: EntityManager,
  ): Promise<AllowancesView> {
    await this.partners.require(workspaceId, partnerId, 'id', tx);
    const effectiveAt = this.clock.now();
    const distinct = [...new Set(checks)];
    await tx.getRepository(PartnerAllowance).insert({
      ...{ workspaceId, id: newId('allowance'), partnerId, checks: distinct, reason, allowedBy: keyId, effectiveAt },
    });
    return { partnerId, checks: distinct, reason, allowedBy: keyId, effectiveAt: effectiveAt.toISOString() };
  }
}
