import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { CursorPosition } from '../../common/pagination.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import type { TermsOverride } from './terms-override.entity.js';

/** Terms with the name of their scope: a group's key, a partner's id, or a code as its owner writes it. */
export type NamedTerms = TermsOverride & { name: string };

@Injectable()
export class TermsInForceRepository {
  constructor(private readonly db: DataSource) {}

  /** All of a program's that hold at `at`, without ended ones, by scope and scope id. */
  async find(
    { workspaceId, id }: Pick<ReferralProgram, 'workspaceId' | 'id'>,
    at: Date,
    { after, limit }: { after?: CursorPosition; limit: number },
  ): Promise<NamedTerms[]> {
    return this.db.query<NamedTerms[]>(IN_FORCE, [workspaceId, id, at, after?.sort ?? '', after?.id ?? '', limit]);
  }
}

const IN_FORCE = `
  SELECT o.scope, o.scope_id AS "scopeId", o.version, o.effective_at AS "effectiveAt", o.rules, o.caps,
         o.hold_days AS "holdDays", o.created_at AS "createdAt", coalesce(c.code, o.scope_id) AS name
    FROM (SELECT DISTINCT ON (scope, scope_id) * FROM tributary.terms_override
           WHERE workspace_id = $1 AND program_id = $2 AND effective_at <= $3 AND (scope, scope_id) > ($4, $5)
           ORDER BY scope, scope_id, effective_at DESC, version DESC) AS o
    LEFT JOIN tributary.referral_code c ON o.scope = 'code' AND c.workspace_id = $1 AND c.id = o.scope_id
   WHERE o.rules IS NOT NULL OR o.caps IS NOT NULL OR o.hold_days IS NOT NULL
   ORDER BY o.scope, o.scope_id
   LIMIT $6`;
