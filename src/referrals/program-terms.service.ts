import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ReferralProgramVersion } from './referral-program-version.entity.js';

/** Which terms of a program hold when. */
@Injectable()
export class ProgramTerms {
  /**
   * The version in force at `at`: the last one that took effect up to then, itself included, and the first for everything
   * before it. Of several from the same instant the highest. The program must exist.
   */
  async termsAt(workspaceId: string, programId: string, at: Date, tx: EntityManager): Promise<ReferralProgramVersion> {
    return tx
      .getRepository(ReferralProgramVersion)
      .createQueryBuilder('v')
      .where('v.workspace_id = :workspaceId AND v.program_id = :programId', { workspaceId, programId })
      .andWhere('(v.effective_at <= :at OR v.version = 1)', { at })
      .orderBy('v.version', 'DESC')
      .limit(1)
      .getOneOrFail();
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
