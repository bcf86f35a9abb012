import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { DomainError, invalidField, notFound } from '../common/errors.js';
import { newId } from '../common/ids.js';
import { decodeCursor, toPage } from '../common/pagination.js';
import type { Page } from '../common/pagination.js';
import { violatesUnique } from '../database/unique-violation.js';
import { LedgerReader, MAX_STATEMENT_ENTRIES } from '../ledger/ledger-reader.service.js';
import type {
  BalanceView,
  CreatePartnerDto,
  ListPartnersQuery,
  PartnerView,
  StatementQuery,
  StatementView,
  UpdatePartnerDto,
} from './dto/partner.dto.js';
import { GroupMembers } from './groups/group-members.repository.js';
import { notePartnerChange } from './partner-change.entity.js';
import { PartnerStanding } from './partner-standing.entity.js';
import { Partner } from './partner.entity.js';
import { PayoutMethod, type PayoutMethodType } from './payout-method.entity.js';

const LIST = 'partners';

@Injectable()
export class PartnersService {
  constructor(
    private readonly db: DataSource,
    private readonly ledger: LedgerReader,
    private readonly groups: GroupMembers,
    private readonly clock: Clock,
  ) {}

  /** Errors: `partner_exists` when the workspace has one with this external id. */
  async create(workspaceId: string, dto: CreatePartnerDto, tx: EntityManager): Promise<PartnerView> {
    const partner: Partner = {
      workspaceId,
      id: newId('partner'),
      externalId: dto.externalId,
      email: dto.email ?? null,
      name: dto.name ?? null,
      createdAt: this.clock.now(),
    };
    await uniquely(partner, () => tx.getRepository(Partner).insert(partner));
    return viewOf(partner, null, null, null);
  }

  /** Who buys from themselves is looked for anew when the user id or address is another. Errors: `partner_exists`. */
  async update(workspaceId: string, id: string, dto: UpdatePartnerDto, tx: EntityManager): Promise<PartnerView> {
    const partner = await this.require(workspaceId, id, 'id', tx);
    const { externalId = partner.externalId, email = partner.email, name = partner.name } = dto;
    const changed = { ...partner, externalId, email, name };
    await uniquely(changed, () => tx.getRepository(Partner).update({ workspaceId, id }, { externalId, email, name }));
    if (externalId !== partner.externalId || email !== partner.email) await notePartnerChange(workspaceId, id, tx);
    return this.view(changed, tx);
  }

  async get(workspaceId: string, id: string, manager: EntityManager = this.db.manager): Promise<PartnerView> {
    return this.view(await this.require(workspaceId, id, 'id', manager), manager);
  }

  /** Newest first. */
  async list(workspaceId: string, { limit, cursor, externalId }: ListPartnersQuery): Promise<Page<PartnerView>> {
    const rows = await this.db.getRepository(Partner).find({
      where: {
        workspaceId,
        ...(externalId === undefined ? {} : { externalId }),
        ...(cursor === undefined ? {} : { id: LessThan(decodeCursor(LIST, cursor).id) }),
      },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    const page = toPage(LIST, rows, limit, ({ id }) => ({ sort: '', id }));
    const ids = page.data.map(({ id }) => id);
    const methods = await this.db.getRepository(PayoutMethod).findBy({ workspaceId, partnerId: In(ids) });
    const types = new Map(methods.map(({ partnerId, type }) => [partnerId, type]));
    const standings = await this.standings(workspaceId, ids, this.db.manager);
    const groups = await this.groups.groupsOf(workspaceId, ids, this.clock.now(), this.db.manager);
    const view = (partner: Partner): PartnerView => {
      const { id } = partner;
      return viewOf(partner, types.get(id) ?? null, standings.get(id) ?? null, groups.get(id) ?? null);
    };
    return { ...page, data: page.data.map(view) };
  }

  /** The partner, or `partner_not_found` naming `field`; one of another workspace does not exist here. */
  async require(
    workspaceId: string,
    id: string,
    field = 'id',
    manager: EntityManager = this.db.manager,
  ): Promise<Partner> {
    const partner = await manager.getRepository(Partner).findOneBy({ workspaceId, id });
    if (partner === null) throw notFound('partner', id, field);
    return partner;
  }

  async balance(workspaceId: string, id: string): Promise<BalanceView> {
    await this.require(workspaceId, id);
    return { balances: await this.ledger.balances(workspaceId, id) };
  }

  /** Errors: `invalid_period`, `statement_too_long`. */
  async statement(workspaceId: string, id: string, query: StatementQuery): Promise<StatementView> {
    await this.require(workspaceId, id);
    const to = query.to ?? this.clock.now();
    const from = query.from ?? startOfMonth(to);
    if (from.getTime() >= to.getTime() && query.from !== undefined) {
      throw invalidField('from', 'invalid_period', `from must be before to (${to.toISOString()})`);
    }
    const statements = await this.ledger.statement(workspaceId, id, from, to);
    const entries = statements.reduce((sum, statement) => sum + statement.entries.length, 0);
    if (entries > MAX_STATEMENT_ENTRIES) {
      const says = `the statement has more than ${MAX_STATEMENT_ENTRIES} entries; ask for a shorter period`;
      throw new DomainError('unprocessable', 'statement_too_long', says, { field: 'from' });
    }
    return { from: from.toISOString(), to: to.toISOString(), statements };
  }

  private async view(partner: Partner, manager: EntityManager): Promise<PartnerView> {
    const { workspaceId, id: partnerId } = partner;
    const method = await manager.getRepository(PayoutMethod).findOneBy({ workspaceId, partnerId });
    const standings = await this.standings(workspaceId, [partnerId], manager);
    const groups = await this.groups.groupsOf(workspaceId, [partnerId], this.clock.now(), manager);
    return viewOf(partner, method?.type ?? null, standings.get(partnerId) ?? null, groups.get(partnerId) ?? null);
  }

  /** What holds now of those who were ever deactivated, by partner id. */
  private async standings(
    workspaceId: string,
    partnerIds: readonly string[],
    manager: EntityManager,
  ): Promise<Map<string, PartnerStanding>> {
    const standings = await manager
      .getRepository(PartnerStanding)
      .createQueryBuilder('s')
      .distinctOn(['s.partner_id'])
      .where('s.workspace_id = :workspaceId AND s.partner_id = ANY(:partnerIds)', { workspaceId, partnerIds })
      .andWhere('s.effective_at <= :now', { now: this.clock.now() })
      .orderBy('s.partner_id')
      .addOrderBy('s.effective_at', 'DESC')
      .addOrderBy('s.seq', 'DESC')
      .getMany();
    return new Map(standings.map((standing) => [standing.partnerId, standing]));
  }
}

/** The unique index is the judge of what exists: a read before the write would lose a race. */
async function uniquely(partner: Pick<Partner, 'externalId'>, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!violatesUnique(error, 'partner_external')) throw error;
    const says = `a partner with the externalId ${partner.externalId} exists already`;
    throw new DomainError('already_exists', 'partner_exists', says, { field: 'externalId', cause: error });
  }
}

function startOfMonth(instant: Date): Date {
  return new Date(Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth(), 1));
}

function viewOf(
  partner: Partner,
  payoutMethod: PayoutMethodType | null,
  standing: PartnerStanding | null,
  group: string | null,
): PartnerView {
  const { id, externalId, email, name, createdAt } = partner;
  const active = standing?.active ?? true;
  const deactivatedAt = active ? null : (standing?.effectiveAt.toISOString() ?? null);
  return {
    ...{ id, externalId, email, name, payoutMethod, group, active, deactivatedAt },
    createdAt: createdAt.toISOString(),
  };
}
