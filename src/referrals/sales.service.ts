import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SettleQueue } from '../billing/mirror/settle-queue.js';
import { Clock, MS_PER_SECOND } from '../common/clock.js';
import { DomainError, invalidField } from '../common/errors.js';
import { newId } from '../common/ids.js';
import { CodesService } from './codes/codes.service.js';
import { CustomersService } from './customers.service.js';
import type { CreateSaleDto, SaleView } from './dto/sale.dto.js';
import { customerView } from './referral-views.js';
import { Sale } from './sale.entity.js';
import { SignUpsService } from './sign-ups.service.js';

/** The clocks of those who tell us may run ahead by this much. */
const AHEAD_SECONDS_MAX = 300;

@Injectable()
export class SalesService {
  constructor(
    private readonly customers: CustomersService,
    private readonly codes: CodesService,
    private readonly signUps: SignUpsService,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {}

  /**
   * Records a sale from outside Stripe and queues its settling. Once per external id, which the unique index holds. Errors:
   * `sale_exists`, `occurred_in_future`, and with a code those of a sign-up by it.
   */
  async record(workspaceId: string, dto: CreateSaleDto, tx: EntityManager): Promise<SaleView> {
    const now = this.clock.now();
    const occurredAt = dto.occurredAt ?? now;
    if (occurredAt.getTime() > now.getTime() + AHEAD_SECONDS_MAX * MS_PER_SECOND) {
      const says = `occurredAt must not be in the future; it is ${now.toISOString()} here`;
      throw invalidField('occurredAt', 'occurred_in_future', says);
    }
    const customer = await this.customers.ensure(workspaceId, dto.customer, tx);
    const sale: Sale = {
      workspaceId,
      id: newId('sale'),
      source: 'external',
      account: '',
      sourceId: dto.externalId,
      customerId: customer.id,
      currency: dto.currency,
      cashMinor: dto.amountMinor,
      occurredAt,
      createdAt: now,
    };
    await insertOnce(sale, tx);
    if (dto.code != null) {
      const { code } = await this.codes.require(workspaceId, dto.code, tx);
      await this.signUps.byCode(customer, code, occurredAt, tx);
    }
    await this.settling.touch([{ workspaceId, account: '', kind: 'sale', id: sale.id }], tx);
    return {
      id: sale.id,
      externalId: sale.sourceId,
      customer: customerView(customer),
      amountMinor: sale.cashMinor,
      currency: sale.currency,
      occurredAt: occurredAt.toISOString(),
      createdAt: now.toISOString(),
    };
  }
}

async function insertOnce(sale: Sale, tx: EntityManager): Promise<void> {
  const { raw } = await tx.createQueryBuilder().insert().into(Sale).values(sale).orIgnore().returning('id').execute();
  if ((raw as unknown[]).length > 0) return;
  const says = `a sale with the externalId ${sale.sourceId} was recorded already`;
  throw new DomainError('already_exists', 'sale_exists', says, { field: 'externalId' });
}
