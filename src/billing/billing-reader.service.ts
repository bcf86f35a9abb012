import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type EntityTarget } from 'typeorm';
import { WorkspacesService } from '../access/workspaces.service.js';
import { DomainError, invalidField } from '../common/errors.js';
import { decodeCursor, toPage, type Page } from '../common/pagination.js';
import { OBJECT_FILTERS, type BillingObjectView, type ListObjectsQuery } from './dto/billing.dto.js';
import type { StripeObjectType } from './objects/object-type.js';
import { STRIPE_OBJECT_TYPES, typeOfTable } from './objects/registry.js';
import type { StripeModel } from './objects/stripe-model.entity.js';
import { Subscription } from './objects/subscription.entity.js';
import { SubscriptionItem } from './objects/subscription-item.entity.js';

/** Objects without a creation time are listed by id alone. */
const UNDATED = 0;

/** Reads the mirror. Every question carries its workspace. */
@Injectable()
export class BillingReader {
  constructor(
    private readonly db: DataSource,
    private readonly workspaces: WorkspacesService,
  ) {}

  /** The type behind a name in a URL. Errors: `object_type_not_found`, which lists what there is. */
  typeOf(table: string): StripeObjectType {
    const type = typeOfTable(table);
    if (type !== null) return type;
    const known = STRIPE_OBJECT_TYPES.map((candidate) => candidate.table).join(', ');
    throw new DomainError('not_found', 'object_type_not_found', `the mirror has no type "${table}"; it has ${known}`, {
      field: 'objects',
    });
  }

  /** The row, or null. Without `account` the workspace's own object goes before a connected account's of the same id. */
  async find<T extends StripeModel>(
    model: EntityTarget<T>,
    workspaceId: string,
    id: string,
    account?: string,
    tx: EntityManager = this.db.manager,
  ): Promise<T | null> {
    const select = tx
      .getRepository(model)
      .createQueryBuilder('o')
      .where('o.workspace_id = :workspaceId AND o.id = :id', { workspaceId, id })
      .orderBy('o.account', 'ASC')
      .limit(1);
    if (account !== undefined) select.andWhere('o.account = :account', { account });
    return select.getOne();
  }

  async get(workspaceId: string, table: string, id: string, account?: string): Promise<BillingObjectView> {
    const type = this.typeOf(table);
    const row = await this.find(type.model, workspaceId, id, account);
    if (row === null) {
      throw new DomainError('not_found', 'object_not_found', `the mirror has no ${id} among its ${table}`, {
        field: 'id',
      });
    }
    return viewOf(row, await this.livemodeOf(workspaceId));
  }

  /** Newest first. */
  async list(workspaceId: string, table: string, query: ListObjectsQuery): Promise<Page<BillingObjectView>> {
    const type = this.typeOf(table);
    const select = this.db
      .getRepository(type.model)
      .createQueryBuilder('o')
      .where('o.workspace_id = :workspaceId', { workspaceId })
      .limit(query.limit + 1);
    if (query.account !== undefined) select.andWhere('o.account = :account', { account: query.account });
    for (const [column, value] of this.filtersOf(type, query))
      select.andWhere(`o.${column} = :${column}`, { [column]: value });

    if (type.hasCreated) select.orderBy('o.created', 'DESC').addOrderBy('o.id', 'DESC');
    else select.orderBy('o.id', 'DESC');
    if (query.cursor !== undefined) {
      const { sort, id } = decodeCursor(table, query.cursor);
      if (type.hasCreated) select.andWhere('(o.created, o.id) < (to_timestamp(:sort), :after)', { sort, after: id });
      else select.andWhere('o.id < :after', { after: id });
    }
    const page = toPage(table, await select.getMany(), query.limit, (row) => ({
      sort: row.created === null ? UNDATED : row.created.getTime() / 1000,
      id: row.id,
    }));
    const livemode = await this.livemodeOf(workspaceId);
    return { ...page, data: page.data.map((row) => viewOf(row, livemode)) };
  }

  /** The customer's subscriptions that are not deleted, newest first. */
  async subscriptionsOf(workspaceId: string, customer: string): Promise<Subscription[]> {
    return this.db
      .getRepository(Subscription)
      .createQueryBuilder('s')
      .where('s.workspace_id = :workspaceId AND s.customer = :customer AND s.deleted_at IS NULL', {
        workspaceId,
        customer,
      })
      .orderBy('s.created', 'DESC')
      .getMany();
  }

  async isSubscribedTo(workspaceId: string, subscriptionId: string, product: string): Promise<boolean> {
    return this.db
      .getRepository(SubscriptionItem)
      .createQueryBuilder('i')
      .where('i.workspace_id = :workspaceId AND i.parent = :subscriptionId', { workspaceId, subscriptionId })
      .andWhere('i.product = :product AND i.deleted_at IS NULL', { product })
      .getExists();
  }

  private filtersOf(type: StripeObjectType, query: ListObjectsQuery): Array<[column: string, value: string]> {
    const metadata = this.db.getMetadata(type.model);
    return OBJECT_FILTERS.flatMap((field): Array<[string, string]> => {
      const value = query[field];
      if (value === undefined) return [];
      const column = metadata.findColumnWithPropertyName(field)?.databaseName;
      if (column === undefined)
        throw invalidField(field, 'unknown_filter', `${type.table} cannot be filtered by ${field}; remove it`);
      return [[column, value]];
    });
  }

  private async livemodeOf(workspaceId: string): Promise<boolean> {
    return (await this.workspaces.get(workspaceId)).livemode;
  }
}

function viewOf(row: StripeModel, workspaceLivemode: boolean): BillingObjectView {
  const { livemode, object } = row.data;
  return {
    id: row.id,
    object: typeof object === 'string' ? object : 'unknown',
    account: row.account === '' ? null : row.account,
    livemode: typeof livemode === 'boolean' ? livemode : workspaceLivemode,
    created: row.created?.toISOString() ?? null,
    deleted: row.deletedAt !== null,
    syncedAt: row.syncedAt.toISOString(),
    apiVersion: row.apiVersion,
    data: row.data,
  };
}
