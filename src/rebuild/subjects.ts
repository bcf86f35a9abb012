/** One thing that is compared: a query that says it of either database. */
export interface Subject {
  name: 'attributions' | 'commissions' | 'superseded';
  /** One row of it, in a sentence. */
  one: string;
  /** Columns: `key`, `said` and `trace` (jsonb), `frozen_minor` (bigint). */
  query: string;
}

/** The names of what a subject's rows hold, in the order in which they are told. */
export const NAMES = {
  attributions: { key: ['workspaceId', 'programId', 'customerId'], said: ['partner', 'code', 'boundAt'] },
  commissions: {
    key: ['workspaceId', 'programId', 'source', 'sourceId', 'partnerId', 'rule'],
    said: [
      ...['amountMinor', 'currency', 'status', 'dueAt', 'earnedMinor', 'reversedMinor', 'rejectedMinor'],
      ...['heldMinor', 'payableMinor', 'netMinor'],
    ],
  },
  superseded: { key: ['workspaceId', 'commissionId'], said: ['heldMinor', 'payableMinor', 'netMinor'] },
} as const satisfies Record<Subject['name'], { key: readonly string[]; said: readonly string[] }>;

export const TRACE_NAMES = ['commissionId', 'saleId', 'eventId'] as const;

const ATTRIBUTIONS = `
  SELECT jsonb_build_array(workspace_id, program_id, customer_id) AS key,
         jsonb_build_object('partner', partner_id, 'code', code_id, 'boundAt', bound_at) AS said,
         '{}'::jsonb AS trace, 0::bigint AS frozen_minor
    FROM tributary.attribution`;

/** What the ledger says of each commission. The expense side has every change of what is owed. */
const TOTALS = `
  SELECT t.workspace_id, t.commission_id,
         coalesce(-sum(e.amount_minor) FILTER (WHERE e.account = 'expense' AND t.kind IN ('earning', 'adjustment')), 0) AS earned,
         coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'expense' AND t.kind IN ('reversal', 'reinstatement')), 0) AS reversed,
         coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'expense' AND t.kind = 'rejection'), 0) AS rejected,
         coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'held'), 0) AS held,
         coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'earned'), 0) AS payable,
         coalesce(-sum(e.amount_minor) FILTER (WHERE e.account = 'expense'), 0) AS net
    FROM tributary.ledger_transaction t
    JOIN tributary.ledger_entry e ON e.workspace_id = t.workspace_id AND e.transaction_id = t.id
   WHERE t.commission_id IS NOT NULL
   GROUP BY t.workspace_id, t.commission_id`;

/** What of each commission is in payouts that were approved and have not come back: that much of it is not held. */
const FROZEN = `
  SELECT e.workspace_id, e.commission_id, sum(r.amount_minor)::bigint AS minor
    FROM tributary.ledger_reservation r
    JOIN tributary.ledger_entry e ON e.workspace_id = r.workspace_id AND e.id = r.entry_id
   WHERE r.released_at IS NULL AND r.frozen_at IS NOT NULL AND e.commission_id IS NOT NULL
     AND (NOT EXISTS (SELECT FROM tributary.ledger_transaction t
                       WHERE t.workspace_id = r.workspace_id AND t.payout_id = r.payout_id AND t.kind = 'return')
          OR (SELECT sum(moved.amount_minor) > 0 FROM tributary.ledger_transaction t
                JOIN tributary.ledger_entry moved
                  ON moved.workspace_id = t.workspace_id AND moved.transaction_id = t.id AND moved.account = 'paid'
               WHERE t.workspace_id = r.workspace_id AND t.payout_id = r.payout_id))
   GROUP BY e.workspace_id, e.commission_id`;

// A commission that came to nothing later on keeps its row; worked out anew it never gets one.
const COMMISSIONS = `
  WITH totals AS (${TOTALS}), frozen AS (${FROZEN})
  SELECT jsonb_build_array(c.workspace_id, c.program_id, coalesce(s.source, 'unknown'), coalesce(s.source_id, c.sale_id),
                           c.partner_id, c.rule) AS key,
         jsonb_build_object('amountMinor', c.amount_minor, 'currency', c.currency, 'status', c.status, 'dueAt', c.due_at,
           'earnedMinor', coalesce(t.earned, 0), 'reversedMinor', coalesce(t.reversed, 0),
           'rejectedMinor', coalesce(t.rejected, 0), 'heldMinor', coalesce(t.held, 0),
           'payableMinor', coalesce(t.payable, 0), 'netMinor', coalesce(t.net, 0)) AS said,
         jsonb_build_object('commissionId', c.id, 'saleId', c.sale_id, 'eventId', c.explanation->'eventId') AS trace,
         coalesce(f.minor, 0) AS frozen_minor
    FROM tributary.commission c
    LEFT JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id
    LEFT JOIN totals t ON t.workspace_id = c.workspace_id AND t.commission_id = c.id
    LEFT JOIN frozen f ON f.workspace_id = c.workspace_id AND f.commission_id = c.id
   WHERE c.status <> 'superseded'
     AND NOT (c.status = 'posted' AND c.amount_minor = 0
              AND (coalesce(t.earned, 0), coalesce(t.reversed, 0), coalesce(t.rejected, 0), coalesce(t.held, 0),
                   coalesce(t.payable, 0)) = (0, 0, 0, 0, 0))`;

// The ledger keeps what was posted of a commission that is not in force any more, and takes it back.
const SUPERSEDED = `
  WITH totals AS (${TOTALS})
  SELECT jsonb_build_array(t.workspace_id, t.commission_id) AS key,
         jsonb_build_object('heldMinor', t.held, 'payableMinor', t.payable, 'netMinor', t.net) AS said,
         jsonb_build_object('commissionId', t.commission_id, 'saleId', c.sale_id, 'eventId', c.explanation->'eventId') AS trace,
         0::bigint AS frozen_minor
    FROM totals t
    LEFT JOIN tributary.commission c ON c.workspace_id = t.workspace_id AND c.id = t.commission_id
   WHERE (c.id IS NULL OR c.status = 'superseded') AND (t.held, t.payable, t.net) IS DISTINCT FROM (0, 0, 0)`;

/** In the order in which they are told. */
export const SUBJECTS: readonly Subject[] = [
  { name: 'attributions', one: 'attribution', query: ATTRIBUTIONS },
  { name: 'commissions', one: 'commission', query: COMMISSIONS },
  { name: 'superseded', one: 'superseded commission', query: SUPERSEDED },
];

/** What checks found, by what a commission is of. Columns as in `rebuild.found`. */
export const FOUND_BY_SALE = `
  SELECT f.workspace_id, c.sale_id, c.program_id, c.partner_id, c.rule, f.rule AS "check", f.evidence, f.holds, f.found_at
    FROM tributary.suspicion f
    JOIN tributary.commission c ON c.workspace_id = f.workspace_id AND c.id = f.commission_id AND c.status <> 'superseded'`;

/** What waits to be worked on; it can make a difference that is none. */
export const WAITING = `
  SELECT (SELECT count(*) FROM tributary.webhook_event WHERE state = 'pending')::int AS events,
         (SELECT count(*) FROM tributary.settle_queue)::int AS keys`;
