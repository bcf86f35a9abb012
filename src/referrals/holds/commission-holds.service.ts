import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { Reservations } from '../../ledger/reservations.service.js';
import type { Commission } from '../commission.entity.js';
import type { SuspicionTerms } from '../suspicion/suspicion-rules.js';
import { Suspicions } from '../suspicion/suspicions.service.js';
import type { SaleFacts } from '../sale-facts.repository.js';
import { CommissionDecision } from './commission-decision.entity.js';
import type { PostingCauses } from './commission-postings.js';
import { openReasons, type HoldReason } from './hold-reasons.js';

/** What holds a commission now, and whether a person refused it. */
export interface Judged {
  reasons: HoldReason[];
  rejection: CommissionDecision | null;
  causes: Pick<PostingCauses, 'heldAt' | 'hold' | 'rejectedAt' | 'rejection'>;
}

/** Says of a commission what holds it, from the facts and from what people decided. */
@Injectable()
export class CommissionHolds {
  constructor(
    private readonly reservations: Reservations,
    private readonly suspicions: Suspicions,
    private readonly clock: Clock,
  ) {}

  /** `isNew` says that the commission has no row yet, so that nothing can be known of it. */
  async judge(
    commission: Commission,
    isNew: boolean,
    facts: SaleFacts,
    terms: SuspicionTerms,
    tx: EntityManager,
  ): Promise<Judged> {
    const decisions = await this.decisionsOf(commission, tx);
    const suspicions = await this.suspicions.judge(commission, isNew, terms, tx);
    const reasons = openReasons([...facts.complaints, ...suspicions], decisions);
    const last = decisions.at(-1) ?? null;
    const { decision, id: decisionId, reason } = last ?? { decision: null, id: null, reason: null };
    const judgement = last === null ? {} : { decision, decisionId, reason };
    const since = reasons.map((open) => new Date(open.since).getTime());
    return {
      reasons,
      rejection: decision === 'rejected' ? last : null,
      causes: {
        heldAt: since.length > 0 ? new Date(Math.max(...since)) : this.clock.now(),
        hold: { reasons, ...judgement },
        rejectedAt: last?.decidedAt ?? this.clock.now(),
        rejection: judgement,
      },
    };
  }

  /**
   * How much of what is left of the commission waits in `held`: all of it while something holds it, but for what is in a
   * payout that was approved.
   */
  async heldOf(commission: Commission, netMinor: number, tx: EntityManager): Promise<number> {
    if (commission.holds.length === 0 || netMinor === 0) return 0;
    const frozenMinor = await this.reservations.frozenOf(commission.workspaceId, commission.id, tx);
    return Math.min(netMinor, Math.max(0, netMinor - frozenMinor));
  }

  /** Oldest first. */
  decisionsOf(
    { workspaceId, saleId, programId, partnerId, rule }: Commission,
    tx: EntityManager,
  ): Promise<CommissionDecision[]> {
    return tx.getRepository(CommissionDecision).find({
      where: { workspaceId, saleId, programId, partnerId, rule },
      order: { decidedAt: 'ASC', id: 'ASC' },
    });
  }
}
