import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PartnerGroupMember } from './partner-group-member.entity.js';

export interface MemberSince {
  partnerId: string;
  since: Date;
}

/** Who is in which group at an instant. */
@Injectable()
export class GroupMembers {
  /** The keys of the groups that the partners are in, by partner id; those who are in none are left out. */
  async groupsOf(
    workspaceId: string,
    partnerIds: readonly string[],
    at: Date,
    manager: EntityManager,
  ): Promise<Map<string, string>> {
    const rows = await manager
      .getRepository(PartnerGroupMember)
      .createQueryBuilder('m')
      .distinctOn(['m.partner_id'])
      .where('m.workspace_id = :workspaceId AND m.partner_id = ANY(:partnerIds)', { workspaceId, partnerIds })
      .andWhere('m.effective_at <= :at', { at })
      .orderBy('m.partner_id')
      .addOrderBy('m.effective_at', 'DESC')
      .addOrderBy('m.seq', 'DESC')
      .getMany();
    return new Map(rows.flatMap(({ partnerId, groupKey }) => (groupKey === null ? [] : [[partnerId, groupKey]])));
  }

  /** Those who are in the group, by partner id, after the one named. */
  async membersOf(
    { workspaceId, groupKey, at }: { workspaceId: string; groupKey: string; at: Date },
    { after, limit }: { after: string; limit: number },
    manager: EntityManager,
  ): Promise<MemberSince[]> {
    return manager.query<MemberSince[]>(MEMBERS, [workspaceId, groupKey, at, after, limit]);
  }
}

// A move to the same group goes on with the stay: it begins after the last move to another one, or with the first of all.
const MEMBERS = `
  SELECT latest.partner_id AS "partnerId",
         (SELECT min(stay.effective_at) FROM tributary.partner_group_member stay
           WHERE stay.workspace_id = $1 AND stay.partner_id = latest.partner_id AND stay.effective_at <= $3
             AND (stay.effective_at, stay.seq) > ALL (
                   SELECT other.effective_at, other.seq FROM tributary.partner_group_member other
                    WHERE other.workspace_id = $1 AND other.partner_id = latest.partner_id AND other.effective_at <= $3
                      AND other.group_key IS DISTINCT FROM $2)) AS since
    FROM (SELECT DISTINCT ON (m.partner_id) m.partner_id, m.group_key
            FROM tributary.partner_group_member m
           WHERE m.workspace_id = $1 AND m.effective_at <= $3 AND m.partner_id > $4
             AND m.partner_id IN (SELECT ever.partner_id FROM tributary.partner_group_member ever
                                   WHERE ever.workspace_id = $1 AND ever.group_key = $2)
           ORDER BY m.partner_id, m.effective_at DESC, m.seq DESC) AS latest
   WHERE latest.group_key = $2
   ORDER BY latest.partner_id
   LIMIT $5`;
