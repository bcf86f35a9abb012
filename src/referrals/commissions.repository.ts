import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { CursorPosition } from '../common/pagination.js';
import type { LedgerTransactionKind } from '../ledger/ledger-transaction.entity.js';
import type { CommissionState } from './dto/commission.dto.js';
import type { HoldReason } from './holds/hold-reasons.js';
import type { SaleSource } from './sale.entity.js';

export interface CommissionFilter {
  id?: string;
  partnerId?: string;
  programKey?: string;
  state?: CommissionState;
  /** What was decided of it last. */
  decision?: 'released' | 'rejected';
  /** Only what comes after this position. */
  after?: CursorPosition;
  limit: number;
}

/** A commission with what its ledger entries and payouts say of it. Amounts come as text, from 64-bit sums. */
export interface CommissionRow {
  id: string;
  partner_id: string;
  program_id: string;
  program_key: string;
  program_version: number;
  code: string;
  customer_id: string;
  customer_external_id: string | null;
  sale_id: string;
  rule: string;
  holds: HoldReason[];
  source: SaleSource;
  source_id: string;
  state: CommissionState;
  amount: string;
  net: string;
  currency: string;
  occurred_at: Date;
  due_at: Date;
  created_at: Date;
  /** `created_at` with all its digits, for the cursor. */
  position: string;
}

export interface PostingRow {
  id: string;
  kind: LedgerTransactionKind;
  amount: string;
  occurred_at: Date;
  posted_at: Date;
  cause: Record<string, unknown>;
}

/** Reads commissions with their derived money and state. One statement for one and for many. */
@Injectable()
export class CommissionsRepository {
  constructor(private readonly db: DataSource) {}

  /** Newest first. `now` decides what is due. */
  async find(
    workspaceId: string,
    filter: CommissionFilter,
    now: Date,
    manager: EntityManager = this.db.manager,
  ): Promise<CommissionRow[]> {
    return manager.query<CommissionRow[]>(COMMISSIONS, [
      workspaceId,
      now,
      filter.id ?? null,
      filter.partnerId ?? null,
      filter.programKey ?? null,
      filter.state ?? null,
      filter.after?.sort ?? null,
      filter.after?.id ?? null,
      filter.limit,
      filter.decision ?? null,
    ]);
  }

  /** Oldest first. */
  async postings(workspaceId: string, commissionId: string): Promise<PostingRow[]> {
    return this.db.query<PostingRow[]>(POSTINGS, [workspaceId, commissionId]);
  }
}

// What is owed is the other side of the expense; moves between a partner's accounts leave it alone. The lines of payouts are
// the positive payable entries with a live reservation: the earning, or what a release or a returned transfer made payable
// again; what is held or taken back again does not count. A payout counts as paid while more of it went out than came back, and no longer once all of it came back.
/** Every commission `c` with its derived money and state; the time that decides what is due is $2. Narrowed by what follows. */
export const COMMISSIONS_WITH_STATE = `
  SELECT c.id, c.partner_id, c.program_id, p.key AS program_key, c.program_version, code.code, c.customer_id,
         customer.external_id AS customer_external_id, c.sale_id, c.rule, c.holds, s.source, s.source_id, derived.state,
         c.amount_minor AS amount, CASE WHEN c.status IN ('pending_fx', 'pending_cash') THEN c.amount_minor ELSE money.net END AS net,
         c.currency, c.occurred_at, c.due_at, c.created_at, c.created_at::text AS position
    FROM tributary.commission c
    JOIN tributary.referral_program p ON p.workspace_id = c.workspace_id AND p.id = c.program_id
    JOIN tributary.referral_code code ON code.workspace_id = c.workspace_id AND code.id = c.code_id
    JOIN tributary.referred_customer customer ON customer.workspace_id = c.workspace_id AND customer.id = c.customer_id
    JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id
   CROSS JOIN LATERAL (
         SELECT coalesce(-sum(e.amount_minor) FILTER (WHERE e.account = 'expense'), 0) AS net,
                coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'held'), 0) AS held
           FROM tributary.ledger_entry e
          WHERE e.workspace_id = c.workspace_id AND e.commission_id = c.id) AS money
   CROSS JOIN LATERAL (
         SELECT coalesce(sum(r.amount_minor) FILTER (WHERE payout.stands AND payout.went_out) > 0, false) AS paid,
                coalesce(sum(r.amount_minor) FILTER (WHERE payout.stands AND NOT payout.went_out) > 0, false) AS reserved
           FROM tributary.ledger_entry e
           JOIN tributary.ledger_reservation r ON r.workspace_id = e.workspace_id AND r.entry_id = e.id AND r.released_at IS NULL
          CROSS JOIN LATERAL (
                SELECT EXISTS (SELECT 1 FROM tributary.ledger_transaction t
                                WHERE t.workspace_id = r.workspace_id AND t.payout_id = r.payout_id AND t.kind = 'pay') AS went_out,
                       NOT EXISTS (SELECT 1 FROM tributary.ledger_transaction t
                                    WHERE t.workspace_id = r.workspace_id AND t.payout_id = r.payout_id AND t.kind = 'return')
                       OR (SELECT sum(moved.amount_minor) > 0
                             FROM tributary.ledger_transaction t
                             JOIN tributary.ledger_entry moved
                               ON moved.workspace_id = t.workspace_id AND moved.transaction_id = t.id AND moved.account = 'paid'
                            WHERE t.workspace_id = r.workspace_id AND t.payout_id = r.payout_id) AS stands) AS payout
          WHERE e.workspace_id = c.workspace_id AND e.commission_id = c.id AND e.payable) AS payouts
    LEFT JOIN LATERAL (
         SELECT d.decision FROM tributary.commission_decision d
          WHERE d.workspace_id = c.workspace_id AND d.sale_id = c.sale_id AND d.program_id = c.program_id
            AND d.partner_id = c.partner_id AND d.rule = c.rule
          ORDER BY d.decided_at DESC, d.id DESC LIMIT 1) AS judged ON true
   CROSS JOIN LATERAL (
         SELECT CASE WHEN c.status IN ('pending_fx', 'pending_cash') THEN c.status
                     WHEN c.status = 'superseded' THEN 'reversed'
                     WHEN judged.decision = 'rejected' THEN 'rejected'
                     WHEN c.amount_minor > 0 AND money.net = 0 THEN 'reversed'
                     WHEN money.held <> 0 THEN 'held'
                     WHEN payouts.paid THEN 'paid'
                     WHEN payouts.reserved THEN 'in_payout'
                     WHEN c.due_at <= $2 THEN 'due'
                     ELSE 'pending' END AS state) AS derived`;

const COMMISSIONS = `${COMMISSIONS_WITH_STATE}
   WHERE c.workspace_id = $1
     AND ($6::text IS DISTINCT FROM 'held' OR c.id IN (
           SELECT h.commission_id FROM tributary.ledger_entry h WHERE h.workspace_id = $1 AND h.account = 'held'
            GROUP BY h.commission_id HAVING sum(h.amount_minor) <> 0))
     AND ($3::text IS NULL OR c.id = $3)
     AND ($4::text IS NULL OR c.partner_id = $4)
     AND ($5::text IS NULL OR p.key = $5)
     AND ($6::text IS NULL OR derived.state = $6)
     AND ($10::text IS NULL OR judged.decision = $10)
     AND ($7::timestamptz IS NULL OR (c.created_at, c.id) < ($7, $8))
   ORDER BY c.created_at DESC, c.id DESC
   LIMIT $9`;

const POSTINGS = `
  SELECT t.id, t.kind, t.occurred_at, t.posted_at, t.cause,
         coalesce(-sum(e.amount_minor) FILTER (WHERE e.account = 'expense'),
                  sum(e.amount_minor) FILTER (WHERE e.amount_minor > 0), 0) AS amount
    FROM tributary.ledger_entry e
    JOIN tributary.ledger_transaction t ON t.workspace_id = e.workspace_id AND t.id = e.transaction_id
   WHERE e.workspace_id = $1 AND e.commission_id = $2
   GROUP BY t.workspace_id, t.id
   ORDER BY t.posted_at, t.id`;
