import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { groupBy } from '../../common/group-by.js';
import { AttributionByHand } from '../attribution/attribution-by-hand.entity.js';
import { Attribution } from '../attribution.entity.js';
import { ExchangeFixings } from '../exchange/exchange-fixings.repository.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import type { ProgramPolicies } from '../rules/program-policies.js';
import { SaleFactsRepository, type SaleFacts } from '../sale-facts.repository.js';
import type { SaleReference } from '../sale-key.js';
import { CustomerExemption } from '../standing/customer-exemption.entity.js';
import { earnsAt, isExempt, Standings } from '../standing/standings.repository.js';
import type { PastSale } from './replay.js';

const PAGE = 1_000;
const CURSOR = 'past_sales';

type Listed = SaleReference & { customerId: string };

/** All sales of the persons that a program has ever bound, as the mirror has them now. */
@Injectable()
export class PastSales {
  constructor(
    private readonly facts: SaleFactsRepository,
    private readonly standings: Standings,
    private readonly exchanges: ExchangeFixings,
  ) {}

  /**
   * In the order of (business time, source id), before `until`, page by page, so that the memory does not grow with their
   * number. Needs a transaction that sees one state throughout, and writes nothing.
   */
  async *of(
    program: ReferralProgram,
    policies: ProgramPolicies,
    until: Date,
    tx: EntityManager,
  ): AsyncGenerator<PastSale[]> {
    const { workspaceId, id: programId } = program;
    await tx.query(`DECLARE ${CURSOR} NO SCROLL CURSOR FOR ${PAST_SALES}`, [workspaceId, programId, until]);
    let next = this.fetch(program, policies, tx);
    for (;;) {
      const { sales, isLast } = await next;
      // Read while the sales before are judged; whoever stops listening does not hear of its failure.
      if (!isLast) (next = this.fetch(program, policies, tx)).catch(() => undefined);
      yield sales;
      if (isLast) return;
    }
  }

  private async fetch(
    program: ReferralProgram,
    policies: ProgramPolicies,
    tx: EntityManager,
  ): Promise<{ sales: PastSale[]; isLast: boolean }> {
    const { workspaceId } = program;
    const rows = await tx.query<ListedRow[]>(`FETCH ${PAGE} FROM ${CURSOR}`);
    const listed = rows.map(({ source, source_id: sourceId, customer_id: customerId }): Listed => ({
      ...{ workspaceId, account: '', source, sourceId, customerId },
    }));
    const sales = listed.length === 0 ? [] : await this.page(program, policies, listed, tx);
    return { sales, isLast: rows.length < PAGE };
  }

  private async page(
    program: ReferralProgram,
    policies: ProgramPolicies,
    listed: readonly Listed[],
    tx: EntityManager,
  ): Promise<PastSale[]> {
    const { workspaceId, id: programId, currency } = program;
    const whose = { workspaceId, customerId: In([...new Set(listed.map(({ customerId }) => customerId))]) };
    const facts = await this.facts.findMany(listed, tx);
    const exchanges = await this.exchanges.expected(facts.filter(isPaid), currency, tx);
    const byEvidence = await tx.getRepository(Attribution).findBy({ ...whose, programId });
    const byHand = await tx.getRepository(AttributionByHand).findBy({ ...whose, programId });
    const exemptions = await tx.getRepository(CustomerExemption).findBy(whose);
    const standing = await this.standings.of(workspaceId, [...byEvidence, ...byHand], tx);
    const rejected = await tx.query<RejectedRow[]>(REJECTED, [
      workspaceId,
      programId,
      listed.map((sale) => sale.sourceId),
    ]);
    const evidenceOf = new Map(byEvidence.map((attribution) => [attribution.customerId, attribution]));
    const handsOf = groupBy(byHand, ({ customerId }) => customerId);
    const exemptOf = new Map(exemptions.map(({ customerId, objectIds }) => [customerId, new Set(objectIds)]));
    const rejectedOf = groupBy(rejected, ({ source, source_id: id }) => `${source}/${id}`);
    return facts.flatMap((paid, index) => {
      if (!isPaid(paid)) return [];
      const { customerId, source, sourceId } = listed[index] as Listed;
      const exempt = exemptOf.get(customerId) ?? new Set();
      return {
        facts: paid,
        customerId,
        byEvidence: evidenceOf.get(customerId) ?? null,
        byHand: handsOf.get(customerId) ?? [],
        mayEarn: (bound) => !isExempt(paid, exempt) && earnsAt(paid.occurredAt, bound, policies, standing),
        rejectedFor: new Map(rejectedOf.get(`${source}/${sourceId}`)?.map((row) => [row.partner_id, row.decided_at])),
        exchange: exchanges.get(paid) ?? null,
        programCurrency: currency,
      };
    });
  }
}

const isPaid = (facts: SaleFacts | null): facts is SaleFacts => facts !== null;

interface ListedRow {
  source: SaleReference['source'];
  source_id: string;
  customer_id: string;
}

interface RejectedRow {
  source: string;
  source_id: string;
  partner_id: string;
  decided_at: Date;
}

const PAST_SALES = `
  WITH bound AS (
    SELECT customer_id FROM tributary.attribution WHERE workspace_id = $1 AND program_id = $2
    UNION SELECT customer_id FROM tributary.attribution_by_hand WHERE workspace_id = $1 AND program_id = $2),
  mine AS (
    SELECT l.stripe_customer_id AS id, l.customer_id FROM bound
      JOIN tributary.customer_link l ON l.workspace_id = $1 AND l.account = '' AND l.customer_id = bound.customer_id),
  sessions AS (
    SELECT s.payment_intent, mine.customer_id FROM mine
      JOIN stripe.checkout_sessions s ON s.workspace_id = $1 AND s.account = '' AND s.customer = mine.id
     WHERE s.payment_intent IS NOT NULL AND s.invoice IS NULL
    UNION
    SELECT s.payment_intent, mine.customer_id FROM mine
      JOIN stripe.checkout_sessions s ON s.workspace_id = $1 AND s.account = '' AND s.id = mine.id AND s.customer IS NULL
     WHERE s.payment_intent IS NOT NULL AND s.invoice IS NULL)
  SELECT source, source_id, customer_id FROM (
    SELECT 'invoice' AS source, i.id AS source_id, mine.customer_id, i.paid_at AS occurred_at FROM mine
      JOIN stripe.invoices i ON i.workspace_id = $1 AND i.account = '' AND i.customer = mine.id
     WHERE i.paid_at IS NOT NULL AND i.deleted_at IS NULL
    UNION ALL
    SELECT 'payment_intent', s.payment_intent, s.customer_id, min(c.created) FROM sessions s
      JOIN stripe.charges c ON c.workspace_id = $1 AND c.account = '' AND c.payment_intent = s.payment_intent AND c.status = 'succeeded'
     GROUP BY s.payment_intent, s.customer_id
    UNION ALL
    SELECT s.source, s.source_id, s.customer_id, s.occurred_at FROM bound
      JOIN tributary.sale s ON s.workspace_id = $1 AND s.customer_id = bound.customer_id AND s.source = 'external') AS sales
   WHERE occurred_at < $3 ORDER BY occurred_at, source_id`;

/** Whose commission for a sale was rejected, and not released later. */
const REJECTED = `
  SELECT source, source_id, partner_id, decided_at FROM (
    SELECT DISTINCT ON (d.sale_id, d.partner_id, d.rule) s.source, s.source_id, d.partner_id, d.decision, d.decided_at
      FROM tributary.sale s JOIN tributary.commission_decision d ON d.workspace_id = s.workspace_id AND d.sale_id = s.id
     WHERE s.workspace_id = $1 AND d.program_id = $2 AND s.source_id = ANY($3)
     ORDER BY d.sale_id, d.partner_id, d.rule, d.decided_at DESC, d.id DESC) AS last
   WHERE decision = 'rejected'`;
