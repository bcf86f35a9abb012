import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DomainError } from '../common/errors.js';
import { Cut } from './cut.js';
import type { NumbersQuery } from './dto/numbers.dto.js';
import type { NumbersMoney, NumbersRow, NumbersView } from './dto/numbers.view.js';
import { allFigures, type FigureRow } from './figures.js';
import { perCountMinor, rateBpsOf } from './rates.js';
import { Slices } from './slices.service.js';

/** A longer answer is refused; a shorter time, longer steps or no split are asked for. */
export const MAX_FIGURES = 50_000;

/** Figures over a time, read from the ledger, the sales and the clicks themselves at the moment they are asked for. */
@Injectable()
export class NumbersService {
  constructor(
    private readonly db: DataSource,
    private readonly slices: Slices,
  ) {}

  /** Rows by period and key; without either exactly one. Errors: those of `Slices.of`, `numbers_too_long`. */
  async numbers(workspaceId: string, { by, split, ...query }: NumbersQuery): Promise<NumbersView> {
    const slice = { ...(await this.slices.of(workspaceId, query)), by: by ?? null, split: split ?? null };
    const cut = new Cut(slice);
    const statement = `SELECT * FROM (${allFigures(cut)}) AS all_figures ORDER BY period, key LIMIT ${MAX_FIGURES + 1}`;
    const figures = await this.db.query<FigureRow[]>(statement, cut.parameters);
    if (figures.length > MAX_FIGURES) {
      const says = `the answer has more than ${MAX_FIGURES} figures; ask for a shorter time, longer steps or one partner`;
      throw new DomainError('unprocessable', 'numbers_too_long', says, { field: 'from' });
    }
    const rows = rowsOf(figures);
    if (slice.by === null && slice.split === null && rows.length === 0) rows.push(rowOf(null, null, []));
    const ids = new Set(rows.flatMap(({ key }) => key ?? []));
    const names = await this.slices.namesOf(workspaceId, slice.split, [...ids]);
    return {
      ...{ from: slice.from.toISOString(), to: slice.to.toISOString(), timeZone: slice.timeZone },
      data: rows.map((row) => ({ ...row, key: row.key && (names.get(row.key) ?? row.key) })),
    };
  }
}

/** The rows keep the order in which the statement answered. */
function rowsOf(figures: readonly FigureRow[]): NumbersRow[] {
  const groups = new Map<string, FigureRow[]>();
  for (const figure of figures) {
    const group = JSON.stringify([figure.period, figure.key]);
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [figure]);
    else known.push(figure);
  }
  return [...groups.values()].map((own) => rowOf(own[0]?.period ?? null, own[0]?.key ?? null, own));
}

function rowOf(period: string | null, key: string | null, figures: readonly FigureRow[]): NumbersRow {
  const sumOf = (wanted: FigureRow['figure'], currency?: string): number =>
    figures
      .filter((row) => row.figure === wanted && (currency === undefined || row.currency === currency))
      .reduce((sum, { value }) => sum + Number(value), 0);
  const [clicks, signUps, conversions] = [sumOf('clicks'), sumOf('signUps'), sumOf('conversions')];
  const currencies = [...new Set(figures.flatMap(({ currency }) => currency ?? []))].sort();
  const money = (currency: string): NumbersMoney => {
    const netMinor = sumOf('netMinor', currency);
    return {
      ...{ currency, sales: sumOf('sales', currency), revenueMinor: sumOf('revenueMinor', currency) },
      ...{ earnedMinor: sumOf('earnedMinor', currency), reversedMinor: sumOf('reversedMinor', currency) },
      ...{ rejectedMinor: sumOf('rejectedMinor', currency), netMinor, openingMinor: sumOf('openingMinor', currency) },
      ...{ heldMinor: sumOf('heldMinor', currency), paidMinor: sumOf('paidMinor', currency) },
      netPerClickMinor: perCountMinor(netMinor, clicks),
    };
  };
  return {
    ...{ period, key, clicks, signUps, conversions, sales: sumOf('sales') },
    ...{ signUpRateBps: rateBpsOf(signUps, clicks), conversionRateBps: rateBpsOf(conversions, signUps) },
    money: currencies.map(money),
  };
}
