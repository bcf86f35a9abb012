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
    const held = await sales.findOneBy({ workspaceId, source, account, sourceId });
    if (held !== null || facts === null || !mayEarn) return held;
    const sale: Sale = {
      workspaceId,
      id: newId('sale'),
      source,
      account,
      sourceId,
      customerId,
      currency: facts.figures.currency,
      cashMinor: facts.figures.cashMinor,
      occurredAt: facts.occurredAt,
      createdAt: this.clock.now(),
    };
    await sales.insert({ ...sale });
    return sale;
  }
}
