import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import type { Page } from '../common/pagination.js';
import { DomainError } from '../common/errors.js';
import { toDomainError } from '../stripe/failure.js';
import { BillingReader } from './billing-reader.service.js';
import type { HasActiveSubscriptionRequest } from './dto/billing-grpc.dto.js';
import type { BillingObjectView, GetObjectQuery, ObjectsListing } from './dto/billing.dto.js';
import type { StripeObjectType } from './objects/object-type.js';
import { typeOfObject } from './objects/registry.js';
import { snapshotOf, StripeFetcher, withQuery } from './mirror/stripe-fetcher.js';
import type { StripeData } from './objects/stripe-model.entity.js';
import { RENEWAL_GRACE_SECONDS } from './objects/subscription-validity.js';
import { AnswerKeeper } from './operations/answer-keeper.service.js';
import { filtersOf, type ObjectFilter } from './operations/objects-filters.js';

export interface ActiveSubscription {
  active: boolean;
  subscriptionId: string | null;
  currentPeriodEnd: string | null;
}

/** Where the object that is given to `syncFromStripeData` comes from. */
export interface StripeDataSource {
  workspaceId: string;
  account?: string;
  apiVersion: string | null;
  /** Unix seconds, on Stripe's clock, at which the object looked so. */
  stampSeconds: number;
}

/** The mirror's operations: what the original models offered as methods, for every type alike. */
@Injectable()
export class BillingService {
  constructor(
    private readonly db: DataSource,
    private readonly reader: BillingReader,
    private readonly fetcher: StripeFetcher,
    private readonly keeper: AnswerKeeper,
    private readonly clock: Clock,
  ) {}

  /** Every type of the mirror, and what can be asked of it. */
  types() {
    return this.reader.types();
  }

  /** From the mirror; with `fresh` Stripe is asked first and its answer kept. */
  async retrieve(
    workspaceId: string,
    table: string,
    id: string,
    query: GetObjectQuery = {},
  ): Promise<BillingObjectView> {
    if (query.fresh === true) await this.retrieveFromStripe(workspaceId, this.reader.typeOf(table), id, query.account);
    return this.reader.get(workspaceId, table, id, query.account);
  }

  /** From the mirror; with `fresh` a page of Stripe's list, newest first and with the same filters, is taken in before. */
  async list(workspaceId: string, table: string, query: ObjectsListing): Promise<Page<BillingObjectView>> {
    if (query.fresh === true) {
      const type = this.reader.typeOf(table);
      const filters = filtersOf(this.db, type, query.filters);
      await this.listFromStripe(workspaceId, type, filters, query.limit, query.account);
    }
    return this.reader.list(workspaceId, table, query);
  }

  /** Asks Stripe for the object and writes what it answers. Errors are Stripe's, translated. */
  async retrieveFromStripe(workspaceId: string, type: StripeObjectType, id: string, account?: string): Promise<void> {
    // Some types are asked for below another object, which their last known state names.
    const row = await this.reader.find(type.model, workspaceId, id, account);
    const address = { workspaceId, account: account ?? row?.account ?? '', type, id, known: row?.data };
    await this.keeper.keep([await this.keeper.fetch(address)]);
  }

  /** One page of Stripe's list, written as it comes. */
  async listFromStripe(
    workspaceId: string,
    type: StripeObjectType,
    filters: readonly ObjectFilter[],
    limit: number,
    account = '',
  ): Promise<{ ids: string[]; hasMore: boolean }> {
    const path = listPathOf(type, filters);
    const page = await this.fetcher
      .fetchPage({ workspaceId, account, path }, null, { limit })
      .catch((error: unknown) => {
        throw toDomainError(error);
      });
    const snapshots = page.objects.flatMap((data) => {
      const id = type.identify(data);
      return id === null ? [] : [snapshotOf({ workspaceId, account, type, id }, page, data)];
    });
    await this.keeper.keep(snapshots);
    return { ids: snapshots.map(({ id }) => id), hasMore: page.next !== null };
  }

  /** Takes an object that the caller got from Stripe by other means into the mirror; an older state changes nothing. */
  async syncFromStripeData(data: StripeData, source: StripeDataSource): Promise<void> {
    await this.keeper.keep([this.createFromStripeObject(data, source)]);
  }

  /** The state that `syncFromStripeData` writes, not yet written. */
  createFromStripeObject(data: StripeData, { workspaceId, account = '', apiVersion, stampSeconds }: StripeDataSource) {
    const type = typeOfObject(data.object);
    return snapshotOf(
      { workspaceId, account, type, id: String(data.id) },
      { apiVersion: apiVersion ?? '', stampSeconds },
      data,
    );
  }

  /** Whether a subscription of the customer's is valid now; the one that ends last, where there are several. */
  async hasActiveSubscription(
    workspaceId: string,
    { customer, product }: HasActiveSubscriptionRequest,
  ): Promise<ActiveSubscription> {
    const now = this.clock.now();
    const subscriptions = await this.reader.subscriptionsOf(workspaceId, customer);
    const valid = subscriptions.filter((subscription) => subscription.validityAt(now, RENEWAL_GRACE_SECONDS).valid);
    const fitting = product === undefined ? valid : [];
    for (const subscription of product === undefined ? [] : valid) {
      if (await this.reader.isSubscribedTo(workspaceId, subscription.id, product as string)) fitting.push(subscription);
    }
    fitting.sort((a, b) => (b.currentPeriodEnd?.getTime() ?? 0) - (a.currentPeriodEnd?.getTime() ?? 0));
    const [best] = fitting;
    return {
      active: best !== undefined,
      subscriptionId: best?.id ?? null,
      currentPeriodEnd: best?.currentPeriodEnd?.toISOString() ?? null,
    };
  }
}

/** The type's own list with the filters under Stripe's names, or the list below the one object that a filter names. */
function listPathOf(type: StripeObjectType, filters: readonly ObjectFilter[]): string {
  const named = new Map(filters.filter(({ operator }) => operator === '=').map((filter) => [filter.column, filter]));
  const below = type.paths.find((path) => {
    const fields = fieldsOf(path);
    return fields.length > 0 && fields.every((field) => named.has(field));
  });
  const [own] = type.lists.filter((rule) => rule.of === null && !rule.single);
  const path = below ?? own?.path;
  if (path === undefined) throw notListable(type);
  const used = new Set(fieldsOf(path));
  const rest = filters.filter(({ column }) => !used.has(column));
  const filled = path.replace(/\{(\w+)\}/g, (_, field: string) =>
    encodeURIComponent(stripeValue(named.get(field) as ObjectFilter)),
  );
  return withQuery(
    filled,
    rest.map((filter) => `${stripeName(filter)}=${encodeURIComponent(stripeValue(filter))}`),
  );
}

function fieldsOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => String(match[1]));
}

const RANGES = { '=': '', '>=': '[gte]', '>': '[gt]', '<=': '[lte]', '<': '[lt]' } as const;

const stripeName = ({ column, operator }: ObjectFilter): string => `${column}${RANGES[operator]}`;

const stripeValue = ({ value }: ObjectFilter): string =>
  value instanceof Date ? String(Math.floor(value.getTime() / 1_000)) : String(value);

function notListable(type: StripeObjectType): DomainError {
  const text = `Stripe has no list of ${type.table} by themselves; they come with the objects they belong to`;
  return new DomainError('unprocessable', 'not_listable', text, { field: 'objects' });
}
