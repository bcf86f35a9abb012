import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import type { LedgerTransactionKind } from './ledger-transaction.entity.js';
import { columnOf, totalsOf, type StatementColumn, type StatementTotals } from './statement-totals.js';

/** What a partner is owed and has got in one currency, in minor units; all sums over the ledger's entries. */
export interface CurrencyBalance {
  currency: string;
  /** Earned, not yet due. */
  pendingMinor: number;
  /** Waits for a person's decision. */
  heldMinor: number;
  /** May be paid now; negative when more was taken back than is left. */
  dueMinor: number;
  inPayoutMinor: number;
  paidMinor: number;
}

/** One line of a statement: what changed the sum owed. */
export interface StatementEntry {
  postedAt: string;
  kind: LedgerTransactionKind;
  /** The total that it is part of. */
  column: StatementColumn;
  amountMinor: number;
  commissionId: string | null;
  payoutId: string | null;
}

/** opening + earned − reversed − paid = closing, and so do the entries; what is owed, payouts under way included. */
export interface CurrencyStatement extends StatementTotals {
  currency: string;
  openingMinor: number;
  entries: StatementEntry[];
  closingMinor: number;
}

/** A statement longer than this is refused; a narrower period is asked for. */
export const MAX_STATEMENT_ENTRIES = 10_000;

@Injectable()
export class LedgerReader {
  constructor(
    private readonly db: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Per currency, in the order of their codes; empty for a partner without entries. */
  async balances(workspaceId: string, partnerId: string): Promise<CurrencyBalance[]> {
    const rows = (await this.db.query(
      `SELECT currency,
              coalesce(sum(amount_minor) FILTER (WHERE account = 'earned' AND due_at > $3), 0) AS pending,
              coalesce(sum(amount_minor) FILTER (WHERE account = 'held'), 0) AS held,
              coalesce(sum(amount_minor) FILTER (WHERE account = 'earned' AND due_at <= $3), 0) AS due,
              coalesce(sum(amount_minor) FILTER (WHERE account = 'in_payout'), 0) AS in_payout,
              coalesce(sum(amount_minor) FILTER (WHERE account = 'paid'), 0) AS paid
         FROM tributary.ledger_entry WHERE workspace_id = $1 AND partner_id = $2
        GROUP BY currency ORDER BY currency`,
      [workspaceId, partnerId, this.clock.now()],
    )) as Array<Record<'currency' | 'pending' | 'held' | 'due' | 'in_payout' | 'paid', string>>;
    return rows.map((row) => ({
      currency: row.currency,
      pendingMinor: Number(row.pending),
      heldMinor: Number(row.held),
      dueMinor: Number(row.due),
      inPayoutMinor: Number(row.in_payout),
      paidMinor: Number(row.paid),
    }));
  }

  /** From `from`, included, to `to`, excluded, by the time of posting. */
  async statement(workspaceId: string, partnerId: string, from: Date, to: Date): Promise<CurrencyStatement[]> {
    const rows = (await this.db.query(STATEMENT, [
      workspaceId,
      partnerId,
      from,
      to,
      MAX_STATEMENT_ENTRIES + 1,
    ])) as StatementRow[];
    const statements = new Map<string, CurrencyStatement>();
    for (const row of rows) {
      const statement = statements.get(row.currency) ?? {
        currency: row.currency,
        openingMinor: 0,
        ...totalsOf([]),
        entries: [],
        closingMinor: 0,
      };
      statements.set(row.currency, statement);
      const amountMinor = Number(row.amount);
      statement.closingMinor += amountMinor;
      if (row.posted_at === null) statement.openingMinor = amountMinor;
      else statement.entries.push(entryOf(row, row.posted_at, amountMinor));
    }
    return [...statements.values()].map((statement) => ({ ...statement, ...totalsOf(statement.entries) }));
  }
}

function entryOf(row: StatementRow, postedAt: Date, amountMinor: number): StatementEntry {
  const { kind, commission_id: commissionId, payout_id: payoutId } = row;
  const known = kind as LedgerTransactionKind;
  const column = columnOf(known, amountMinor);
  return { postedAt: postedAt.toISOString(), kind: known, column, amountMinor, commissionId, payoutId };
}

interface StatementRow {
  currency: string;
  posted_at: Date | null;
  kind: string | null;
  commission_id: string | null;
  payout_id: string | null;
  amount: string;
}

// What is owed is the sum of earned, held and in_payout. Moves among them cancel out, so that exactly those transactions
// remain that changed it. The opening of each currency comes first, as a row without a time.
const STATEMENT = `
  WITH owed AS (
    SELECT t.id, t.posted_at, t.kind, t.commission_id, t.payout_id, e.currency, sum(e.amount_minor) AS amount
      FROM tributary.ledger_entry e
      JOIN tributary.ledger_transaction t ON t.workspace_id = e.workspace_id AND t.id = e.transaction_id
     WHERE e.workspace_id = $1 AND e.partner_id = $2 AND e.account IN ('earned', 'held', 'in_payout') AND t.posted_at < $4
     GROUP BY t.id, t.posted_at, t.kind, t.commission_id, t.payout_id, e.currency)
  SELECT currency, NULL::timestamptz AS posted_at, NULL AS kind, NULL AS commission_id, NULL AS payout_id,
         coalesce(sum(amount) FILTER (WHERE posted_at < $3), 0) AS amount, NULL AS id
    FROM owed GROUP BY currency
  UNION ALL
  (SELECT currency, posted_at, kind, commission_id, payout_id, amount, id
     FROM owed WHERE posted_at >= $3 AND amount <> 0 ORDER BY posted_at, id LIMIT $5)
  ORDER BY currency, posted_at NULLS FIRST, id`;
