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

  /** The same for many sales, and only asked: nothing is fixed. Those that need none are left out. */
  async expected<T extends SaleFacts>(
    sales: readonly T[],
    quote: string | null,
    tx: EntityManager,
  ): Promise<Map<T, Exchange>> {
    const others = sales.filter(({ figures }) => quote !== null && figures.currency !== quote);
    if (quote === null || others.length === 0) return new Map();
    const rows = await tx.query<ExpectedRow[]>(EXPECTED, [
      ...[others[0]?.workspaceId, quote, others.map(({ source }) => source), others.map(({ sourceId }) => sourceId)],
      ...[others.map(({ figures }) => figures.currency), others.map(({ occurredAt }) => occurredAt)],
    ]);
    return new Map(
      rows.map(({ rate, source, effective_at: effectiveAt }, index) => {
        const sale = others[index] as T;
        const since = effectiveAt?.toISOString() ?? null;
        return [sale, { base: sale.figures.currency, quote, rate, source, effectiveAt: since }];
      }),
    );
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

interface ExpectedRow {
  rate: string | null;
  source: string | null;
  effective_at: Date | null;
}

/** In the order of the sales asked about. */
const EXPECTED = `
  SELECT r.rate, r.source, r.effective_at
    FROM unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[]) WITH ORDINALITY AS sale(source, source_id, base, at, n)
    LEFT JOIN tributary.exchange_rate_fixing f
           ON f.workspace_id = $1 AND f.source = sale.source AND f.account = '' AND f.source_id = sale.source_id AND f.quote = $2
    LEFT JOIN LATERAL (
      SELECT rate.* FROM tributary.exchange_rate rate
       WHERE rate.workspace_id = $1 AND CASE WHEN f.rate_id IS NULL
             THEN rate.base = sale.base AND rate.quote = $2 AND rate.effective_at <= sale.at ELSE rate.id = f.rate_id END
       ORDER BY rate.effective_at DESC LIMIT 1) AS r ON true
   ORDER BY n`;
