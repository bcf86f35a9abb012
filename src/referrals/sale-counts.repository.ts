import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { isDeepStrictEqual } from 'node:util';
import { isCounted, type OpenCap } from './rules/commission-rules.js';
import { countedBy, countedTogether, type CountedBy } from './rules/counted-by.js';
import { periodOf } from './rules/calendar.js';
import type { Cap, RewardRule } from './rules/reward-rule.js';
import type { CountsBefore } from './rules/rule-amount.js';
import { SaleCount } from './sale-count.entity.js';
import type { Sale } from './sale.entity.js';
import { lockByName } from '../database/named-lock.js';

/** A sale's place in the order in which sales are counted, and whose it is. */
export interface CountedSale {
  workspaceId: string;
  programId: string;
  partnerId: string;
  customerId: string;
  saleId: string;
  occurredAt: Date;
  sourceId: string;
}

const COLUMN: Record<Exclude<CountedBy, 'program'>, string> = { partner: 'partner_id', customer: 'customer_id' };

/** What sales count already, and by what their programs count. */
export interface Counting {
  held: SaleCount[];
  /** By program. */
  scopesOf: Map<string, Set<CountedBy>>;
}

/** Counts what came before a sale, and knows whom a change concerns. */
@Injectable()
export class SaleCounts {
  /**
   * Waits, until the end of the transaction, for whoever counts with the same partners or programs: those that the sales
   * of one workspace are to count for and those that they have counted for. Always after the person's lock, and in one order.
   */
  async lock(
    sales: ReadonlyArray<Pick<Sale, 'workspaceId' | 'id'>>,
    earning: ReadonlyArray<Pick<SaleCount, 'programId' | 'partnerId'>>,
    tx: EntityManager,
  ): Promise<Counting> {
    const workspaceId = sales[0]?.workspaceId ?? '';
    const held = await tx.getRepository(SaleCount).findBy({ workspaceId, saleId: In(sales.map(({ id }) => id)) });
    const names = new Set<string>();
    const scopesOf = new Map<string, Set<CountedBy>>();
    for (const { programId, partnerId } of [...earning, ...held]) {
      const scopes = scopesOf.get(programId) ?? (await this.scopesOf(workspaceId, programId, tx));
      scopesOf.set(programId, scopes);
      if (scopes.has('program')) names.add(`counts/${workspaceId}/${programId}`);
      else if (scopes.has('partner')) names.add(`counts/${workspaceId}/${programId}/${partnerId}`);
    }
    for (const name of [...names].sort()) await lockByName(name, tx);
    return { held, scopesOf };
  }

  /** By what any terms of the program count, past and future ones and those of groups, partners and codes; often nothing. */
  private async scopesOf(workspaceId: string, programId: string, tx: EntityManager): Promise<Set<CountedBy>> {
    const rows = (await tx.query(
      `SELECT rules, caps, NULL AS counts_by FROM tributary.referral_program_version WHERE workspace_id = $1 AND program_id = $2
        UNION ALL
       SELECT '[]', '[]', array_agg(DISTINCT scope.name)
         FROM tributary.terms_override o, unnest(o.counts_by) AS scope(name) WHERE o.workspace_id = $1 AND o.program_id = $2`,
      [workspaceId, programId],
    )) as Array<{ rules: RewardRule[]; caps: Cap[]; counts_by: CountedBy[] | null }>;
    return new Set(rows.flatMap((terms) => [...countedBy(terms), ...(terms.counts_by ?? [])]));
  }

  async before(sale: CountedSale, rule: RewardRule, timeZone: string, tx: EntityManager): Promise<CountsBefore> {
    const { reward } = rule;
    if (!isCounted(reward)) return NOTHING_BEFORE;
    const period = reward.type === 'tiered' ? reward.period : 'ever';
    const { from } = periodOf(sale.occurredAt, period, timeZone);
    const [row] = (await tx.query(
      `SELECT coalesce(sum(sales), 0) AS sales, coalesce(sum(revenue_minor), 0) AS revenue, min(at) FILTER (WHERE seq = 0 AND sales > 0) AS first_at
         FROM tributary.sale_count WHERE ${BEFORE} AND ${COLUMN[countedTogether(reward)]} = $6 AND rule = $7 AND ($8::timestamptz IS NULL OR at >= $8)`,
      [...placeOf(sale), countedTogether(reward) === 'partner' ? sale.partnerId : sale.customerId, rule.key, from],
    )) as [{ sales: string; revenue: string; first_at: Date | null }];
    const count = Number(row.sales);
    return { payments: count, sales: count, revenueMinor: Number(row.revenue), firstPaymentAt: row.first_at };
  }

  /** What the caps leave before the sale. */
  async openCaps(sale: CountedSale, caps: readonly Cap[], timeZone: string, tx: EntityManager): Promise<OpenCap[]> {
    const open: OpenCap[] = [];
    for (const cap of caps) {
      const { from } = periodOf(sale.occurredAt, cap.period, timeZone);
      const [row] = (await tx.query(
        `SELECT coalesce(sum(earned_minor), 0) AS earned, count(DISTINCT sale_id) FILTER (WHERE seq = 0 AND earned_minor > 0) AS sales
           FROM tributary.sale_count WHERE ${BEFORE} AND ($6::text IS NULL OR partner_id = $6) AND ($7::text IS NULL OR customer_id = $7)
            AND ($8::timestamptz IS NULL OR at >= $8)`,
        [
          ...placeOf(sale),
          cap.per === 'partner' ? sale.partnerId : null,
          cap.per === 'customer' ? sale.customerId : null,
          from,
        ],
      )) as [{ earned: string; sales: string }];
      open.push({
        cap,
        leftMinor: cap.maxMinor === undefined ? null : cap.maxMinor - Number(row.earned),
        leftSales: cap.maxSales === undefined ? null : cap.maxSales - Number(row.sales),
      });
    }
    return open;
  }

  /**
   * Writes what the sale counts in its program, in place of what stood there. Answers the sales after it whose counts that
   * changes, when anything did.
   */
  async write(
    sale: Pick<Sale, 'workspaceId' | 'id'>,
    rows: readonly SaleCount[],
    counting: Counting,
    tx: EntityManager,
  ): Promise<Sale[]> {
    const counts = tx.getRepository(SaleCount);
    const where = { workspaceId: sale.workspaceId, saleId: sale.id };
    const held = inOrder(counting.held.filter(({ saleId }) => saleId === sale.id));
    const wanted = inOrder(rows);
    if (
      isDeepStrictEqual(
        held.map((row) => ({ ...row })),
        wanted.map((row) => ({ ...row })),
      )
    )
      return [];
    if (held.length > 0) await counts.delete(where);
    if (wanted.length > 0) await counts.insert(wanted);
    const touched = new Map<string, Sale>();
    for (const programId of new Set([...held, ...wanted].map((row) => row.programId))) {
      const changed = [...held, ...wanted].filter((row) => row.programId === programId);
      for (const later of await this.after(sale, changed, counting, tx)) touched.set(later.id, later);
    }
    return [...touched.values()];
  }

  /** The counted sales after the rows of one program, of those whom they concern. */
  private async after(
    { workspaceId, id }: Pick<Sale, 'workspaceId' | 'id'>,
    rows: readonly SaleCount[],
    { scopesOf }: Counting,
    tx: EntityManager,
  ): Promise<Sale[]> {
    const programId = rows[0]?.programId ?? '';
    const scopes = scopesOf.get(programId);
    if (scopes === undefined || scopes.size === 0) return [];
    const first = new Date(Math.min(...rows.map(({ at }) => at.getTime())));
    return (await tx.query(
      `SELECT DISTINCT s.workspace_id AS "workspaceId", s.id, s.source, s.account, s.source_id AS "sourceId", s.customer_id AS "customerId"
         FROM tributary.sale_count c JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id
        WHERE c.workspace_id = $1 AND c.program_id = $2 AND c.at >= $3 AND c.sale_id <> $4 AND c.seq = 0
          AND ($5 OR ($6 AND c.partner_id = ANY($7)) OR ($8 AND c.customer_id = ANY($9)))`,
      [
        ...[workspaceId, programId, first, id, scopes.has('program')],
        ...[scopes.has('partner'), [...new Set(rows.map(({ partnerId }) => partnerId))]],
        ...[scopes.has('customer'), [...new Set(rows.map(({ customerId }) => customerId))]],
      ],
    )) as Sale[];
  }
}

const NOTHING_BEFORE: CountsBefore = { payments: 0, sales: 0, revenueMinor: 0, firstPaymentAt: null };

const inOrder = (rows: readonly SaleCount[]): SaleCount[] => [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const keyOf = ({ programId, rule, seq }: SaleCount): string => `${programId}\n${rule}\n${String(seq).padStart(9, '0')}`;

const BEFORE = `workspace_id = $1 AND program_id = $2 AND (at, source_id) < ($3, $4) AND sale_id <> $5`;

function placeOf({ workspaceId, programId, occurredAt, sourceId, saleId }: CountedSale): unknown[] {
  return [workspaceId, programId, occurredAt, sourceId, saleId];
}
