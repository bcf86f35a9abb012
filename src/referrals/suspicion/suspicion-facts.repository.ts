import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Commission } from '../commission.entity.js';
import type { SuspicionFacts, SuspicionTerms } from './suspicion-rules.js';

/** Gathers what the checks look at, in one statement. What the terms do not ask for is not counted. */
@Injectable()
export class SuspicionFactsRepository {
  async of(
    { workspaceId, customerId, partnerId, programId, codeId, occurredAt }: Commission,
    terms: SuspicionTerms,
    tx: EntityManager,
  ): Promise<SuspicionFacts> {
    const [row] = (await tx.query(FACTS, [
      ...[workspaceId, customerId, partnerId, programId, codeId, occurredAt],
      ...[terms.signUpsPerCode > 0 || terms.signUpsPerPartner > 0, terms.refundRateBps > 0],
    ])) as [FactsRow];
    return {
      occurredAt,
      partner: { externalId: row.partner_external_id, email: row.partner_email },
      customer: { externalId: row.customer_external_id, emails: row.emails },
      sharedCards: row.shared_cards,
      sharedDestinations: row.shared_destinations,
      signUp: row.sign_up === null ? null : { ...row.sign_up, at: new Date(row.sign_up.at) },
      clickedAt: row.clicked_at,
      refunds: row.refunds,
    };
  }
}

interface FactsRow {
  partner_external_id: string;
  partner_email: string | null;
  customer_external_id: string | null;
  emails: string[];
  shared_cards: Array<{ chargeId: string; ownChargeId: string }>;
  shared_destinations: Array<{ chargeId: string; destinationId: string }>;
  sign_up: { at: string; perAddress: number | null; perCode: number; perPartner: number } | null;
  clicked_at: Date | null;
  refunds: SuspicionFacts['refunds'];
}

/** The charges of the Stripe customers in `who`, where a guest's session stands for a missing one, with their instruments. */
const instrumentsOf = (who: string): string => `
    SELECT c.id, c.created, jsonb_path_query_first(c.data, '$.payment_method_details.*.fingerprint') #>> '{}' AS fingerprint
      FROM stripe.charges c
     WHERE c.workspace_id = $1 AND c.account = '' AND c.status = 'succeeded'
       AND c.id IN (SELECT id FROM stripe.charges WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM ${who})
                    UNION SELECT paid.id FROM stripe.checkout_sessions s
                            JOIN stripe.charges paid ON paid.workspace_id = $1 AND paid.account = '' AND paid.payment_intent = s.payment_intent
                           WHERE s.workspace_id = $1 AND s.account = '' AND s.id IN (SELECT id FROM ${who}))`;

// `mine` are the customer's Stripe customers, `own` those of the partner as a customer. Counts of sign-ups are those up to the
// customer's own sign-up, so that later ones change nothing.
const FACTS = `
  WITH customer AS (SELECT external_id, email FROM tributary.referred_customer WHERE workspace_id = $1 AND id = $2),
  partner AS (SELECT external_id, email FROM tributary.partner WHERE workspace_id = $1 AND id = $3),
  mine AS (
    SELECT stripe_customer_id AS id FROM tributary.customer_link WHERE workspace_id = $1 AND account = '' AND customer_id = $2),
  own AS (
    SELECT l.stripe_customer_id AS id FROM tributary.referred_customer c
      JOIN tributary.customer_link l ON l.workspace_id = c.workspace_id AND l.account = '' AND l.customer_id = c.id
     WHERE c.workspace_id = $1 AND c.external_id = (SELECT external_id FROM partner) AND c.id <> $2),
  paid AS (${instrumentsOf('mine')}),
  own_paid AS (${instrumentsOf('own')}),
  destination AS (
    SELECT d.id, d.data->>'fingerprint' AS fingerprint FROM tributary.payout_method m
      JOIN LATERAL (SELECT id, data, connected_account FROM stripe.cards WHERE workspace_id = $1 AND connected_account = m.account_id
                    UNION ALL SELECT id, data, connected_account FROM stripe.bank_accounts
                               WHERE workspace_id = $1 AND connected_account = m.account_id) AS d ON true
     WHERE m.workspace_id = $1 AND m.partner_id = $3),
  tracked AS (
    SELECT * FROM tributary.referral_tracking WHERE workspace_id = $1 AND customer_id = $2 AND partner_id = $3 AND program_id = $4),
  sign_up AS (
    SELECT id, signed_up_at AS at, ip_hash FROM tracked WHERE signed_up_at IS NOT NULL ORDER BY signed_up_at, id LIMIT 1),
  emails AS (
    SELECT email FROM customer
    UNION SELECT data->>'email' FROM stripe.customers WHERE workspace_id = $1 AND account = '' AND id IN (SELECT id FROM mine)
    UNION SELECT data#>>'{customer_details,email}' FROM stripe.checkout_sessions
           WHERE workspace_id = $1 AND account = '' AND (customer IN (SELECT id FROM mine) OR id IN (SELECT id FROM mine)))
  SELECT (SELECT external_id FROM partner) AS partner_external_id, (SELECT email FROM partner) AS partner_email,
         (SELECT external_id FROM customer) AS customer_external_id,
         (SELECT coalesce(jsonb_agg(email ORDER BY email) FILTER (WHERE email IS NOT NULL), '[]') FROM emails) AS emails,
         (SELECT coalesce(jsonb_agg(found), '[]') FROM (
            SELECT jsonb_build_object('chargeId', paid.id, 'ownChargeId', own_paid.id) AS found
              FROM paid JOIN own_paid USING (fingerprint) WHERE paid.created <= $6 ORDER BY paid.id, own_paid.id LIMIT 1) AS s) AS shared_cards,
         (SELECT coalesce(jsonb_agg(found), '[]') FROM (
            SELECT jsonb_build_object('chargeId', paid.id, 'destinationId', destination.id) AS found
              FROM paid JOIN destination USING (fingerprint) WHERE paid.created <= $6 ORDER BY paid.id LIMIT 1) AS s) AS shared_destinations,
         (SELECT jsonb_build_object(
                   'at', sign_up.at,
                   'perAddress', (SELECT count(*) FROM tributary.referral_tracking t
                                   WHERE t.workspace_id = $1 AND t.ip_hash = sign_up.ip_hash
                                     AND t.signed_up_at > sign_up.at - interval '24 hours' AND (t.signed_up_at, t.id) <= (sign_up.at, sign_up.id)),
                   'perCode', counts.code, 'perPartner', counts.partner)
            FROM sign_up
           CROSS JOIN LATERAL (
                 SELECT count(*) AS partner, count(*) FILTER (WHERE t.code_id = $5) AS code FROM tributary.referral_tracking t
                  WHERE $7 AND t.workspace_id = $1 AND t.partner_id = $3
                    AND t.signed_up_at > sign_up.at - interval '24 hours' AND (t.signed_up_at, t.id) <= (sign_up.at, sign_up.id)) AS counts) AS sign_up,
         (SELECT max(clicked_at) FROM tracked) AS clicked_at,
         (SELECT jsonb_build_object('sales', count(*) FILTER (WHERE seq = 0 AND sales > 0),
                                    'revenueMinor', coalesce(sum(revenue_minor) FILTER (WHERE seq = 0), 0),
                                    'refundedMinor', coalesce(-sum(revenue_minor) FILTER (WHERE seq > 0), 0))
            FROM tributary.sale_count WHERE $8 AND workspace_id = $1 AND program_id = $4 AND partner_id = $3 AND at < $6) AS refunds`;
