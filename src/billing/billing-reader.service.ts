import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type EntityTarget } from 'typeorm';
import { WorkspacesService } from '../access/workspaces.service.js';
import { DomainError } from '../common/errors.js';
import { decodeCursor, toPage, type Page } from '../common/pagination.js';
import type { BillingObjectView, ObjectsListing, ObjectTypeView } from './dto/billing.dto.js';
import type { StripeObjectType } from './objects/object-type.js';
import { STRIPE_OBJECT_TYPES, typeOfTable } from './objects/registry.js';
import type { StripeModel } from './objects/stripe-model.entity.js';
import { unknownTypeText } from './objects/unknown-type.js';
import { Subscription } from './objects/subscription.entity.js';
import { SubscriptionItem } from './objects/subscription-item.entity.js';
import { filterNamesOf, filtersOf } from './operations/objects-filters.js';
import { viewOf } from './operations/objects-view.js';

/** Objects without a creation time are listed by id alone. */
const UNDATED = 0;

/** Reads the mirror. Every question carries its workspace. */
@Injectable()
export class BillingReader {
  constructor(
    private readonly db: DataSource,
    private readonly workspaces: WorkspacesService,
  ) {}

  /** The type behind a name in a request. Errors: `object_type_not_found`, which names those that sound alike. */
  typeOf(table: string): StripeObjectType {
    const type = typeOfTable(table);
    if (type !== null) return type;
    throw new DomainError('not_found', 'object_type_not_found', unknownTypeText(table), { field: 'objects' });
  }

  /** Every type, in the order of their names, with what can be asked of it. */
  types(): { data: ObjectTypeView[] } {
    const data = STRIPE_OBJECT_TYPES.map((type) => ({
      objects: type.table,
      object: type.object === '' ? null : type.object,
      filters: filterNamesOf(this.db, type),
      writes: [...type.writes],
    }));
    return { data: data.sort((a, b) => (a.objects < b.objects ? -1 : 1)) };
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

  /** The row as it is shown. Errors: `object_not_found`, which says that only the mirror was looked at. */
  async get(workspaceId: string, table: string, id: string, account?: string): Promise<BillingObjectView> {
    const type = this.typeOf(table);
    const row = await this.find(type.model, workspaceId, id, account);
    if (row === null) {
      const where = account === undefined || account === '' ? '' : ` of account ${account}`;
      throw new DomainError(
        'not_found',
        'object_not_found',
        `the mirror has no ${id} among the ${table}${where}, and Stripe was not asked: fresh=true asks it`,
        { field: 'id' },
      );
    }
    return this.show(row, type);
  }

  async show(row: StripeModel, type: StripeObjectType): Promise<BillingObjectView> {
    return viewOf(row, type, await this.livemodeOf(row.workspaceId));
  }

  /** Newest first; without those that Stripe has deleted, unless they are asked for. */
  async list(workspaceId: string, table: string, query: ObjectsListing): Promise<Page<BillingObjectView>> {
    const type = this.typeOf(table);
    const select = this.db
      .getRepository(type.model)
      .createQueryBuilder('o')
      .where('o.workspace_id = :workspaceId', { workspaceId })
      .limit(query.limit + 1);
    const { account, deleted = 'false' } = query;
    if (account !== undefined) select.andWhere('o.account = :account', { account });
    if (deleted !== 'any') select.andWhere(`o.deleted_at IS ${deleted === 'true' ? 'NOT NULL' : 'NULL'}`);
    for (const { name, column, operator, value } of filtersOf(this.db, type, query.filters))
      select.andWhere(`o.${column} ${operator} :${name}`, { [name]: value });

    // What was only ever seen as deleted has no time of creation; among the others the index on `created` serves.
    const created = deleted === 'false' ? 'o.created' : 'coalesce(o.created, to_timestamp(0))';
    if (type.hasCreated) select.orderBy(created, 'DESC').addOrderBy('o.id', 'DESC');
    else select.orderBy('o.id', 'DESC');
    if (query.cursor !== undefined) {
      const { sort, id } = decodeCursor(table, query.cursor);
      if (type.hasCreated) select.andWhere(`(${created}, o.id) < (to_timestamp(:sort), :after)`, { sort, after: id });
      else select.andWhere('o.id < :after', { after: id });
    }
    const page = toPage(table, await select.getMany(), query.limit, (row) => ({
      sort: row.created === null ? UNDATED : row.created.getTime() / 1000,
      id: row.id,
    }));
    const livemode = await this.livemodeOf(workspaceId);
    return { ...page, data: page.data.map((row) => viewOf(row, type, livemode)) };
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

  private async livemodeOf(workspaceId: string): Promise<boolean> {
    return (await this.workspaces.get(workspaceId)).livemode;
  }
}
