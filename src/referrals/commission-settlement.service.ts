import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { LedgerService, type NewTransaction } from '../ledger/ledger.service.js';
import type { FirstSale } from './evidence.repository.js';
import { ExchangeFixings } from './exchange/exchange-fixings.repository.js';
import { afterEarning, commissionFor, dueAt, reversedTotalFor } from './rules/commission-rules.js';
import { CommissionHolds, type Judged } from './holds/commission-holds.service.js';
import { NOTHING_POSTED, postingsBetween, takingBack } from './holds/commission-postings.js';
import { leadSharesOf } from './rules/lead-rules.js';
import { isLeadKind } from './rules/reward-rule.js';
import { collectedOf, sharesOf } from './rules/rule-matching.js';
import type { SaleCount } from './sale-count.entity.js';
import { SaleCounts } from './sale-counts.repository.js';
import { countedBy, fits, hasChanged, offStripeIn, suspicionTerms, type Target } from './commission-target.js';
import { Commission } from './commission.entity.js';
import { PostedCommissions, type PostedTotals } from './posted-commissions.repository.js';
import type { Earner } from './standing/standings.repository.js';
import type { SaleFacts } from './sale-facts.repository.js';
import type { Sale } from './sale.entity.js';

/** What is to be posted for a target, and when a person rejected it. */
interface Brought {
  transactions: NewTransaction[];
  rejectedAt: Date | null;
}

const NOTHING_BROUGHT: Brought = { transactions: [], rejectedAt: null };

export interface SettledSale {
  /** The partners whose ledger changed. */
  partnerIds: string[];
  /** The sales after it that are counted with it, when what it counts has changed. */
  later: Sale[];
  /** Whether it is to be asked what of the sale was paid out of band. */
  awaitsCash: boolean;
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
    private readonly counts: SaleCounts,
    private readonly exchanges: ExchangeFixings,
    private readonly holds: CommissionHolds,
    private readonly clock: Clock,
  ) {}

  /** Needs the lock of the sale's person. `facts` is null when the sale is not (or no longer) paid. Safe to repeat. */
  async settle(
    sale: Sale,
    facts: SaleFacts | null,
    earners: readonly Earner[],
    firstSale: FirstSale | null,
    tx: EntityManager,
  ): Promise<SettledSale> {
    const earning = facts === null ? [] : earners;
    const counting = await this.counts.lock(
      [sale],
      earning.map(({ attribution }) => attribution),
      tx,
    );
    const targets: Target[] = [];
    for (const earner of earning)
      targets.push(...(await this.targetsOf(sale, facts as SaleFacts, earner, firstSale, tx)));
    const live = await this.posted.liveOf(sale, tx);
    const undecided = new Set(targets.filter((t) => t.awaitsCash).map((t) => t.attribution.programId));
    const awaitsCash = undecided.size > 0;
    // What was decided before stays until it can be decided again.
    if (live.some(({ commission, postings }) => postings > 0 && undecided.has(commission.programId)))
      return { partnerIds: [], later: [], awaitsCash };
    const transactions: NewTransaction[] = [];
    for (const commission of live.filter(
      ({ commission: held }) => !targets.some((target) => fits(held, target, facts)),
    )) {
      transactions.push(...(await this.supersede(commission, tx)));
    }
    const counted: SaleCount[] = [];
    for (const target of targets) {
      const held = live.find(({ commission }) => fits(commission, target, facts)) ?? null;
      const brought = await this.bring(held, target, sale, facts as SaleFacts, tx);
      transactions.push(...brought.transactions);
      counted.push(...countedBy(target, brought.rejectedAt, sale, facts as SaleFacts));
    }
    await this.ledger.post(transactions, tx);
    return {
      partnerIds: [...new Set(transactions.flatMap(({ entries }) => entries.map((entry) => entry.partnerId)))],
      later: await this.counts.write(sale, counted, counting, tx),
      awaitsCash,
    };
  }

  /** What each rule of one program takes of the sale and pays for it, as the terms of the sale's business time say. */
  private async targetsOf(
    sale: Sale,
    facts: SaleFacts,
    { attribution, terms: version }: Earner,
    firstSale: FirstSale | null,
    tx: EntityManager,
  ): Promise<Target[]> {
    const { workspaceId, programId, partnerId, customerId } = attribution;
    const { occurredAt, figures } = facts;
    const { currency } = version;
    const lead = isLeadKind(sale.source) ? sale.source : null;
    const exchange = lead === null ? await this.exchanges.of(facts, currency, tx) : null;
    const collected = collectedOf(figures, version.policies);
    const isFirstSale = firstSale?.source === sale.source && firstSale.sourceId === sale.sourceId;
    const counted = {
      workspaceId,
      programId,
      partnerId,
      customerId,
      occurredAt,
      saleId: sale.id,
      sourceId: sale.sourceId,
    };
    let caps = await this.counts.openCaps(counted, version.caps, version.timeZone, tx);
    const targets: Target[] = [];
    const moment = { occurredAt, boundAt: attribution.boundAt, isFirstSale };
    const shares =
      lead === null
        ? sharesOf(version.rules, figures, moment, version.policies)
        : leadSharesOf(version.rules, lead, figures);
    for (const share of shares) {
      const before = await this.counts.before(counted, share.rule, version.timeZone, tx);
      const commission = commissionFor(share, collected ?? { ...figures, cashMinor: 0 }, {
        before,
        caps,
        occurredAt,
        timeZone: version.timeZone,
        isFirstSale,
        exchange,
      });
      caps = caps.map((open) => afterEarning(open, commission.amountMinor));
      targets.push({
        ...{ attribution, version, programCurrency: currency, rule: share.rule.key, figures: commission },
        awaitsCash: collected === null,
      });
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
  ): Promise<Brought> {
    const { version } = target;
    const due = held?.commission.dueAt ?? dueAt(facts.occurredAt, version.holdDays);
    const { amountMinor, awaitsRate, explanation } = target.figures;
    const awaits = target.awaitsCash ? 'pending_cash' : awaitsRate ? 'pending_fx' : null;
    if (amountMinor === 0 && awaits === null && (held === null || held.commission.status === 'pending_cash')) {
      if (held !== null) await this.posted.forget(held.commission, tx);
      return NOTHING_BROUGHT;
    }
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
      rule: target.rule,
      // Without an exchange rate nothing is posted; an amount in another currency is never taken as if it were this one.
      status: awaits ?? 'posted',
      currency,
      amountMinor,
      occurredAt: facts.occurredAt,
      dueAt: due,
      explanation: {
        ...explanation,
        ...offStripeIn(facts, explanation.cashMinor),
        eventId: facts.eventId,
        dueAt: due.toISOString(),
        programVersion: version.version,
        ...(Object.keys(version.sources).length > 0 && { terms: version.sources }),
      },
      holds: [],
      createdAt: held?.commission.createdAt ?? this.clock.now(),
    };
    const judged = target.awaitsCash
      ? null
      : await this.holds.judge(commission, held === null, facts, suspicionTerms(version, facts), tx);
    commission.holds = judged?.reasons ?? [];
    if (held === null) await tx.getRepository(Commission).insert(commission);
    else if (hasChanged(held.commission, commission)) await this.posted.rewrite(commission, tx);
    if (awaits !== null || judged === null) return NOTHING_BROUGHT;
    const transactions = await this.differences(commission, held, facts, judged, tx);
    return { transactions, rejectedAt: judged.rejection?.decidedAt ?? null };
  }

  /** What the facts and the people say of it, less what is posted already. */
  private async differences(
    commission: Commission,
    held: PostedTotals | null,
    facts: SaleFacts,
    judged: Judged,
    tx: EntityManager,
  ): Promise<NewTransaction[]> {
    const { amountMinor, occurredAt, explanation } = commission;
    const { cashMinor } = explanation;
    const { outMinor, lastAt, moves } = facts.out;
    const reversedMinor = reversedTotalFor(amountMinor, cashMinor, outMinor);
    const rejectedMinor = judged.rejection === null ? 0 : amountMinor - reversedMinor;
    const netMinor = amountMinor - reversedMinor - rejectedMinor;
    const heldMinor = await this.holds.heldOf(commission, netMinor, tx);
    const sale = { source: facts.source, sourceId: facts.sourceId, eventId: facts.eventId };
    const wanted = { earnedMinor: amountMinor, reversedMinor, rejectedMinor, heldMinor };
    return postingsBetween(commission, held?.posted ?? NOTHING_POSTED, wanted, held?.postings ?? 0, {
      earnedAt: occurredAt,
      earning: { sale, cashMinor },
      reversedAt: lastAt ?? occurredAt,
      reversal: { sale, cashMinor, outMinor, sources: moves },
      ...judged.causes,
    });
  }

  private async supersede(
    { commission, posted, postings }: PostedTotals,
    tx: EntityManager,
  ): Promise<NewTransaction[]> {
    await this.posted.markSuperseded(commission, tx);
    return takingBack(commission, posted, postings, this.clock.now(), { reason: 'superseded' });
  }
}
