import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import type { Exchange } from '../rules/exchange.js';
import type { SaleFacts } from '../sale-facts.repository.js';
import { ExchangeRateFixing } from './exchange-rate-fixing.entity.js';
import { ExchangeRate } from './exchange-rate.entity.js';

@Injectable()
export class ExchangeFixings {
  constructor(private readonly clock: Clock) {}

  /**
   * The exchange of a sale into the program's currency, fixed when it is first asked for: the last rate that took effect up
   * to the sale, that moment included. Null when none is needed; without a `rate` when none is known. Needs the lock of the
   * sale's person.
   */
  async of(sale: SaleFacts, quote: string | null, tx: EntityManager): Promise<Exchange | null> {
    const base = sale.figures.currency;
    if (quote === null || quote === base) return null;
    const { workspaceId, source, account, sourceId } = sale;
    const key = { workspaceId, source, account, sourceId, quote };
    const fixings = tx.getRepository(ExchangeRateFixing);
    const fixed = await fixings.findOneBy(key);
    const rates = tx.getRepository(ExchangeRate);
    const rate =
      fixed === null
        ? await this.inForce(workspaceId, { base, quote }, sale.occurredAt, tx)
        : await rates.findOneByOrFail({ workspaceId, id: fixed.rateId });
    if (rate === null) return { base, quote, rate: null, source: null, effectiveAt: null };
    if (fixed === null) await fixings.insert({ ...key, rateId: rate.id, fixedAt: this.clock.now() });
    return { base, quote, rate: rate.rate, source: rate.source, effectiveAt: rate.effectiveAt.toISOString() };
  }

  private inForce(
    workspaceId: string,
    { base, quote }: { base: string; quote: string },
    at: Date,
    tx: EntityManager,
  ): Promise<ExchangeRate | null> {
    return tx
      .getRepository(ExchangeRate)
      .createQueryBuilder('r')
      .where('r.workspace_id = :workspaceId AND r.base = :base AND r.quote = :quote', { workspaceId, base, quote })
      .andWhere('r.effective_at <= :at', { at })
      .orderBy('r.effective_at', 'DESC')
      .limit(1)
      .getOne();
  }
}
