/** One list of an export: `$1` is the workspace, `$2` the person. */
export interface ExportQuery {
  name: string;
  sql: string;
}

/** What we hold of a person ourselves. Who earned by them is somebody else's, and left out. */
export const OWN_FACTS: readonly ExportQuery[] = [
  {
    name: 'stripeCustomers',
    sql: `SELECT l.account, l.stripe_customer_id AS id, r.ref
            FROM tributary.customer_link l
            LEFT JOIN tributary.customer_ref r ON r.workspace_id = l.workspace_id AND r.account = l.account AND r.customer_id = l.stripe_customer_id
           WHERE l.workspace_id = $1 AND l.customer_id = $2 ORDER BY l.account, l.stripe_customer_id`,
  },
  {
    name: 'clicksAndSignUps',
    sql: `SELECT t.id, p.key AS "programKey", t.clicked_at AS "clickedAt", t.signed_up_at AS "signedUpAt", t.converted_at AS "convertedAt",
                 t.url, t.referrer, t.utm, t.visitor, t.consent, t.ip_hash AS "ipHash", t.agent_hash AS "agentHash", t.created_at AS "createdAt"
            FROM tributary.referral_tracking t
            JOIN tributary.referral_program p ON p.workspace_id = t.workspace_id AND p.id = t.program_id
           WHERE t.workspace_id = $1 AND (t.customer_id = $2 OR t.id IN (
                   SELECT s.client_reference_id FROM tributary.customer_link l
                     JOIN stripe.checkout_sessions s ON s.workspace_id = l.workspace_id AND s.account = l.account
                                                    AND l.stripe_customer_id IN (s.customer, s.id)
                    WHERE l.workspace_id = $1 AND l.customer_id = $2 AND s.client_reference_id IS NOT NULL))
           ORDER BY t.created_at, t.id`,
  },
  {
    name: 'bindings',
    sql: `SELECT p.key AS "programKey", a.bound_at AS "boundAt", 'evidence' AS by, NULL AS reason
            FROM tributary.attribution a
            JOIN tributary.referral_program p ON p.workspace_id = a.workspace_id AND p.id = a.program_id
           WHERE a.workspace_id = $1 AND a.customer_id = $2
          UNION ALL
          SELECT p.key, h.effective_at, 'hand', h.reason
            FROM tributary.attribution_by_hand h
            JOIN tributary.referral_program p ON p.workspace_id = h.workspace_id AND p.id = h.program_id
           WHERE h.workspace_id = $1 AND h.customer_id = $2 ORDER BY 1, 2`,
  },
  {
    name: 'sales',
    sql: `SELECT id, source, source_id AS "sourceId", currency, cash_minor::text AS "cashMinor", occurred_at AS "occurredAt"
            FROM tributary.sale WHERE workspace_id = $1 AND customer_id = $2 ORDER BY occurred_at, id`,
  },
  {
    name: 'commissions',
    sql: `SELECT c.id, p.key AS "programKey", c.sale_id AS "saleId", c.rule, c.status, c.currency, c.amount_minor::text AS "amountMinor",
                 c.occurred_at AS "occurredAt",
                 coalesce((SELECT jsonb_agg(s.rule ORDER BY s.rule) FROM tributary.suspicion s
                            WHERE s.workspace_id = c.workspace_id AND s.commission_id = c.id), '[]') AS "checksThatFoundSomething"
            FROM tributary.commission c
            JOIN tributary.referral_program p ON p.workspace_id = c.workspace_id AND p.id = c.program_id
           WHERE c.workspace_id = $1 AND c.customer_id = $2 ORDER BY c.occurred_at, c.id`,
  },
];
