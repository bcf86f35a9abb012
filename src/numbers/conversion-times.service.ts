import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Cut } from './cut.js';
import type { SliceQuery } from './dto/numbers.dto.js';
import type { ConversionTimesView } from './dto/numbers.view.js';
import { firstSales } from './figures.js';
import { Slices } from './slices.service.js';

interface TimesRow {
  persons: number;
  clicked: number;
  click_seconds: [number, number] | null;
  signed_up: number;
  sign_up_seconds: [number, number] | null;
}

@Injectable()
export class ConversionTimesService {
  constructor(
    private readonly db: DataSource,
    private readonly slices: Slices,
  ) {}

  /**
   * How long those took who converted within the time. Median and 90th percentile are times that somebody took, not means of
   * two. Errors: those of `Slices.of`.
   */
  async conversionTimes(workspaceId: string, query: SliceQuery): Promise<ConversionTimesView> {
    const slice = await this.slices.of(workspaceId, query);
    const cut = new Cut(slice);
    const [row] = await this.db.query<TimesRow[]>(
      `SELECT count(*)::int AS persons,
              count(click_seconds)::int AS clicked, ${percentiles('click_seconds')} AS click_seconds,
              count(sign_up_seconds)::int AS signed_up, ${percentiles('sign_up_seconds')} AS sign_up_seconds
         FROM (${firstSales(cut)}) AS f
        CROSS JOIN LATERAL (
              SELECT ${secondsFrom('clicked_at')} AS click_seconds, ${secondsFrom('signed_up_at')} AS sign_up_seconds
                FROM tributary.referral_tracking t
               WHERE t.workspace_id = f.workspace_id AND t.customer_id = f.customer_id AND t.code_id = f.code_id) AS took`,
      cut.parameters,
    );
    const times = (persons = 0, seconds: [number, number] | null = null) => {
      return { persons, medianSeconds: seconds?.[0] ?? null, p90Seconds: seconds?.[1] ?? null };
    };
    return {
      ...{ from: slice.from.toISOString(), to: slice.to.toISOString(), timeZone: slice.timeZone },
      persons: row?.persons ?? 0,
      fromClick: times(row?.clicked, row?.click_seconds),
      fromSignUp: times(row?.signed_up, row?.sign_up_seconds),
    };
  }
}

const percentiles = (seconds: string): string => `percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY ${seconds})`;

/** From the first such moment, if it was not after the sale. */
const secondsFrom = (column: string): string =>
  `floor(extract(epoch FROM f.occurred_at - min(t.${column}) FILTER (WHERE t.${column} <= f.occurred_at)))::float8`;
