import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { MS_PER_SECOND } from '../../common/clock.js';
import { PartnerStanding } from '../../partners/partner-standing.entity.js';
import type { Evidence } from '../attribution-rules.js';
import type { Attribution } from '../attribution.entity.js';
import { ProgramTerms } from '../program-terms.service.js';
import { inForceAt } from '../rules/dated.js';
import { mayBind, mayEarn, programStateAt, type ProgramState } from '../rules/program-lifecycle.js';
import type { ProgramPolicies } from '../rules/program-policies.js';
import type { SaleFacts } from '../sale-facts.repository.js';
import { EXEMPT_METADATA_KEY, EXEMPT_METADATA_VALUE } from './exemptions.repository.js';
import { ProgramStateChange } from './program-state.entity.js';

type Key = Pick<Attribution, 'programId' | 'partnerId'>;

export interface StandingThen {
  stateAt: (programId: string, at: Date) => ProgramState;
  isActiveAt: (partnerId: string, at: Date) => boolean;
}

/** Who may be bound and who may earn at an instant, by the states of programs and partners then. */
@Injectable()
export class Standings {
  constructor(private readonly terms: ProgramTerms) {}

  /** The evidence with what keeps it from binding, if anything does. */
  async judged(workspaceId: string, evidence: readonly Evidence[], tx: EntityManager): Promise<Evidence[]> {
    const { stateAt, isActiveAt } = await this.of(workspaceId, evidence, tx);
    return evidence.map((item) => {
      const { programId, partnerId, boundAt } = item;
      if (!mayBind(stateAt(programId, boundAt))) return { ...item, refusal: 'program_not_active' };
      return isActiveAt(partnerId, boundAt) ? item : { ...item, refusal: 'partner_not_active' };
    });
  }

  /** What keeps a partner from being bound to anybody by a program at `at`, if anything does. */
  async objectionTo(
    { workspaceId, programId, partnerId }: Key & { workspaceId: string },
    at: Date,
    manager: EntityManager,
  ): Promise<'program_not_active' | 'partner_not_active' | null> {
    const { stateAt, isActiveAt } = await this.of(workspaceId, [{ programId, partnerId }], manager);
    if (!mayBind(stateAt(programId, at))) return 'program_not_active';
    return isActiveAt(partnerId, at) ? null : 'partner_not_active';
  }

  /** Those of the bound who may earn from the sale; none when it belongs to what is exempt. */
  async earners(
    bound: readonly Attribution[],
    facts: SaleFacts,
    exempt: ReadonlySet<string>,
    tx: EntityManager,
  ): Promise<Attribution[]> {
    const { workspaceId, occurredAt } = facts;
    if (isExempt(facts, exempt)) return [];
    const standing = await this.of(workspaceId, bound, tx);
    const earners: Attribution[] = [];
    for (const attribution of bound) {
      const { policies } = await this.terms.termsAt(workspaceId, attribution.programId, occurredAt, tx);
      if (earnsAt(occurredAt, attribution, policies, standing)) earners.push(attribution);
    }
    return earners;
  }

  /** What the programs and partners were at any instant. */
  async of(workspaceId: string, keys: readonly Key[], tx: EntityManager): Promise<StandingThen> {
    const programIds = [...new Set(keys.map(({ programId }) => programId))];
    const partnerIds = [...new Set(keys.map(({ partnerId }) => partnerId))];
    const states = await tx.getRepository(ProgramStateChange).findBy({ workspaceId, programId: In(programIds) });
    const standings = await tx.getRepository(PartnerStanding).findBy({ workspaceId, partnerId: In(partnerIds) });
    return {
      stateAt: (programId: string, at: Date) =>
        programStateAt(
          states.filter((state) => state.programId === programId),
          at,
        ),
      isActiveAt: (partnerId: string, at: Date) =>
        inForceAt(
          standings.filter((standing) => standing.partnerId === partnerId),
          at,
        )?.active ?? true,
    };
  }
}

/** Whether the sale, or something that it belongs to, says that it is not to earn. Pure. */
export function isExempt({ figures, belongsTo }: SaleFacts, exempt: ReadonlySet<string>): boolean {
  return figures.metadata[EXEMPT_METADATA_KEY] === EXEMPT_METADATA_VALUE || belongsTo.some((id) => exempt.has(id));
}

/** Whether the bound one earns from a sale at that instant. Pure. */
export function earnsAt(
  occurredAt: Date,
  { programId, partnerId, boundAt }: Attribution,
  { earnAfterDeactivation }: Pick<ProgramPolicies, 'earnAfterDeactivation'>,
  { stateAt, isActiveAt }: StandingThen,
): boolean {
  if (!mayEarn(stateAt(programId, occurredAt)) || secondsOf(occurredAt) < secondsOf(boundAt)) return false;
  return earnAfterDeactivation || isActiveAt(partnerId, occurredAt);
}

/** Stripe's times have no smaller unit. */
const secondsOf = (instant: Date): number => Math.floor(instant.getTime() / MS_PER_SECOND);
