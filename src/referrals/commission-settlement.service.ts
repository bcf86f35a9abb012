import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { LedgerService, type NewEntry, type NewTransaction } from '../ledger/ledger.service.js';
import { Attribution } from './attribution.entity.js';
import type { FirstSale } from './evidence.repository.js';
import { commissionFor, dueAt, reversedTotalFor } from './commission-rules.js';
import { Commission } from './commission.entity.js';
import { PostedCommissions, type PostedTotals } from './posted-commissions.repository.js';
import { ProgramTerms } from './program-terms.service.js';
import { ReferralProgram } from './referral-program.entity.js';
import type { ReferralProgramVersion } from './referral-program-version.entity.js';
import type { SaleFacts } from './sale-facts.repository.js';
import type { Sale } from './sale.entity.js';

/** The one rule of a program for now; part of what makes an earning unique. */
const REWARD_RULE = 'reward';

interface Target {
  attribution: Attribution;
  version: ReferralProgramVersion;
  programCurrency: string | null;
}

/**
 * Holds the ledger against what the mirror says of a sale, and posts the difference. It never asks why it was called: the
 * sum of its postings depends on the facts alone.
 */
@Injectable()
export class CommissionSettlement {
  constructor(
    private readonly ledger: LedgerService,
    private readonly posted: PostedCommissions,
    private readonly terms: ProgramTerms,
    private readonly clock: Clock,
  ) {}

  /**
   * Needs the lock of the sale's person. `facts` is null when the sale is not (or no longer) paid. Answers the partners whose
   * ledger changed. Safe to repeat.
   */
  async settle(
    sale: Sale,
    facts: SaleFacts | null,
    attributions: readonly Attribution[],
    firstSale: FirstSale | null,
    tx: EntityManager,
  ): Promise<string[]> {
    const targets = facts === null ? [] : await this.targetsOf(facts, sale, attributions, firstSale, tx);
    const live = await this.posted.liveOf(sale, tx);
    const transactions: NewTransaction[] = [];
    for (const commission of live.filter(({ commission: held }) => !targets.some((target) => fits(held, target)))) {
      transactions.push(...(await this.supersede(commission, tx)));
    }
    for (const target of targets) {
      const held = live.find(({ commission }) => fits(commission, target)) ?? null;
      transactions.push(...(await this.bring(held, target, sale, facts as SaleFacts, tx)));
    }
    await this.ledger.post(transactions, tx);
    return [...new Set(transactions.flatMap(({ entries }) => entries.map((entry) => entry.partnerId)))];
  }

  private async targetsOf(
    facts: SaleFacts,
    sale: Sale,
    attributions: readonly Attribution[],
    firstSale: FirstSale | null,
    tx: EntityManager,
  ): Promise<Target[]> {
    const targets: Target[] = [];
    for (const attribution of attributions) {
      const { workspaceId, programId } = attribution;
      const version = await this.terms.termsAt(workspaceId, programId, facts.occurredAt, tx);
      const program = await tx.getRepository(ReferralProgram).findOneByOrFail({ workspaceId, id: programId });
      // A flat reward is for the conversion: the customer's first sale, whichever turns out to be the first.
      const isFirst = firstSale?.source === sale.source && firstSale.sourceId === sale.sourceId;
      if (version.reward.type === 'one_time' && !isFirst) continue;
      targets.push({ attribution, version, programCurrency: program.currency });
    }
    return targets;
  }

  /** What is to be posted so that the commission of one target is as the facts say; makes its row when there is none. */
  private async bring(
    held: PostedTotals | null,
    target: Target,
    sale: Sale,
    facts: SaleFacts,
    tx: EntityManager,
  ): Promise<NewTransaction[]> {
    const { version } = target;
    const due = held?.commission.dueAt ?? dueAt(facts.occurredAt, version.holdDays);
    const { amountMinor, explanation } = commissionFor(facts.figures, version.reward);
    if (held === null && amountMinor === 0) return [];
    const currency = target.programCurrency ?? facts.figures.currency;
    const commission: Commission = {
      workspaceId: sale.workspaceId,
      id: held?.commission.id ?? newId('commission'),
      programId: target.attribution.programId,
      programVersion: version.version,
      partnerId: target.attribution.partnerId,
      customerId: sale.customerId,
      saleId: sale.id,
      codeId: target.attribution.codeId,
      rule: REWARD_RULE,
      // Without an exchange rate nothing is posted; an amount in another currency is never taken as if it were this one.
      status: currency === facts.figures.currency ? 'posted' : 'pending_fx',
      currency,
      amountMinor,
      occurredAt: facts.occurredAt,
      dueAt: due,
      explanation: {
        ...explanation,
        eventId: facts.eventId,
        dueAt: due.toISOString(),
        programVersion: version.version,
      },
      createdAt: held?.commission.createdAt ?? this.clock.now(),
    };
    if (held === null) await tx.getRepository(Commission).insert(commission);
    else if (held.commission.amountMinor !== amountMinor) await this.posted.rewrite(commission, tx);
    return commission.status === 'pending_fx' ? [] : differences(commission, held, facts);
  }

  private async supersede(
    { commission, netMinor, postings }: PostedTotals,
    tx: EntityManager,
  ): Promise<NewTransaction[]> {
    await this.posted.markSuperseded(commission, tx);
    if (netMinor === 0) return [];
    const fact = {
      kind: 'adjustment' as const,
      factKey: `adjustment:${commission.id}:${postings + 1}`,
      occurredAt: this.clock.now(),
    };
    return [posting(commission, fact, -netMinor, commission.dueAt, { reason: 'superseded' })];
  }
}

function fits(commission: Commission, { attribution }: Target): boolean {
  return commission.programId === attribution.programId && commission.partnerId === attribution.partnerId;
}

/** Earning or its correction, then what is taken back or given again: each the difference to what was posted before. */
function differences(commission: Commission, held: PostedTotals | null, facts: SaleFacts): NewTransaction[] {
  const { id, amountMinor, dueAt: due } = commission;
  const earnedMinor = held?.earnedMinor ?? 0;
  let postings = held?.postings ?? 0;
  const transactions: NewTransaction[] = [];
  const sale = { source: facts.source, sourceId: facts.sourceId, eventId: facts.eventId };
  if (earnedMinor !== amountMinor) {
    postings += 1;
    const fact =
      held === null
        ? { kind: 'earning' as const, factKey: `earning:${id}`, occurredAt: facts.occurredAt }
        : { kind: 'adjustment' as const, factKey: `adjustment:${id}:${postings}`, occurredAt: facts.occurredAt };
    transactions.push(
      posting(commission, fact, amountMinor - earnedMinor, due, { sale, cashMinor: facts.figures.cashMinor }),
    );
  }
  const reversedMinor = reversedTotalFor(amountMinor, facts.figures.cashMinor, facts.out.outMinor);
  const changeMinor = reversedMinor - (held?.reversedMinor ?? 0);
  if (changeMinor !== 0) {
    postings += 1;
    const kind = changeMinor > 0 ? ('reversal' as const) : ('reinstatement' as const);
    const occurredAt = facts.out.lastAt ?? facts.occurredAt;
    const laterOfBoth = new Date(Math.max(due.getTime(), occurredAt.getTime()));
    const cause = {
      sale,
      cashMinor: facts.figures.cashMinor,
      outMinor: facts.out.outMinor,
      sources: facts.out.sources,
    };
    transactions.push(
      posting(commission, { kind, factKey: `${kind}:${id}:${postings}`, occurredAt }, -changeMinor, laterOfBoth, cause),
    );
  }
  return transactions;
}

function posting(
  commission: Commission,
  fact: Pick<NewTransaction, 'kind' | 'factKey' | 'occurredAt'>,
  amountMinor: number,
  due: Date,
  cause: Record<string, unknown>,
): NewTransaction {
  const { workspaceId, id, partnerId, programId, currency } = commission;
  const common = { partnerId, programId, commissionId: id, currency };
  const entries: NewEntry[] = [
    { ...common, account: 'earned', amountMinor, dueAt: due, payable: true },
    { ...common, account: 'expense', amountMinor: -amountMinor },
  ];
  return { workspaceId, ...fact, commissionId: id, cause, entries };
}
