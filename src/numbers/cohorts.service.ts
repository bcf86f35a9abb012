import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { Cut } from './cut.js';
import type { SliceQuery } from './dto/numbers.dto.js';
import type { Cohort, CohortsView } from './dto/numbers.view.js';
import { firstSales, isNoLead } from './figures.js';
import { rateBpsOf } from './rates.js';
import { Slices } from './slices.service.js';

/** The last month that a cohort is followed to. */
const LAST_MONTH = 12;

interface CohortRow {
  cohort: string;
  month: number;
  /** Null in the row that counts over all currencies. */
  currency: string | null;
  persons: number;
  revenue: string;
}

@Injectable()
export class CohortsService {
  constructor(
    private readonly db: DataSource,
    private readonly slices: Slices,
    private readonly clock: Clock,
  ) {}

  /**
   * Persons by the month of their first sale that earned, and who of them paid in which later month. What they paid later
   * counts whether or not it earned. Errors: those of `Slices.of`.
   */
  async cohorts(workspaceId: string, query: SliceQuery): Promise<CohortsView> {
    const slice = await this.slices.of(workspaceId, query, LAST_MONTH);
    const cut = new Cut(slice);
    const rows = await this.db.query<CohortRow[]>(
      `WITH paid AS (
         SELECT f.program_id, f.customer_id, s.currency, s.cash_minor,
                ${cut.startOf('month', 'f.occurred_at')} AS cohort, ${cut.startOf('month', 's.occurred_at')} AS paid_in
           FROM (${firstSales(cut)}) AS f
           JOIN tributary.sale s ON s.workspace_id = f.workspace_id AND s.customer_id = f.customer_id
            AND s.occurred_at >= f.occurred_at AND ${isNoLead('s')}),
       numbered AS (
         SELECT *, (extract(year FROM paid_in) - extract(year FROM cohort))::int * 12
                   + (extract(month FROM paid_in) - extract(month FROM cohort))::int AS month FROM paid)
       SELECT to_char(cohort, 'YYYY-MM') AS cohort, month, currency,
              count(DISTINCT (program_id, customer_id))::int AS persons, sum(cash_minor) AS revenue
         FROM numbered WHERE month <= ${LAST_MONTH}
        GROUP BY GROUPING SETS ((numbered.cohort, month), (numbered.cohort, month, currency))
        ORDER BY numbered.cohort, month, currency`,
      cut.parameters,
    );
    const now = DateTime.fromJSDate(this.clock.now(), { zone: slice.timeZone });
    const months = [...new Set(rows.map(({ cohort }) => cohort))];
    return {
      ...{ from: slice.from.toISOString(), to: slice.to.toISOString(), timeZone: slice.timeZone },
      data: months.map((cohort) =>
        cohortOf(
          cohort,
          rows.filter((row) => row.cohort === cohort),
          now,
        ),
      ),
    };
  }
}

function cohortOf(cohort: string, rows: readonly CohortRow[], now: DateTime): Cohort {
  const begun = DateTime.fromFormat(cohort, 'yyyy-MM', { zone: now.zone });
  const age = (now.year - begun.year) * 12 + now.month - begun.month;
  const personsIn = (month: number): number =>
    rows.find((row) => row.month === month && row.currency === null)?.persons ?? 0;
  const persons = personsIn(0);
  const months = Array.from({ length: Math.min(age, LAST_MONTH) + 1 }, (_, month) => ({
    month,
    persons: personsIn(month),
    retentionBps: rateBpsOf(personsIn(month), persons) ?? 0,
    revenue: rows.flatMap(({ month: of, currency, revenue }) =>
      of === month && currency !== null ? [{ currency, revenueMinor: Number(revenue) }] : [],
    ),
  }));
  return { cohort, persons, months };
}
