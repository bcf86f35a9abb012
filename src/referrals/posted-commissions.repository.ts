import { Injectable } from '@nestjs/common';
import { Not, type EntityManager } from 'typeorm';
import { Commission } from './commission.entity.js';
import type { CommissionTotals } from './holds/commission-postings.js';
import type { Sale } from './sale.entity.js';

/** A live commission with what the ledger holds of it, in minor units. */
export interface PostedTotals {
  commission: Commission;
  posted: CommissionTotals;
  /** How many transactions there are; numbers the next one. */
  postings: number;
}

@Injectable()
export class PostedCommissions {
  async liveOf(sale: Pick<Sale, 'workspaceId' | 'id'>, tx: EntityManager): Promise<PostedTotals[]> {
    const { workspaceId, id: saleId } = sale;
    const commissions = await tx.getRepository(Commission).find({
      where: { workspaceId, saleId, status: Not('superseded') },
      order: { id: 'ASC' },
    });
    if (commissions.length === 0) return [];
    const rows = (await tx.query(TOTALS, [workspaceId, commissions.map(({ id }) => id)])) as TotalsRow[];
    const totals = new Map(rows.map((row) => [row.commission_id, row]));
    return commissions.map((commission) => totalsOf(commission, totals.get(commission.id)));
  }

  /** The sales of a person that passed for the first one when they earned, but for one. */
  async firstSales(workspaceId: string, customerId: string, exceptSaleId: string, tx: EntityManager): Promise<Sale[]> {
    return (await tx.query(
      `SELECT s.workspace_id AS "workspaceId", s.id, s.source, s.account, s.source_id AS "sourceId"
         FROM tributary.commission c JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id
        WHERE c.workspace_id = $1 AND c.customer_id = $2 AND c.sale_id <> $3 AND c.status <> 'superseded'
          AND (c.explanation->>'isFirstSale')::boolean`,
      [workspaceId, customerId, exceptSaleId],
    )) as Sale[];
  }

  /** The figures behind the commission have changed; the ledger says by how much, the row says how it comes about now. */
  async rewrite(commission: Commission, tx: EntityManager): Promise<void> {
    const { workspaceId, id, codeId, amountMinor, explanation, status, holds } = commission;
    await tx.query(
      `UPDATE tributary.commission SET amount_minor = $3, explanation = $4, status = $5, holds = $6, code_id = $7
        WHERE workspace_id = $1 AND id = $2`,
      [workspaceId, id, amountMinor, JSON.stringify(explanation), status, JSON.stringify(holds), codeId],
    );
  }

  /** Nothing was posted of it, and nothing will be. */
  async forget({ workspaceId, id }: Commission, tx: EntityManager): Promise<void> {
    await tx.getRepository(Commission).delete({ workspaceId, id });
  }

  async markSuperseded({ workspaceId, id }: Commission, tx: EntityManager): Promise<void> {
    await tx.getRepository(Commission).update({ workspaceId, id }, { status: 'superseded' });
  }
}

function totalsOf(commission: Commission, row: TotalsRow | undefined): PostedTotals {
  return {
    commission,
    posted: {
      earnedMinor: Number(row?.earned ?? 0),
      reversedMinor: -Number(row?.reversed ?? 0),
      rejectedMinor: -Number(row?.rejected ?? 0),
      heldMinor: Number(row?.held ?? 0),
    },
    postings: Number(row?.postings ?? 0),
  };
}

interface TotalsRow {
  commission_id: string;
  earned: string | null;
  reversed: string | null;
  rejected: string | null;
  held: string | null;
  postings: string;
}

// The expense side has every change of what is owed and none of the moves between a partner's accounts.
const TOTALS = `
  SELECT t.commission_id, count(DISTINCT t.id) AS postings,
         -sum(e.amount_minor) FILTER (WHERE e.account = 'expense' AND t.kind IN ('earning', 'adjustment')) AS earned,
         -sum(e.amount_minor) FILTER (WHERE e.account = 'expense' AND t.kind IN ('reversal', 'reinstatement')) AS reversed,
         -sum(e.amount_minor) FILTER (WHERE e.account = 'expense' AND t.kind = 'rejection') AS rejected,
         sum(e.amount_minor) FILTER (WHERE e.account = 'held') AS held
    FROM tributary.ledger_transaction t
    JOIN tributary.ledger_entry e ON e.workspace_id = t.workspace_id AND e.transaction_id = t.id
   WHERE t.workspace_id = $1 AND t.commission_id = ANY($2)
   GROUP BY t.commission_id`;
