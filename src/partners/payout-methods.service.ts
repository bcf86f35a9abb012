import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/errors.js';
import type { PayoutMethodView, PutPayoutMethodDto } from './dto/payout-method.dto.js';
import { notePartnerChange } from './partner-change.entity.js';
import { PartnersService } from './partners.service.js';
import { PayoutMethod } from './payout-method.entity.js';

@Injectable()
export class PayoutMethodsService {
  constructor(
    private readonly db: DataSource,
    private readonly partners: PartnersService,
    private readonly clock: Clock,
  ) {}

  /**
   * Sets or replaces it; payouts that were approved before keep the one they were approved with. With another account, who
   * buys from themselves is looked for anew. Safe to repeat.
   */
  async put(
    workspaceId: string,
    partnerId: string,
    dto: PutPayoutMethodDto,
    tx: EntityManager,
  ): Promise<PayoutMethodView> {
    await this.partners.require(workspaceId, partnerId, 'id', tx);
    const method: PayoutMethod = {
      workspaceId,
      partnerId,
      type: dto.type,
      accountId: dto.accountId ?? null,
      details: dto.details ?? null,
      updatedAt: this.clock.now(),
    };
    const before = await tx.getRepository(PayoutMethod).findOneBy({ workspaceId, partnerId });
    await tx.getRepository(PayoutMethod).upsert(method, ['workspaceId', 'partnerId']);
    if (method.accountId !== (before?.accountId ?? null)) await notePartnerChange(workspaceId, partnerId, tx);
    return viewOf(method);
  }

  async get(workspaceId: string, partnerId: string): Promise<PayoutMethodView> {
    await this.partners.require(workspaceId, partnerId, 'id');
    const method = await this.db.getRepository(PayoutMethod).findOneBy({ workspaceId, partnerId });
    if (method === null) {
      const remedy = `partner ${partnerId} has no payout method; set one with PUT`;
      throw new DomainError('not_found', 'payout_method_not_found', remedy, { field: 'id' });
    }
    return viewOf(method);
  }

  /** The methods of those of the partners that have one, by partner id. */
  async ofPartners(
    workspaceId: string,
    partnerIds: readonly string[],
    manager: EntityManager = this.db.manager,
  ): Promise<Map<string, PayoutMethod>> {
    const methods = await manager.getRepository(PayoutMethod).findBy({ workspaceId, partnerId: In([...partnerIds]) });
    return new Map(methods.map((method) => [method.partnerId, method]));
  }
}

function viewOf({ type, accountId, details, updatedAt }: PayoutMethod): PayoutMethodView {
  return {
    type,
    ...(accountId === null ? {} : { accountId }),
    ...(details === null ? {} : { details }),
    updatedAt: updatedAt.toISOString(),
  };
}
