import { Injectable } from '@nestjs/common';
import { DataSource, LessThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SettleQueue } from '../../billing/mirror/settle-queue.js';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { decodeCursor, toPage } from '../../common/pagination.js';
import type { Page } from '../../common/pagination.js';
import { lockFactsToWrite } from '../referral-facts-lock.js';
import { saleKey, type SaleReference } from '../sale-key.js';
import type { CreateExchangeRateDto, ExchangeRateView, ListExchangeRatesQuery } from './exchange-rate.dto.js';
import { ExchangeRate } from './exchange-rate.entity.js';

const LIST = 'exchange_rates';

@Injectable()
export class ExchangeRatesService {
  constructor(
    private readonly db: DataSource,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {}

  /** Sales that waited for such a rate are settled again. Errors: `same_currency`, `exchange_rate_exists`. */
  async record(workspaceId: string, dto: CreateExchangeRateDto, tx: EntityManager): Promise<ExchangeRateView> {
    const { base, quote, rate, source } = dto;
    if (base === quote) {
      throw invalidField('quote', 'same_currency', `quote must be another currency than base, which is ${base} too`);
    }
    const now = this.clock.now();
    const row: ExchangeRate = {
      ...{ workspaceId, id: newId('rate'), base, quote, rate, source },
      ...{ effectiveAt: dto.effectiveAt ?? now, createdAt: now },
    };
    await lockFactsToWrite(workspaceId, tx);
    await insertOnce(row, tx);
    await this.settling.touch((await waitingFor(row, tx)).map(saleKey), tx);
    return viewOf(row);
  }

  /** Newest first. */
  async list(workspaceId: string, query: ListExchangeRatesQuery): Promise<Page<ExchangeRateView>> {
    const { limit, cursor, base, quote } = query;
    const rows = await this.db.getRepository(ExchangeRate).find({
      where: {
        workspaceId,
        ...(base === undefined ? {} : { base }),
        ...(quote === undefined ? {} : { quote }),
        ...(cursor === undefined ? {} : { id: LessThan(decodeCursor(LIST, cursor).id) }),
      },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    const page = toPage(LIST, rows, limit, ({ id }) => ({ sort: '', id }));
    return { ...page, data: page.data.map(viewOf) };
  }
}

async function insertOnce(row: ExchangeRate, tx: EntityManager): Promise<void> {
  const insert = tx.createQueryBuilder().insert().into(ExchangeRate).values(row).orIgnore().returning('id');
  if (((await insert.execute()).raw as unknown[]).length > 0) return;
  const pair = `${row.base} to ${row.quote}`;
  const says = `there is a rate from ${pair} effective at ${row.effectiveAt.toISOString()} already, and rates are not changed; give the correction a later effectiveAt`;
  throw new DomainError('already_exists', 'exchange_rate_exists', says, { field: 'effectiveAt' });
}

/** The sales that nothing but such a rate keeps from earning. */
async function waitingFor({ workspaceId, base, quote, effectiveAt }: ExchangeRate, tx: EntityManager) {
  return tx.query<Array<SaleReference & { id: string }>>(
    `SELECT DISTINCT s.workspace_id AS "workspaceId", s.id, s.source, s.account, s.source_id AS "sourceId"
       FROM tributary.commission c JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id
      WHERE c.workspace_id = $1 AND c.status = 'pending_fx' AND s.currency = $2 AND c.currency = $3 AND c.occurred_at >= $4`,
    [workspaceId, base, quote, effectiveAt],
  );
}

function viewOf({ id, base, quote, rate, effectiveAt, source, createdAt }: ExchangeRate): ExchangeRateView {
  return {
    ...{ id, base, quote, rate, source },
    effectiveAt: effectiveAt.toISOString(),
    createdAt: createdAt.toISOString(),
  };
}
