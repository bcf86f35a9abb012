import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainError } from '../common/errors.js';

/** An entry that can be a line of a payout and is none yet. */
export interface PayableEntry {
  id: string;
  partnerId: string;
  programId: string | null;
  commissionId: string | null;
  amountMinor: number;
}

/** An entry and the payout whose line it becomes. */
export interface ReservedLine {
  payoutId: string;
  entry: Pick<PayableEntry, 'id' | 'amountMinor'>;
}

/** A line of a payout, as it is shown. */
export interface PayoutLine {
  entryId: string;
  commissionId: string | null;
  amountMinor: number;
}

/** Which entries belong to which payout. The partial unique index keeps every entry in at most one live payout. */
@Injectable()
export class Reservations {
  /**
   * Entries of one currency that are due at `cutoff` (itself included) and in no live payout, and whatever was taken back of
   * their commissions, due or not; by partner, then id.
   */
  async payable(workspaceId: string, currency: string, cutoff: Date, tx: EntityManager): Promise<PayableEntry[]> {
    return rowsOf(await tx.query(DUE, [workspaceId, currency, cutoff])).map(entryOf);
  }

  /** The same of one partner. */
  async payableOf(
    workspaceId: string,
    partnerId: string,
    currency: string,
    cutoff: Date,
    tx: EntityManager,
  ): Promise<PayableEntry[]> {
    return rowsOf(await tx.query(DUE_OF_PARTNER, [workspaceId, currency, cutoff, partnerId])).map(entryOf);
  }

  /**
   * Negative entries of commissions that are lines of the payouts and that are in no live payout themselves, due or not:
   * what was taken back since the drafts were made. Each entry once, for the older payout where two hold its commission.
   */
  async takenBackSince(
    workspaceId: string,
    currency: string,
    payoutIds: readonly string[],
    tx: EntityManager,
  ): Promise<Array<PayableEntry & { payoutId: string }>> {
    if (payoutIds.length === 0) return [];
    const rows = rowsOf(await tx.query(TAKEN_BACK, [workspaceId, currency, payoutIds]));
    return rows.map((row) => ({ ...entryOf(row), payoutId: String(row.payout_id) }));
  }

  /** Makes the entries lines of their payouts. A unique violation means that another payout was faster. */
  async reserve(workspaceId: string, lines: readonly ReservedLine[], tx: EntityManager): Promise<void> {
    if (lines.length === 0) return;
    await tx.query(
      `INSERT INTO tributary.ledger_reservation (workspace_id, entry_id, payout_id, amount_minor)
       SELECT $1, u.entry_id, u.payout_id, u.amount
         FROM unnest($2::text[], $3::text[], $4::bigint[]) AS u(entry_id, payout_id, amount)`,
      [
        workspaceId,
        lines.map(({ entry }) => entry.id),
        lines.map(({ payoutId }) => payoutId),
        lines.map(({ entry }) => entry.amountMinor),
      ],
    );
  }

  /**
   * The payouts were approved: their lines are not held back any more. Never waits for a settling that is about to hold one
   * of them. Errors: `run_changed`, when there is such a settling.
   */
  async freeze(workspaceId: string, payoutIds: readonly string[], at: Date, tx: EntityManager): Promise<void> {
    try {
      await tx.query(LOCK_LINES, [workspaceId, payoutIds]);
    } catch (error) {
      if (!isLockedByAnother(error)) throw error;
      const message = 'the run is changing at this moment; look at it again and approve its new revision';
      throw new DomainError('conflict', 'run_changed', message, { field: 'revision', cause: error });
    }
    await tx.query(
      `UPDATE tributary.ledger_reservation SET frozen_at = $3
        WHERE workspace_id = $1 AND payout_id = ANY($2) AND released_at IS NULL`,
      [workspaceId, payoutIds, at],
    );
  }

  /**
   * How much of the commission is in payouts that were approved and have not come back, in minor units. Its lines stay as
   * they are until the transaction ends.
   */
  async frozenOf(workspaceId: string, commissionId: string, tx: EntityManager): Promise<number> {
    const [row] = (await tx.query(FROZEN, [workspaceId, commissionId])) as [{ frozen: string }];
    return Number(row.frozen);
  }

  /** Lets go of every line of the payouts, so that they can be lines of others. */
  async release(workspaceId: string, payoutIds: readonly string[], at: Date, tx: EntityManager): Promise<void> {
    await tx.query(
      `UPDATE tributary.ledger_reservation SET released_at = $3
        WHERE workspace_id = $1 AND payout_id = ANY($2) AND released_at IS NULL`,
      [workspaceId, payoutIds, at],
    );
  }

  /** The lines that the payout holds, in the order of their posting; empty when they were released. */
  async linesOf(workspaceId: string, payoutId: string, manager: EntityManager): Promise<PayoutLine[]> {
    const rows: unknown = await manager.query(
      `SELECT r.entry_id AS id, e.commission_id, r.amount_minor
         FROM tributary.ledger_reservation r
         JOIN tributary.ledger_entry e ON e.workspace_id = r.workspace_id AND e.id = r.entry_id
        WHERE r.workspace_id = $1 AND r.payout_id = $2 AND r.released_at IS NULL ORDER BY r.entry_id`,
      [workspaceId, payoutId],
    );
    return rowsOf(rows).map((row) => ({
      entryId: String(row.id),
      commissionId: row.commission_id ?? null,
      amountMinor: Number(row.amount_minor),
    }));
  }
}

const OPEN = `
  SELECT e.id, e.partner_id, e.program_id, e.commission_id, e.amount_minor, e.due_at
    FROM tributary.ledger_entry e
   WHERE e.workspace_id = $1 AND e.currency = $2 AND e.payable
     AND NOT EXISTS (SELECT 1 FROM tributary.ledger_reservation r
                      WHERE r.workspace_id = e.workspace_id AND r.entry_id = e.id AND r.released_at IS NULL)`;

const dueAmong = (open: string): string => `
  WITH open AS MATERIALIZED (${open})
  SELECT * FROM open
   WHERE due_at <= $3
      OR (amount_minor < 0 AND commission_id IN (SELECT commission_id FROM open WHERE due_at <= $3))
   ORDER BY partner_id, id`;

const DUE = dueAmong(OPEN);
const DUE_OF_PARTNER = dueAmong(`${OPEN} AND e.partner_id = $4`);

const TAKEN_BACK = `
  WITH line AS (
    SELECT e.commission_id, min(r.payout_id) AS payout_id
      FROM tributary.ledger_reservation r
      JOIN tributary.ledger_entry e ON e.workspace_id = r.workspace_id AND e.id = r.entry_id
     WHERE r.workspace_id = $1 AND r.payout_id = ANY($3) AND r.released_at IS NULL AND e.commission_id IS NOT NULL
     GROUP BY e.commission_id)
  SELECT open.*, line.payout_id FROM line JOIN (${OPEN}) AS open USING (commission_id)
   WHERE open.amount_minor < 0 ORDER BY open.id`;

const LOCK_LINES = `
  SELECT 1 FROM tributary.ledger_reservation
   WHERE workspace_id = $1 AND payout_id = ANY($2) AND released_at IS NULL FOR UPDATE NOWAIT`;

const FROZEN = `
  WITH line AS (
    SELECT r.payout_id, r.amount_minor, r.frozen_at FROM tributary.ledger_reservation r
      JOIN tributary.ledger_entry e ON e.workspace_id = r.workspace_id AND e.id = r.entry_id
     WHERE e.workspace_id = $1 AND e.commission_id = $2 AND r.released_at IS NULL FOR SHARE OF r)
  SELECT coalesce(sum(line.amount_minor), 0) AS frozen FROM line
   WHERE line.frozen_at IS NOT NULL
     AND (NOT EXISTS (SELECT 1 FROM tributary.ledger_transaction t
                       WHERE t.workspace_id = $1 AND t.payout_id = line.payout_id AND t.kind = 'return')
          OR (SELECT sum(moved.amount_minor) > 0 FROM tributary.ledger_transaction t
                JOIN tributary.ledger_entry moved
                  ON moved.workspace_id = t.workspace_id AND moved.transaction_id = t.id AND moved.account = 'paid'
               WHERE t.workspace_id = $1 AND t.payout_id = line.payout_id))`;

/** PostgreSQL's `lock_not_available`. */
function isLockedByAnother(error: unknown): boolean {
  return (error as { code?: unknown }).code === '55P03';
}

type Row = Record<string, string | null>;

function rowsOf(rows: unknown): Row[] {
  return rows as Row[];
}

function entryOf(row: Row): PayableEntry {
  return {
    id: String(row.id),
    partnerId: String(row.partner_id),
    programId: row.program_id ?? null,
    commissionId: row.commission_id ?? null,
    amountMinor: Number(row.amount_minor),
  };
}
