import { Injectable } from '@nestjs/common';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { Attribution } from './attribution.entity.js';
import { ReferralProgramVersion } from './referral-program-version.entity.js';
import { decidingTerms, type ScopeTerms, type TermsSources } from './terms/terms-precedence.js';

/** A version of a program, with what it says of one partner and code in the places of what it says of everyone. */
export interface TermsInForce extends ReferralProgramVersion {
  sources: TermsSources;
  /** Of the program; null: each sale's own. */
  currency: string | null;
}

/** Which terms of a program hold when. */
@Injectable()
export class ProgramTerms {
  /**
   * The version in force at `at`: the last one that took effect up to then, itself included, and the first for everything
   * before it. Of several from the same instant the highest. The program must exist.
   */
  async termsAt(workspaceId: string, programId: string, at: Date, tx: EntityManager): Promise<ReferralProgramVersion> {
    return versionAt(workspaceId, programId, at, tx).getOneOrFail();
  }

  /**
   * The same for the customers of one partner who came by one code: what is said of the code goes before what is said of the
   * partner, and that before what is said of the group that the partner is in at `at`. One query, since every settling asks.
   */
  async termsFor(
    { workspaceId, programId, partnerId, codeId }: Omit<Attribution, 'customerId' | 'boundAt' | 'evidence'>,
    at: Date,
    tx: EntityManager,
  ): Promise<TermsInForce> {
    const { entities, raw } = await versionAt(workspaceId, programId, at, tx)
      .addSelect(OVERRIDES, 'overrides')
      .addSelect(
        `(SELECT p.currency FROM tributary.referral_program p WHERE p.workspace_id = :workspaceId AND p.id = :programId)`,
        'currency',
      )
      .setParameters({ partnerId, codeId })
      .getRawAndEntities<{ overrides: ScopeTerms[] | null; currency: string | null }>();
    const [version] = entities;
    if (version === undefined) throw new Error(`program ${programId} has no terms`);
    const [row] = raw;
    return { ...version, ...decidingTerms(version, row?.overrides ?? []), currency: row?.currency ?? null };
  }

  /** The latest version of each of the programs, by program id. */
  async latestOf(
    workspaceId: string,
    programIds: readonly string[],
    tx: EntityManager,
  ): Promise<Map<string, ReferralProgramVersion>> {
    const versions = await tx
      .getRepository(ReferralProgramVersion)
      .createQueryBuilder('v')
      .distinctOn(['v.program_id'])
      .where('v.workspace_id = :workspaceId AND v.program_id = ANY(:programIds)', { workspaceId, programIds })
      .orderBy('v.program_id')
      .addOrderBy('v.version', 'DESC')
      .getMany();
    return new Map(versions.map((version) => [version.programId, version]));
  }
}

function versionAt(
  workspaceId: string,
  programId: string,
  at: Date,
  tx: EntityManager,
): SelectQueryBuilder<ReferralProgramVersion> {
  return tx
    .getRepository(ReferralProgramVersion)
    .createQueryBuilder('v')
    .where('v.workspace_id = :workspaceId AND v.program_id = :programId', { workspaceId, programId })
    .andWhere('(v.effective_at <= :at OR v.version = 1)', { at })
    .orderBy('v.version', 'DESC')
    .limit(1);
}

// The last that took effect, of each scope; an ended one is among them and says nothing.
const OVERRIDES = `(
  SELECT jsonb_agg(latest) FROM (
    SELECT DISTINCT ON (o.scope) o.scope, o.scope_id AS "scopeId", o.version, o.rules, o.caps, o.hold_days AS "holdDays"
      FROM tributary.terms_override o
     WHERE o.workspace_id = :workspaceId AND o.program_id = :programId AND o.effective_at <= :at
       AND (o.scope, o.scope_id) IN (
             ('code', :codeId), ('partner', :partnerId),
             ('group', (SELECT m.group_key FROM tributary.partner_group_member m
                         WHERE m.workspace_id = :workspaceId AND m.partner_id = :partnerId AND m.effective_at <= :at
                         ORDER BY m.effective_at DESC, m.seq DESC LIMIT 1)))
     ORDER BY o.scope, o.effective_at DESC, o.version DESC) AS latest)`;
