import { Injectable } from '@nestjs/common';
import { DataSource, In, type EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField } from '../../common/errors.js';
import { Partner } from '../../partners/partner.entity.js';
import { capOf } from '../dto/reward-rule.dto.js';
import { ProgramTerms } from '../program-terms.service.js';
import { ProgramsService } from '../programs.service.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import type { ReferralProgramVersion } from '../referral-program-version.entity.js';
import { monthText, PassingPeriods, type Span } from '../rules/calendar.js';
import { LEAD_KINDS } from '../rules/reward-rule.js';
import { assertMeant, rulesOf } from '../terms/told-terms.js';
import { SumTable, type BacktestSums } from './backtest-sums.js';
import type { BacktestDto, BacktestPartnerView, BacktestView } from './backtest.dto.js';
import { PastSales } from './past-sales.repository.js';
import { Replay, type ProposedTerms } from './replay.js';

const PARTNERS_DEFAULT = 100;

/** Runs proposed terms over the past as the mirror has it, and tells what they would have paid beside what was earned. */
@Injectable()
export class BacktestService {
  constructor(
    private readonly db: DataSource,
    private readonly programs: ProgramsService,
    private readonly terms: ProgramTerms,
    private readonly sales: PastSales,
    private readonly clock: Clock,
  ) {}

  /**
   * Changes nothing. The proposed terms stand in for all versions of the program and all terms of their own that groups,
   * partners and codes have; who is bound to whom, the states of program and partners, exchange rates and rejections are as
   * they are. One at a time in a workspace, as it may read millions of sales. Errors: `program_not_found`,
   * `backtest_under_way`, `invalid_range`, and those of a program's terms.
   */
  async run(workspaceId: string, key: string, dto: BacktestDto): Promise<BacktestView> {
    return this.db.transaction('REPEATABLE READ', async (tx) => {
      await tx.query('SET TRANSACTION READ ONLY');
      await tx.query('SET LOCAL statement_timeout = 0');
      await assertAlone(workspaceId, tx);
      return this.compare(await this.programs.require(workspaceId, key, 'key', tx), dto, tx);
    });
  }

  private async compare(program: ReferralProgram, dto: BacktestDto, tx: EntityManager): Promise<BacktestView> {
    const { from, to = this.clock.now() } = dto;
    if (from !== undefined && from >= to) throw invalidField('from', 'invalid_range', 'from must be before to');
    const now = (await this.terms.latestOf(program.workspaceId, [program.id], tx)).get(program.id);
    const terms = proposedBy(dto, now as ReferralProgramVersion);
    const table = new SumTable();
    const counted = await this.replay(program, terms, { from, to }, table, tx);
    await this.addActual(program, terms, { from, to }, table, tx);
    const { partners, partnersLeftOut } = await this.partnersOf(program, dto, table, tx);
    return {
      ...{ programKey: program.key, timeZone: terms.timeZone },
      ...{ from: from?.toISOString() ?? null, to: to.toISOString(), ...counted },
      totals: table.by(({ currency }) => ({ currency })),
      months: table.by(({ month, currency }) => ({ month, currency })),
      ...{ partners, partnersLeftOut },
    };
  }

  private async replay(
    program: ReferralProgram,
    terms: ProposedTerms,
    { from, to }: { from?: Date; to: Date },
    table: SumTable,
    tx: EntityManager,
  ): Promise<Pick<BacktestView, 'sales' | 'awaitingRate'>> {
    const replay = new Replay(terms);
    const monthOf = monthsOf(terms.timeZone);
    let sales = 0;
    let awaitingRate = 0;
    for await (const page of this.sales.of(program, terms.policies, to, tx)) {
      for (const sale of page) {
        const { occurredAt } = sale.facts;
        const replayed = replay.next(sale);
        if (from !== undefined && occurredAt < from) continue;
        sales += 1;
        if (replayed === null) continue;
        const { partnerId, currency, sums } = replayed;
        if (replayed.awaitsRate) awaitingRate += 1;
        if (sums.commissions > 0) table.add({ partnerId, currency, month: monthOf(occurredAt) }, 'proposed', sums);
      }
    }
    return { sales, awaitingRate };
  }

  private async addActual(
    { workspaceId, id }: ReferralProgram,
    { timeZone }: ProposedTerms,
    { from, to }: { from?: Date; to: Date },
    table: SumTable,
    tx: EntityManager,
  ): Promise<void> {
    const rows = await tx.query<ActualRow[]>(ACTUAL, [workspaceId, id, timeZone, from ?? null, to, LEAD_KINDS]);
    for (const { partner_id: partnerId, currency, month, commissions, earned, net } of rows) {
      const [earnedMinor, netMinor] = [Number(earned), Number(net)];
      const sums: BacktestSums = {
        ...{ commissions: Number(commissions), earnedMinor, netMinor },
        takenBackMinor: earnedMinor - netMinor,
      };
      table.add({ partnerId, currency, month }, 'actual', sums);
    }
  }

  private async partnersOf(
    { workspaceId }: ReferralProgram,
    { partners: limit = PARTNERS_DEFAULT }: BacktestDto,
    table: SumTable,
    tx: EntityManager,
  ): Promise<Pick<BacktestView, 'partners' | 'partnersLeftOut'>> {
    const all = table
      .by(({ partnerId, currency }) => ({ partnerId, currency }))
      .sort((a, b) => changeOf(b) - changeOf(a) || (a.partnerId < b.partnerId ? -1 : 1));
    const told = all.slice(0, limit);
    const ids = new Set(told.map(({ partnerId }) => partnerId));
    const partners = await tx.getRepository(Partner).findBy({ workspaceId, id: In([...ids]) });
    const externalIds = new Map(partners.map(({ id, externalId }) => [id, externalId]));
    const months = table
      .by(({ partnerId, month, currency }) => ({ partnerId, month, currency }))
      .filter(({ partnerId }) => ids.has(partnerId));
    const view = (sums: (typeof told)[number]): BacktestPartnerView => ({
      ...{ ...sums, externalId: externalIds.get(sums.partnerId) ?? null },
      months: months
        .filter(({ partnerId, currency }) => partnerId === sums.partnerId && currency === sums.currency)
        .map(({ partnerId: _, ...month }) => month),
    });
    return { partners: told.map(view), partnersLeftOut: all.length - told.length };
  }
}

/** Until the end of the transaction, in whatever process another one is asked for. */
async function assertAlone(workspaceId: string, tx: EntityManager): Promise<void> {
  const [row] = await tx.query<[{ alone: boolean }]>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended('backtest/' || $1, 0)) AS alone`,
    [workspaceId],
  );
  if (row.alone) return;
  const says = 'another backtest of this workspace is under way; ask again when it has ended';
  throw new DomainError('conflict', 'backtest_under_way', says);
}

function proposedBy(dto: BacktestDto, now: ReferralProgramVersion): ProposedTerms {
  const terms = {
    rules: rulesOf(dto) ?? now.rules,
    caps: dto.caps?.map(capOf) ?? now.caps,
    timeZone: dto.timeZone ?? now.timeZone,
    policies: { ...now.policies, ...dto.policies },
  };
  assertMeant(terms, dto);
  return terms;
}

/** The calendar is asked once a month. */
function monthsOf(timeZone: string): (at: Date) => string {
  const periods = new PassingPeriods(timeZone);
  const texts = new WeakMap<Span, string>();
  return (at) => {
    const span = periods.of(at, 'month');
    const text = texts.get(span) ?? monthText(at, timeZone);
    texts.set(span, text);
    return text;
  };
}

const changeOf = ({ proposed, actual }: { proposed: BacktestSums; actual: BacktestSums }): number =>
  Math.abs(proposed.netMinor - actual.netMinor);

interface ActualRow {
  partner_id: string;
  currency: string;
  month: string;
  commissions: string;
  earned: string;
  net: string;
}

/** By the month of the sale, as the replay has it; what was taken back stands with its sale. Leads are no sales. */
const ACTUAL = `
  SELECT c.partner_id, c.currency, to_char(c.occurred_at AT TIME ZONE $3, 'YYYY-MM') AS month,
         count(*) AS commissions, sum(c.amount_minor) AS earned, sum(coalesce(money.net, 0)) AS net
    FROM tributary.commission c
    JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id AND s.source <> ALL($6)
    LEFT JOIN (SELECT commission_id, -sum(amount_minor) AS net FROM tributary.ledger_entry
                WHERE workspace_id = $1 AND program_id = $2 AND account = 'expense' AND commission_id IS NOT NULL
                GROUP BY commission_id) AS money ON money.commission_id = c.id
   WHERE c.workspace_id = $1 AND c.program_id = $2 AND c.status = 'posted' AND c.amount_minor > 0
     AND ($4::timestamptz IS NULL OR c.occurred_at >= $4) AND c.occurred_at < $5
   GROUP BY c.partner_id, c.currency, month`;
