import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { PartnerStanding } from '../../partners/partner-standing.entity.js';
import type { PartnerView } from '../../partners/dto/partner.dto.js';
import { PartnersService } from '../../partners/partners.service.js';
import { lockFactsToWrite } from '../referral-facts-lock.js';
import { touchConcerned } from './concerned-customers.js';
import type { SetPartnerStandingDto } from './standing.dto.js';

@Injectable()
export class PartnerStandings {
  constructor(
    private readonly partners: PartnersService,
    private readonly clock: Clock,
  ) {}

  /** From then on nobody new is bound to the partner, and what they earn is up to each program. Errors: `partner_not_found`. */
  deactivate(workspaceId: string, id: string, dto: SetPartnerStandingDto, tx: EntityManager): Promise<PartnerView> {
    return this.set(workspaceId, id, false, dto, tx);
  }

  /** Errors: `partner_not_found`. */
  reactivate(workspaceId: string, id: string, dto: SetPartnerStandingDto, tx: EntityManager): Promise<PartnerView> {
    return this.set(workspaceId, id, true, dto, tx);
  }

  private async set(
    workspaceId: string,
    partnerId: string,
    active: boolean,
    dto: SetPartnerStandingDto,
    tx: EntityManager,
  ): Promise<PartnerView> {
    await this.partners.require(workspaceId, partnerId, 'id', tx);
    await lockFactsToWrite(workspaceId, tx);
    const now = this.clock.now();
    const effectiveAt = dto.effectiveAt ?? now;
    const standings = tx.getRepository(PartnerStanding);
    const seq = 1 + (await standings.countBy({ workspaceId, partnerId }));
    const reason = dto.reason ?? null;
    await standings.insert({ workspaceId, partnerId, seq, active, effectiveAt, reason, createdAt: now });
    await touchConcerned(workspaceId, effectiveAt, tx);
    return this.partners.get(workspaceId, partnerId, tx);
  }
}
