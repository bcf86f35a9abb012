import { COMMISSIONS_WITH_STATE } from '../../referrals/commissions.repository.js';

/**
 * The conditions of every export: $1 workspace, $3 partner, $4 program id, $5 from, included, $6 to, excluded; null where nothing
 * narrows. $2 is now, which only commissions ask for and all are given.
 */
function narrowedBy(columns: { workspace: string; partner: string; program: string; at: string }): string {
  const { workspace, partner, program, at } = columns;
  return `
   WHERE ${workspace} = $1 AND $2::timestamptz IS NOT NULL AND ($3::text IS NULL OR ${partner} = $3)
     AND ($4::text IS NULL OR ${program.replaceAll('?', '$4')})
     AND ($5::timestamptz IS NULL OR ${at} >= $5) AND ($6::timestamptz IS NULL OR ${at} < $6)`;
}

const COMMISSIONS = `
  SELECT id, partner_id AS "partnerId", program_key AS "programKey", program_version AS "programVersion", code,
         customer_id AS "customerId", customer_external_id AS "customerExternalId", source, source_id AS "sourceId", rule, state,
         amount::bigint AS "amountMinor", (amount - net)::bigint AS "reversedMinor", net::bigint AS "netMinor", currency,
         occurred_at AS "occurredAt", due_at AS "dueAt", created_at AS "createdAt"
    FROM (${COMMISSIONS_WITH_STATE}
          ${narrowedBy({ workspace: 'c.workspace_id', partner: 'c.partner_id', program: 'c.program_id = ?', at: 'c.occurred_at' })}
          ORDER BY c.created_at, c.id) AS commission`;

function trackings(at: string, condition: string, columns: string): string {
  return `
  SELECT t.id, p.key AS "programKey", t.partner_id AS "partnerId", code.code, ${columns}
    FROM tributary.referral_tracking t
    JOIN tributary.referral_program p ON p.workspace_id = t.workspace_id AND p.id = t.program_id
    JOIN tributary.referral_code code ON code.workspace_id = t.workspace_id AND code.id = t.code_id
    LEFT JOIN tributary.referred_customer customer ON customer.workspace_id = t.workspace_id AND customer.id = t.customer_id
    ${narrowedBy({ workspace: 't.workspace_id', partner: 't.partner_id', program: 't.program_id = ?', at })} AND ${condition}
   ORDER BY t.created_at, t.id`;
}

const REFERRALS = trackings(
  't.created_at',
  't.customer_id IS NOT NULL',
  `CASE WHEN t.converted_at IS NOT NULL THEN 'converted' WHEN t.signed_up_at IS NOT NULL THEN 'signed_up' ELSE 'clicked' END AS state,
         t.customer_id AS "customerId", customer.external_id AS "customerExternalId", t.clicked_at AS "clickedAt",
         t.signed_up_at AS "signedUpAt", t.converted_at AS "convertedAt", t.created_at AS "createdAt"`,
);

const CLICKS = trackings(
  't.clicked_at',
  't.clicked_at IS NOT NULL AND t.click_id IS NULL',
  `t.clicked_at AS "clickedAt", t.visitor, t.url, t.referrer, t.utm->>'source' AS "utmSource", t.utm->>'medium' AS "utmMedium",
         t.utm->>'campaign' AS "utmCampaign", t.utm->>'term' AS "utmTerm", t.utm->>'content' AS "utmContent",
         t.customer_id AS "customerId"`,
);

/** Of a program are the payouts with a line of it. */
const PAYS_PROGRAM = `EXISTS (
           SELECT 1 FROM tributary.ledger_reservation r
             JOIN tributary.ledger_entry e ON e.workspace_id = r.workspace_id AND e.id = r.entry_id
            WHERE r.workspace_id = o.workspace_id AND r.payout_id = o.id AND r.released_at IS NULL AND e.program_id = ?)`;

const PAYOUTS = `
  SELECT o.id, o.run_id AS "runId", o.partner_id AS "partnerId", o.state, o.method, o.amount_minor AS "amountMinor", o.currency,
         o.reversed_minor AS "reversedMinor", o.reference, o.failure, o.created_at AS "createdAt", o.approved_at AS "approvedAt",
         o.sent_at AS "sentAt"
    FROM tributary.payout o
    ${narrowedBy({ workspace: 'o.workspace_id', partner: 'o.partner_id', program: PAYS_PROGRAM, at: 'o.created_at' })}
   ORDER BY o.id`;

const LEDGER = `
  SELECT e.id, e.transaction_id AS "transactionId", e.kind, e.account, e.partner_id AS "partnerId", p.key AS "programKey",
         e.commission_id AS "commissionId", t.payout_id AS "payoutId", e.amount_minor AS "amountMinor", e.currency,
         e.occurred_at AS "occurredAt", t.posted_at AS "postedAt", e.due_at AS "dueAt"
    FROM tributary.ledger_entry e
    JOIN tributary.ledger_transaction t ON t.workspace_id = e.workspace_id AND t.id = e.transaction_id
    LEFT JOIN tributary.referral_program p ON p.workspace_id = e.workspace_id AND p.id = e.program_id
    ${narrowedBy({ workspace: 'e.workspace_id', partner: 'e.partner_id', program: 'e.program_id = ?', at: 'e.occurred_at' })}
   ORDER BY e.id`;

/** The statement of each export; its columns are the export's, oldest row first. */
export const EXPORTS = {
  commissions: COMMISSIONS,
  referrals: REFERRALS,
  clicks: CLICKS,
  payouts: PAYOUTS,
  ledger: LEDGER,
} as const;
export type ExportName = keyof typeof EXPORTS;
