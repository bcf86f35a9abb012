import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { invalidField } from '../common/errors.js';
import { decodeCursor, toPage } from '../common/pagination.js';
import { Cut } from './cut.js';
import type { LeaderboardQuery } from './dto/numbers.dto.js';
import type { LeaderboardView } from './dto/numbers.view.js';
import { statementOf } from './figures.js';
import { Slices } from './slices.service.js';

const LIST = 'leaderboard';

interface RankedRow {
  rank: string;
  partner_id: string;
  external_id: string;
  name: string | null;
  value: string;
}

@Injectable()
export class LeaderboardService {
  constructor(
    private readonly db: DataSource,
    private readonly slices: Slices,
  ) {}

  /** Partners by one figure, the greatest first; who has none of it is not told. Errors: those of `Slices.of`. */
  async leaderboard(workspaceId: string, query: LeaderboardQuery): Promise<LeaderboardView> {
    const { figure, currency, limit, cursor, ...filter } = query;
    assertCurrency(figure, currency);
    const slice = { ...(await this.slices.of(workspaceId, filter)), split: 'partner' as const };
    const cut = new Cut(slice);
    const after = cursor === undefined ? null : decodeCursor(LIST, cursor);
    const figures = statementOf(figure, cut);
    const rows = await this.db.query<RankedRow[]>(
      `WITH summed AS (
         SELECT key AS partner_id, sum(value) AS value FROM (${figures}) AS figures
          WHERE figure = ${cut.bind(figure)}::text ${currency === undefined ? '' : `AND currency = ${cut.bind(currency)}::text`}
          GROUP BY key),
       ranked AS (SELECT *, rank() OVER (ORDER BY value DESC) AS rank FROM summed WHERE value <> 0)
       SELECT r.rank, r.partner_id, r.value, p.external_id, p.name
         FROM ranked r JOIN tributary.partner p ON p.workspace_id = ${cut.bind(workspaceId)} AND p.id = r.partner_id
        ${after === null ? '' : `WHERE (-r.value, r.partner_id) > (-(${cut.bind(after.sort)}::numeric), ${cut.bind(after.id)}::text)`}
        ORDER BY r.value DESC, r.partner_id LIMIT ${cut.bind(limit + 1)}::int`,
      cut.parameters,
    );
    const page = toPage(LIST, rows, limit, ({ value, partner_id: id }) => ({ sort: value, id }));
    return {
      ...{ from: slice.from.toISOString(), to: slice.to.toISOString(), timeZone: slice.timeZone },
      ...{ nextCursor: page.nextCursor },
      data: page.data.map(({ rank, partner_id: partnerId, external_id: externalId, name, value }) => {
        return { rank: Number(rank), partnerId, externalId, name, value: Number(value) };
      }),
    };
  }
}

/** Money is compared within one currency only. */
function assertCurrency(figure: string, currency: string | undefined): void {
  const isMoney = figure.endsWith('Minor');
  if (isMoney && currency === undefined)
    throw invalidField('currency', 'missing_field', `currency is missing: ${figure} is compared within one currency`);
  if (!isMoney && currency !== undefined)
    throw invalidField('currency', 'field_not_allowed', `currency must be left out: ${figure} is no money`);
}
