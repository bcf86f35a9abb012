import { Injectable } from '@nestjs/common';
import { LessThanOrEqual, type EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import type { Commission } from '../commission.entity.js';
import type { HoldReason } from '../holds/hold-reasons.js';
import { PartnerAllowance } from './partner-allowance.entity.js';
import { SuspicionFactsRepository } from './suspicion-facts.repository.js';
import { suspicionsOf, type SuspicionTerms } from './suspicion-rules.js';
import { SuspicionFound } from './suspicion.entity.js';

/** Looks at what was sold, and writes down what it finds. */
@Injectable()
export class Suspicions {
  constructor(
    private readonly facts: SuspicionFactsRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * What holds the commission by suspicion. Looks again at every settling, for evidence may come late: what is new is added,
   * and what was found stays. Needs the lock of the sale's person.
   */
  async judge(commission: Commission, isNew: boolean, terms: SuspicionTerms, tx: EntityManager): Promise<HoldReason[]> {
    const { workspaceId, id: commissionId } = commission;
    const known = isNew ? [] : await tx.getRepository(SuspicionFound).findBy({ workspaceId, commissionId });
    const added = terms.mode === 'off' ? [] : await this.look(commission, terms, known, tx);
    if (added.length > 0) await tx.getRepository(SuspicionFound).insert(added);
    return [...known, ...added]
      .filter(({ holds }) => holds)
      .sort((a, b) => (a.rule < b.rule ? -1 : 1))
      .map(({ rule, evidence, foundAt }) => ({
        kind: 'suspicion',
        id: rule,
        since: foundAt.toISOString(),
        evidence,
      }));
  }

  private async look(
    commission: Commission,
    terms: SuspicionTerms,
    known: readonly SuspicionFound[],
    tx: EntityManager,
  ): Promise<SuspicionFound[]> {
    const { workspaceId, id: commissionId } = commission;
    const found = suspicionsOf(await this.facts.of(commission, terms, tx), terms);
    const fresh = found.filter(({ check }) => !known.some(({ rule }) => rule === check));
    if (fresh.length === 0) return [];
    const allowed = await this.allowedAt(commission, tx);
    const foundAt = this.clock.now();
    return fresh
      .filter(({ check }) => !allowed.includes(check))
      .map(({ check, evidence }) => ({
        ...{ workspaceId, commissionId, rule: check, evidence, foundAt },
        holds: terms.mode === 'hold',
      }));
  }

  /** A sale is judged by what was allowed at its time. */
  private async allowedAt(
    { workspaceId, partnerId, occurredAt }: Commission,
    tx: EntityManager,
  ): Promise<PartnerAllowance['checks']> {
    const allowance = await tx.getRepository(PartnerAllowance).findOne({
      where: { workspaceId, partnerId, effectiveAt: LessThanOrEqual(occurredAt) },
      order: { effectiveAt: 'DESC', id: 'DESC' },
    });
    return allowance?.checks ?? [];
  }
}
