import { Injectable } from '@nestjs/common';
import { DataSource, MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { notFound } from '../../common/errors.js';
import type { PageQuery } from '../../common/page-query.dto.js';
import { decodeCursor, toPage, type Page } from '../../common/pagination.js';
import type { PartnerView } from '../../partners/dto/partner.dto.js';
import { GroupMembers } from '../../partners/groups/group-members.repository.js';
import { PartnerGroupMember } from '../../partners/groups/partner-group-member.entity.js';
import { PartnerGroup } from '../../partners/groups/partner-group.entity.js';
import { PartnersService } from '../../partners/partners.service.js';
import { lockFactsToWrite } from '../referral-facts-lock.js';
import { isSaid } from '../rules/dated.js';
import { touchSalesOf } from './concerned-sales.js';
import type { GroupMemberView, MovePartnerDto, PartnerGroupView, PutPartnerGroupDto } from './partner-group.dto.js';

const GROUPS = 'partner_groups';
const MEMBERS = 'partner_group_members';

/** Groups of partners, and who is in them since when. */
@Injectable()
export class PartnerGroups {
  constructor(
    private readonly db: DataSource,
    private readonly partners: PartnersService,
    private readonly members: GroupMembers,
    private readonly clock: Clock,
  ) {}

  /** Makes the group, or names it anew. Safe to repeat. */
  async put(
    workspaceId: string,
    key: string,
    { name }: PutPartnerGroupDto,
    tx: EntityManager,
  ): Promise<PartnerGroupView> {
    const groups = tx.getRepository(PartnerGroup);
    const made = { workspaceId, key, name, createdAt: this.clock.now() };
    await groups.createQueryBuilder().insert().values(made).orIgnore().execute();
    await groups.update({ workspaceId, key }, { name });
    return groupView(await groups.findOneByOrFail({ workspaceId, key }));
  }

  /** By their keys. */
  async list(workspaceId: string, { limit, cursor }: PageQuery): Promise<Page<PartnerGroupView>> {
    const after = cursor === undefined ? {} : { key: MoreThan(decodeCursor(GROUPS, cursor).id) };
    const rows = await this.db
      .getRepository(PartnerGroup)
      .find({ where: { workspaceId, ...after }, order: { key: 'ASC' }, take: limit + 1 });
    const page = toPage(GROUPS, rows, limit, ({ key }) => ({ sort: '', id: key }));
    return { ...page, data: page.data.map(groupView) };
  }

  /** Who is in it now, by their ids. Errors: `partner_group_not_found`. */
  async listMembers(workspaceId: string, key: string, query: PageQuery): Promise<Page<GroupMemberView>> {
    await this.require(workspaceId, key, 'key', this.db.manager);
    const { limit, cursor } = query;
    const after = cursor === undefined ? '' : decodeCursor(MEMBERS, cursor).id;
    const of = { workspaceId, groupKey: key, at: this.clock.now() };
    const rows = await this.members.membersOf(of, { after, limit: limit + 1 }, this.db.manager);
    const page = toPage(MEMBERS, rows, limit, ({ partnerId }) => ({ sort: '', id: partnerId }));
    return { ...page, data: page.data.map(({ partnerId, since }) => ({ partnerId, since: since.toISOString() })) };
  }

  /**
   * Puts the partner into the group, or into none, from a moment on; their sales since then are settled again. Where they are
   * in it already at that moment nothing is written. Errors: `partner_not_found`, `partner_group_not_found`.
   */
  async move(
    workspaceId: string,
    partnerId: string,
    { group, effectiveAt }: MovePartnerDto,
    tx: EntityManager,
  ): Promise<PartnerView> {
    await this.partners.require(workspaceId, partnerId, 'id', tx);
    if (group !== null) await this.require(workspaceId, group, 'group', tx);
    await lockFactsToWrite(workspaceId, tx);
    const now = this.clock.now();
    const moves = await tx.getRepository(PartnerGroupMember).findBy({ workspaceId, partnerId });
    if (!isSaid(moves, { effectiveAt, now }, (inForce) => (inForce?.groupKey ?? null) === group)) {
      const move = { workspaceId, partnerId, seq: moves.length + 1, groupKey: group };
      const from = effectiveAt ?? now;
      await tx.getRepository(PartnerGroupMember).insert({ ...move, effectiveAt: from, createdAt: now });
      await touchSalesOf({ workspaceId, partnerIds: [partnerId], programId: null, from }, tx);
    }
    return this.partners.get(workspaceId, partnerId, tx);
  }

  /** The group, or `partner_group_not_found` naming `field`; one of another workspace does not exist here. */
  async require(workspaceId: string, key: string, field: string, manager: EntityManager): Promise<PartnerGroup> {
    const group = await manager.getRepository(PartnerGroup).findOneBy({ workspaceId, key });
    if (group === null) throw notFound('partner_group', key, field);
    return group;
  }
}

function groupView({ key, name, createdAt }: PartnerGroup): PartnerGroupView {
  return { key, name, createdAt: createdAt.toISOString() };
}
