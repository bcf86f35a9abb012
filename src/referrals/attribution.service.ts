import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { canonicalJson } from '../common/canonical-json.js';
import { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { AttributionByHand } from './attribution/attribution-by-hand.entity.js';
import { decideAttribution, type AttributionDecision, type Evidence } from './attribution-rules.js';
import { Attribution } from './attribution.entity.js';
import { CodeUses } from './codes/code-uses.repository.js';
import { EvidenceRepository, type FirstSale } from './evidence.repository.js';
import { ProgramTerms } from './program-terms.service.js';
import { Exemptions } from './standing/exemptions.repository.js';
import { judgedBy, Standings, type StandingThen } from './standing/standings.repository.js';
import { ReferralTracking } from './referral-tracking.entity.js';

export interface AttributionState {
  customerId: string;
  /** All that ties the person to codes, with what keeps any of it from binding. */
  evidence: Evidence[];
  /** By evidence. */
  attributions: Attribution[];
  byHand: AttributionByHand[];
  firstSale: FirstSale | null;
  /** The person's Stripe objects whose sales earn nothing. */
  exempt: ReadonlySet<string>;
  /** Of all programs and partners that the evidence or a binding by hand names. */
  standing: StandingThen;
  /** Whether a binding was made, lost or given to another partner just now, or something became exempt. */
  changed: boolean;
}

interface Weighed extends Pick<AttributionState, 'evidence' | 'firstSale' | 'standing'> {
  /** By program. */
  decisions: Map<string, AttributionDecision>;
}

/** Binds persons to partners. Decided anew from all evidence each time, so that what arrives late counts as if it had been in time. */
@Injectable()
export class AttributionService {
  constructor(
    private readonly evidence: EvidenceRepository,
    private readonly terms: ProgramTerms,
    private readonly standings: Standings,
    private readonly exemptions: Exemptions,
    private readonly uses: CodeUses,
    private readonly clock: Clock,
  ) {}

  /** Needs the person's lock. Writes the bindings and the trackings that they rest on. Safe to repeat. */
  async decide(workspaceId: string, customerId: string, tx: EntityManager): Promise<AttributionState> {
    const held = await tx.getRepository(Attribution).findBy({ workspaceId, customerId });
    const byHand = await tx.getRepository(AttributionByHand).findBy({ workspaceId, customerId });
    const { decisions, evidence, firstSale, standing } = await this.weighAll(workspaceId, customerId, byHand, tx);
    const programIds = new Set([...decisions.keys(), ...held.map((item) => item.programId)]);
    const { exempt, changed: exemptionsChanged } = await this.exemptions.note(workspaceId, customerId, tx);
    const attributions: Attribution[] = [];
    let changed = exemptionsChanged;
    for (const programId of [...programIds].sort()) {
      const key = { workspaceId, programId, customerId };
      const before = held.find((item) => item.programId === programId) ?? null;
      const after = await this.accepted(key, before, decisions.get(programId), evidence, firstSale, tx);
      changed ||= before?.partnerId !== after?.partnerId || before?.codeId !== after?.codeId;
      if (after !== null) attributions.push(after);
      await this.write(before, after, tx);
      if (after !== null) await this.noteTracking(after, firstSale, tx);
    }
    return { customerId, evidence, attributions, byHand, firstSale, exempt, standing, changed };
  }

  /** What the evidence says in each program that any of it is of, as it would be settled now. Writes nothing. */
  weigh(workspaceId: string, customerId: string, tx: EntityManager): Promise<Weighed> {
    return this.weighAll(workspaceId, customerId, [], tx, true);
  }

  private async weighAll(
    workspaceId: string,
    customerId: string,
    byHand: readonly AttributionByHand[],
    tx: EntityManager,
    refusesExhausted = false,
  ): Promise<Weighed> {
    const found = await this.evidence.ofPerson(workspaceId, customerId, tx);
    const standing = await this.standings.of(workspaceId, [...found, ...byHand], tx);
    const evidence = judgedBy(
      standing,
      found.map(({ isExhausted, ...item }) =>
        refusesExhausted && isExhausted ? { refusal: 'code_exhausted', ...item } : item,
      ),
    );
    const firstSale = await this.evidence.firstSaleOf(workspaceId, customerId, tx);
    const decisions = new Map<string, AttributionDecision>();
    for (const programId of new Set(evidence.map((item) => item.programId))) {
      const own = evidence.filter((item) => item.programId === programId);
      decisions.set(programId, await this.decideProgram({ workspaceId, programId, customerId }, own, firstSale, tx));
    }
    return { decisions, evidence, firstSale, standing };
  }

  private async decideProgram(
    key: Pick<Attribution, 'workspaceId' | 'programId' | 'customerId'>,
    evidence: readonly Evidence[],
    firstSale: FirstSale | null,
    tx: EntityManager,
  ): Promise<AttributionDecision> {
    const { workspaceId, programId } = key;
    const until = firstSale?.occurredAt ?? null;
    const terms = await this.terms.termsAt(workspaceId, programId, until ?? this.clock.now(), tx);
    const decision = decideAttribution(evidence, terms, until);
    if (decision.winner !== null || until === null) return decision;
    return (await this.decideForCustomer(key, evidence, tx)) ?? decision;
  }

  /**
   * Who binds a person that had bought before, where the program takes such: decided up to the first sale that comes after
   * the first good evidence. Null where it does not, or nothing is good.
   */
  private async decideForCustomer(
    { workspaceId, programId, customerId }: Pick<Attribution, 'workspaceId' | 'programId' | 'customerId'>,
    evidence: readonly Evidence[],
    tx: EntityManager,
  ): Promise<AttributionDecision | null> {
    for (const item of [...evidence].sort((a, b) => a.boundAt.getTime() - b.boundAt.getTime())) {
      const terms = await this.terms.termsAt(workspaceId, programId, item.boundAt, tx);
      if (terms.policies.newCustomersOnly || decideAttribution([item], terms, null).winner === null) continue;
      const next = await this.evidence.firstSaleOf(workspaceId, customerId, tx, item.boundAt);
      return decideAttribution(evidence, terms, next?.occurredAt ?? null);
    }
    return null;
  }

  /**
   * The binding that the evidence comes to. A customer who comes by a code for the first time takes one of its uses; where none
   * is left that is written down, and the other evidence decides.
   */
  private async accepted(
    key: Pick<Attribution, 'workspaceId' | 'programId' | 'customerId'>,
    before: Attribution | null,
    decision: AttributionDecision | undefined,
    evidence: Evidence[],
    firstSale: FirstSale | null,
    tx: EntityManager,
  ): Promise<Attribution | null> {
    const after = attributionBy(key, decision);
    if (after === null || before?.codeId === after.codeId) return after;
    const { workspaceId, customerId, codeId } = after;
    const isUsed = await tx.getRepository(ReferralTracking).existsBy({ workspaceId, customerId, codeId });
    if (isUsed || (await this.uses.take({ workspaceId, id: codeId }, tx))) return after;
    await this.uses.refuse(workspaceId, codeId, customerId, tx);
    for (const item of evidence) if (item.codeId === codeId) item.refusal = 'code_exhausted';
    const own = evidence.filter(({ programId }) => programId === key.programId);
    const next = await this.decideProgram(key, own, firstSale, tx);
    return this.accepted(key, before, next, evidence, firstSale, tx);
  }

  private async write(before: Attribution | null, after: Attribution | null, tx: EntityManager): Promise<void> {
    const repository = tx.getRepository(Attribution);
    if (after === null) {
      if (before !== null) await repository.delete(keyOf(before));
      return;
    }
    const isSame = before !== null && canonicalJson(before.evidence) === canonicalJson(after.evidence);
    if (!isSame) await repository.upsert({ ...after }, ['workspaceId', 'programId', 'customerId']);
  }

  /** The tracking of the winning code: the click or sign-up it came from, or a new row where a code was used without either. */
  private async noteTracking(bound: Attribution, firstSale: FirstSale | null, tx: EntityManager): Promise<void> {
    const { workspaceId, customerId, codeId, programId, partnerId } = bound;
    const trackings = tx.getRepository(ReferralTracking);
    const own = await trackings.findBy({ workspaceId, customerId, codeId });
    const convertedAt = firstSale?.occurredAt ?? null;
    if (own.length > 0) {
      const stale = own.filter((tracking) => tracking.convertedAt?.getTime() !== convertedAt?.getTime());
      for (const { id } of stale) await trackings.update({ workspaceId, id }, { convertedAt });
      return;
    }
    const click = await this.unclaimedClick(bound, tx);
    if (click !== null) {
      await trackings.update({ workspaceId, id: click }, { customerId, convertedAt });
      return;
    }
    await trackings.insert({
      workspaceId,
      id: newId('referral'),
      programId,
      partnerId,
      codeId,
      customerId,
      signedUpAt: bound.boundAt,
      convertedAt,
      createdAt: this.clock.now(),
    });
  }

  /** The click that the winning checkout named, if nobody has it yet. */
  private async unclaimedClick(
    { workspaceId, evidence, codeId }: Attribution,
    tx: EntityManager,
  ): Promise<string | null> {
    const source = evidence.find((item) => item.verdict === 'bound')?.source ?? '';
    const [row] = (await tx.query(
      `SELECT t.id FROM tributary.referral_tracking t
         JOIN stripe.checkout_sessions s ON s.workspace_id = t.workspace_id AND s.client_reference_id = t.id
        WHERE t.workspace_id = $1 AND s.id = $2 AND t.code_id = $3 AND t.customer_id IS NULL`,
      [workspaceId, source, codeId],
    )) as Array<{ id: string }>;
    return row?.id ?? null;
  }
}

function attributionBy(
  key: Pick<Attribution, 'workspaceId' | 'programId' | 'customerId'>,
  decision: AttributionDecision | undefined,
): Attribution | null {
  if (decision === undefined || decision.winner === null) return null;
  const { partnerId, codeId, boundAt } = decision.winner;
  return { ...key, partnerId, codeId, boundAt, evidence: decision.considered };
}

function keyOf({
  workspaceId,
  programId,
  customerId,
}: Attribution): Pick<Attribution, 'workspaceId' | 'programId' | 'customerId'> {
  return { workspaceId, programId, customerId };
}
