import { readOnlyQuery } from '../../src/cli/read-only-query.js';
import type { CommissionView } from '../../src/referrals/dto/commission.dto.js';
import type { GrpcCalls } from './grpc-calls.js';
import type { Page } from './page.js';
import type { PartnerName } from './story.js';
import type { StripeSide } from './stripe-side.js';
import type { TributaryApi } from './tributary-api.js';

/** What every chapter plays with. */
export interface Stage {
  /** Part of every name, so that runs do not meet. */
  run: string;
  api: TributaryApi;
  grpc: GrpcCalls;
  stripe: StripeSide;
  page: Page;
  databaseUrl: string | null;
}

export interface Partner {
  name: PartnerName;
  id: string;
  /** As links and checkouts carry it. */
  code: string;
  /** The connected account at Stripe; null for a partner who is paid by hand. */
  accountId: string | null;
}

export interface Cast {
  programKey: string;
  partners: Record<PartnerName, Partner>;
  prices: { pro: string; team: string; course: string };
  promotionCodeId: string;
  /** The sandbox's time at which the story began. */
  begunAt: Date;
}

export function commissionsOf({ api }: Stage, { id }: Partner): Promise<CommissionView[]> {
  return api.all<CommissionView>(`/v1/commissions?partnerId=${id}`);
}

/** Prints how to ask the database. */
export function lookInSql({ page }: Stage, statement: string): void {
  page.look(`npm run sql -- "${statement}"`);
}

/** The same question asked now; null where the database cannot be reached from here. */
export async function askSql({ databaseUrl }: Stage, statement: string): Promise<unknown[][] | null> {
  return databaseUrl === null ? null : (await readOnlyQuery(databaseUrl, statement)).rows;
}
