import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** An entry that can be a line of a payout and is none yet. */
export interface PayableEntry {
  id: string;
  partnerId: string;
  programId: string | null;
  commissionId: string | null;
  amountMinor: number;
}

/** Which entries belong to which payout. The partial unique index keeps every entry in at most one live payout. */
@Injectable()
export class Reservations {
  /** Entries of one currency that are due at `cutoff` (itself included) and in no live payout; by partner, then id. */
  async payable(workspaceId: string, currency: string, cutoff: Date, tx: EntityManager): Promise<PayableEntry[]> {
    return rowsToEntries(
      await tx.query(`${PAYABLE} AND e.due_at <= $3 ORDER BY e.partner_id, e.id`, [workspaceId, currency, cutoff]),
    );
  }

  /**
   * Negative entries of commissions that are lines of the payout and that are in no live payout themselves, due or not:
   * what was taken back since the draft was made.
   */
  async takenBackSince(
    workspaceId: string,
    currency: string,
    payoutId: string,
    tx: EntityManager,
  ): Promise<PayableEntry[]> {
    const rows: unknown = await tx.query(
      `${PAYABLE} AND e.amount_minor < 0 AND e.commission_id IN (
         SELECT line.commission_id FROM tributary.ledger_reservation r
           JOIN tributary.ledger_entry line ON line.workspace_id = r.workspace_id AND line.id = r.entry_id
          WHERE r.workspace_id = $1 AND r.payout_id = $3 AND r.released_at IS NULL)
       ORDER BY e.id`,
      [workspaceId, currency, payoutId],
    );
    return rowsToEntries(rows);
  }

  /** Makes the entries lines of the payout. A unique violation means that another payout was faster. */
  async reserve(
    workspaceId: string,
    payoutId: string,
    entries: readonly PayableEntry[],
    tx: EntityManager,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO tributary.ledger_reservation (workspace_id, entry_id, payout_id, amount_minor)
       SELECT $1, u.entry_id, $2, u.amount FROM unnest($3::text[], $4::bigint[]) AS u(entry_id, amount)`,
      [workspaceId, payoutId, entries.map((entry) => entry.id), entries.map((entry) => entry.amountMinor)],
    );
  }

  /** Lets go of every line of the payout, so that they can be lines of another. */
  async release(workspaceId: string, payoutId: string, at: Date, tx: EntityManager): Promise<void> {
    await tx.query(
      `UPDATE tributary.ledger_reservation SET released_at = $3 WHERE workspace_id = $1 AND payout_id = $2 AND released_at IS NULL`,
      [workspaceId, payoutId, at],
    );
  }
}

const PAYABLE = `
  SELECT e.id, e.partner_id, e.program_id, e.commission_id, e.amount_minor
    FROM tributary.ledger_entry e
   WHERE e.workspace_id = $1 AND e.currency = $2 AND e.payable
     AND NOT EXISTS (SELECT 1 FROM tributary.ledger_reservation r
                      WHERE r.workspace_id = e.workspace_id AND r.entry_id = e.id AND r.released_at IS NULL)`;

function rowsToEntries(rows: unknown): PayableEntry[] {
  return (rows as Array<Record<string, string>>).map((row) => ({
    id: String(row.id),
    partnerId: String(row.partner_id),
    programId: row.program_id ?? null,
    commissionId: row.commission_id ?? null,
    amountMinor: Number(row.amount_minor),
  }));
}
