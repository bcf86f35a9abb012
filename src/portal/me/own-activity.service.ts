import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { PartnerCaller } from '../../access/current-caller.js';
import { Clock, MS_PER_DAY } from '../../common/clock.js';
import { invalidField } from '../../common/errors.js';
import { decodeCursor, toPage, type Page } from '../../common/pagination.js';
import { stateOf } from '../../referrals/referral-views.js';
import { CustomerLabels } from './customer-labels.repository.js';
import type {
  ClicksOfDayView,
  OwnClicksQuery,
  OwnClicksView,
  OwnCustomerView,
  OwnProgramQuery,
  OwnReferralView,
} from './me.dto.js';

const REFERRALS = 'own-referrals';
const CUSTOMERS = 'own-customers';
const CLICK_DAYS = 30;
const CLICK_DAYS_MAX = 366;

/** What a partner has brought: clicks as counts, sign-ups, customers. Nothing of who clicked. */
@Injectable()
export class OwnActivity {
  constructor(
    private readonly db: DataSource,
    private readonly labels: CustomerLabels,
    private readonly clock: Clock,
  ) {}

  /** Errors: `invalid_period`. */
  async clicks({ workspaceId, partnerId }: PartnerCaller, query: OwnClicksQuery): Promise<OwnClicksView> {
    const to = query.to ?? this.clock.now();
    const from = query.from ?? new Date(to.getTime() - CLICK_DAYS * MS_PER_DAY);
    if (from >= to || to.getTime() - from.getTime() > CLICK_DAYS_MAX * MS_PER_DAY) {
      const says = `from must be before to (${to.toISOString()}), by ${CLICK_DAYS_MAX} days at most`;
      throw invalidField('from', 'invalid_period', says);
    }
    const data = await this.db.query<ClicksOfDayView[]>(CLICKS, [workspaceId, partnerId, from, to]);
    return { from: from.toISOString(), to: to.toISOString(), data };
  }

  /** Those who signed up or bought, newest first. */
  async referrals(caller: PartnerCaller, query: OwnProgramQuery): Promise<Page<OwnReferralView>> {
    const rows = await this.db.query<ReferralRow[]>(SIGN_UPS, parameters(REFERRALS, caller, query));
    const page = toPage(REFERRALS, rows, query.limit, ({ position, id }) => ({ sort: position, id }));
    const labelOf = await this.labels.of(
      caller,
      page.data.map((row) => row.customerId),
    );
    const data = page.data.map(({ id, programKey, code, customerId, ...dates }) => ({
      ...{ id, programKey, code, customer: labelOf(customerId), state: stateOf(dates) },
      clickedAt: dates.clickedAt?.toISOString() ?? null,
      signedUpAt: dates.signedUpAt?.toISOString() ?? null,
      convertedAt: dates.convertedAt?.toISOString() ?? null,
    }));
    return { ...page, data };
  }

  /** Who is bound to the partner now, by what came first; the last bound first. A binding by hand goes before evidence. */
  async customers(caller: PartnerCaller, query: OwnProgramQuery): Promise<Page<OwnCustomerView>> {
    const now = this.clock.now();
    const rows = await this.db.query<CustomerRow[]>(BOUND, [...parameters(CUSTOMERS, caller, query), now]);
    const page = toPage(CUSTOMERS, rows, query.limit, ({ position, id }) => ({ sort: position, id }));
    const labelOf = await this.labels.of(
      caller,
      page.data.map((row) => row.customerId),
    );
    const data = page.data.map(({ customerId, programKey, code, boundAt }) => ({
      ...{ customer: labelOf(customerId), programKey, code, boundAt: boundAt.toISOString() },
    }));
    return { ...page, data };
  }
}

interface ReferralRow {
  id: string;
  programKey: string;
  code: string;
  customerId: string;
  clickedAt: Date | null;
  signedUpAt: Date | null;
  convertedAt: Date | null;
  position: string;
}

interface CustomerRow {
  /** The program's and the customer's. */
  id: string;
  customerId: string;
  programKey: string;
  code: string;
  boundAt: Date;
  position: string;
}

function parameters(
  list: string,
  { workspaceId, partnerId }: PartnerCaller,
  { limit, cursor, programKey }: OwnProgramQuery,
): unknown[] {
  const after = cursor === undefined ? null : decodeCursor(list, cursor);
  return [workspaceId, partnerId, programKey ?? null, after?.sort ?? null, after?.id ?? null, limit + 1];
}

// A second person's sign-up by a click has the click's times too; the click is counted where it was made.
const CLICKS = `
  SELECT to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, p.key AS "programKey", c.code,
         count(*) FILTER (WHERE t.visitor = 'person')::int AS clicks,
         count(*) FILTER (WHERE t.visitor <> 'person')::int AS bots
    FROM tributary.referral_tracking t
    JOIN tributary.referral_code c ON c.workspace_id = t.workspace_id AND c.id = t.code_id
    JOIN tributary.referral_program p ON p.workspace_id = t.workspace_id AND p.id = t.program_id
   WHERE t.workspace_id = $1 AND t.partner_id = $2 AND t.created_at >= $3 AND t.created_at < $4
     AND t.clicked_at IS NOT NULL AND t.click_id IS NULL
   GROUP BY day, p.key, c.code ORDER BY day, p.key, c.code`;

const SIGN_UPS = `
  SELECT t.id, p.key AS "programKey", c.code, t.customer_id AS "customerId", t.clicked_at AS "clickedAt",
         t.signed_up_at AS "signedUpAt", t.converted_at AS "convertedAt", t.created_at::text AS position
    FROM tributary.referral_tracking t
    JOIN tributary.referral_code c ON c.workspace_id = t.workspace_id AND c.id = t.code_id
    JOIN tributary.referral_program p ON p.workspace_id = t.workspace_id AND p.id = t.program_id
   WHERE t.workspace_id = $1 AND t.partner_id = $2 AND t.customer_id IS NOT NULL
     AND ($3::text IS NULL OR p.key = $3)
     AND ($4::timestamptz IS NULL OR (t.created_at, t.id) < ($4, $5))
   ORDER BY t.created_at DESC, t.id DESC LIMIT $6`;

const BOUND = `
  WITH hand AS (
    SELECT DISTINCT ON (h.program_id, h.customer_id) h.program_id, h.customer_id, h.partner_id, h.code_id, h.effective_at AS bound_at
      FROM tributary.attribution_by_hand h
     WHERE h.workspace_id = $1 AND h.effective_at <= $7
     ORDER BY h.program_id, h.customer_id, h.effective_at DESC, h.id DESC),
  bound AS (
    SELECT program_id, customer_id, partner_id, code_id, bound_at FROM hand WHERE partner_id = $2
    UNION ALL
    SELECT a.program_id, a.customer_id, a.partner_id, a.code_id, a.bound_at FROM tributary.attribution a
     WHERE a.workspace_id = $1 AND a.partner_id = $2
       AND NOT EXISTS (SELECT 1 FROM hand WHERE hand.program_id = a.program_id AND hand.customer_id = a.customer_id))
  SELECT b.program_id || '/' || b.customer_id AS id, b.customer_id AS "customerId", p.key AS "programKey", c.code,
         b.bound_at AS "boundAt", b.bound_at::text AS position
    FROM bound b
    JOIN tributary.referral_code c ON c.workspace_id = $1 AND c.id = b.code_id
    JOIN tributary.referral_program p ON p.workspace_id = $1 AND p.id = b.program_id
   WHERE ($3::text IS NULL OR p.key = $3)
     AND ($4::timestamptz IS NULL OR (b.bound_at, b.program_id || '/' || b.customer_id) < ($4, $5))
   ORDER BY b.bound_at DESC, id DESC LIMIT $6`;
