import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MS_PER_SECOND } from '../../common/clock.js';
import type { Evidence } from '../attribution-rules.js';
import type { Attribution } from '../attribution.entity.js';
import { ProgramTerms, type TermsInForce } from '../program-terms.service.js';
import { inForceAt } from '../rules/dated.js';
import { mayBind, mayEarn, programStateAt, type ProgramState } from '../rules/program-lifecycle.js';
import type { ProgramPolicies } from '../rules/program-policies.js';
import type { SaleFacts } from '../sale-facts.repository.js';
import { EXEMPT_METADATA_KEY, EXEMPT_METADATA_VALUE } from './exemptions.repository.js';

type Key = Pick<Attribution, 'programId' | 'partnerId'>;

/** Who earns from a sale, and by what terms. */
export interface Earner {
  attribution: Attribution;
  terms: TermsInForce;
}

export interface StandingThen {
  stateAt: (programId: string, at: Date) => ProgramState;
  isActiveAt: (partnerId: string, at: Date) => boolean;
}

/** Who may be bound and who may earn at an instant, by the states of programs and partners then. */
@Injectable()
export class Standings {
  constructor(private readonly terms: ProgramTerms) {}

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

  /** Those of the bound who may earn from the sale, and by what terms; none when it belongs to what is exempt. */
  async earners(
    bound: readonly Attribution[],
    facts: SaleFacts,
    { exempt, standing }: { exempt: ReadonlySet<string>; standing: StandingThen },
    tx: EntityManager,
  ): Promise<Earner[]> {
    const { occurredAt } = facts;
    if (isExempt(facts, exempt)) return [];
    const earners: Earner[] = [];
    for (const attribution of bound) {
      const terms = await this.terms.termsFor(attribution, occurredAt, tx);
      if (earnsAt(occurredAt, attribution, terms.policies, standing)) earners.push({ attribution, terms });
    }
    return earners;
  }

  /** What the programs and partners were at any instant. */
  async of(workspaceId: string, keys: readonly Key[], tx: EntityManager): Promise<StandingThen> {
    const programIds = [...new Set(keys.map(({ programId }) => programId))];
    const partnerIds = [...new Set(keys.map(({ partnerId }) => partnerId))];
    const rows = await tx.query<StandingRow[]>(STANDINGS, [workspaceId, programIds, partnerIds]);
    const states = rows.flatMap(({ state, ...dated }) =>
      state === null ? [] : { ...dated, programId: dated.id, state },
    );
    const standings = rows.flatMap(({ active, ...dated }) =>
      active === null ? [] : { ...dated, partnerId: dated.id, active },
    );
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

/** The evidence with what keeps it from binding, if anything does. Pure. */
export function judgedBy({ stateAt, isActiveAt }: StandingThen, evidence: readonly Evidence[]): Evidence[] {
  return evidence.map((item) => {
    const { programId, partnerId, boundAt, refusal } = item;
    if (refusal !== undefined) return item;
    if (!mayBind(stateAt(programId, boundAt))) return { ...item, refusal: 'program_not_active' };
    return isActiveAt(partnerId, boundAt) ? item : { ...item, refusal: 'partner_not_active' };
  });
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

/** A change of a program's state, or of a partner's standing. */
interface StandingRow {
  id: string;
  seq: number;
  effectiveAt: Date;
  state: ProgramState | null;
  active: boolean | null;
}

const STANDINGS = `
  SELECT program_id AS id, seq, effective_at AS "effectiveAt", state, NULL::boolean AS active
    FROM tributary.referral_program_state WHERE workspace_id = $1 AND program_id = ANY($2)
   UNION ALL
  SELECT partner_id, seq, effective_at, NULL, active
    FROM tributary.partner_standing WHERE workspace_id = $1 AND partner_id = ANY($3)`;
