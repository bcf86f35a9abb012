import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import type { SaleFacts } from './sale-facts.repository.js';
import type { SaleReference } from './sale-key.js';
import { Sale } from './sale.entity.js';

/** The rows of sales, and of leads, that have earned something. */
@Injectable()
export class NotedSales {
  constructor(private readonly clock: Clock) {}

  /** The sale's own row: found, or made when somebody may earn from it. */
  async note(
    reference: SaleReference,
    customerId: string,
    facts: SaleFacts | null,
    mayEarn: boolean,
    tx: EntityManager,
  ): Promise<Sale | null> {
    const { workspaceId, source, account, sourceId } = reference;
    const sales = tx.getRepository(Sale);
    const where = { workspaceId, source, account, sourceId };
    if (facts === null || !mayEarn) return sales.findOneBy(where);
    const sale: Sale = {
      ...{ ...where, id: newId('sale'), customerId },
      currency: facts.figures.currency,
      cashMinor: facts.figures.cashMinor,
      occurredAt: facts.occurredAt,
      createdAt: this.clock.now(),
    };
    const made = await sales.createQueryBuilder().insert().values(sale).orIgnore().returning('id').execute();
    return (made.raw as unknown[]).length > 0 ? sale : sales.findOneByOrFail(where);
  }
}
