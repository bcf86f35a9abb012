import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import type { Page } from '../common/pagination.js';
import { DomainError } from '../common/errors.js';
import { toDomainError } from '../stripe/failure.js';
import { BillingReader } from './billing-reader.service.js';
import type { HasActiveSubscriptionRequest } from './dto/billing-grpc.dto.js';
import {
  OBJECT_FILTERS,
  type BillingObjectView,
  type GetObjectQuery,
  type ListObjectsQuery,
} from './dto/billing.dto.js';
import { MirrorWriter } from './mirror/mirror-writer.js';
import type { StripeObjectType } from './objects/object-type.js';
import { typeOfObject } from './objects/registry.js';
import { SettleQueue } from './mirror/settle-queue.js';
import { snapshotOf, StripeFetcher, withQuery } from './mirror/stripe-fetcher.js';
import type { StripeData } from './objects/stripe-model.entity.js';

/** Stripe drafts a renewal and finalizes it about an hour later; a subscription is not over in between. */
const RENEWAL_GRACE_SECONDS = 2 * 3600;

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
    private readonly mirror: MirrorWriter,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {}

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
  async list(workspaceId: string, table: string, query: ListObjectsQuery): Promise<Page<BillingObjectView>> {
    if (query.fresh === true) {
      await this.listFromStripe(workspaceId, this.reader.typeOf(table), stripeQuery(query), query.limit, query.account);
    }
    return this.reader.list(workspaceId, table, query);
  }

  /** Asks Stripe for the object and writes what it answers. Errors are Stripe's, translated. */
  async retrieveFromStripe(workspaceId: string, type: StripeObjectType, id: string, account = ''): Promise<void> {
    const snapshot = await this.fetcher.fetchObject({ workspaceId, account, type, id }).catch((error: unknown) => {
      throw toDomainError(error);
    });
    await this.write([snapshot]);
  }

  /** One page of Stripe's list, written as it comes. `query` is Stripe's own. */
  async listFromStripe(
    workspaceId: string,
    type: StripeObjectType,
    query: Record<string, string>,
    limit: number,
    account = '',
  ): Promise<{ ids: string[]; hasMore: boolean }> {
    const [own] = type.lists.filter((rule) => rule.of === null && !rule.single);
    if (own === undefined) throw notListable(type);
    const path = withQuery(own.path, [new URLSearchParams(query).toString()]);
    const page = await this.fetcher
      .fetchPage({ workspaceId, account, path }, null, { limit })
      .catch((error: unknown) => {
        throw toDomainError(error);
      });
    const snapshots = page.objects.map((data) =>
      snapshotOf({ workspaceId, account, type, id: String(data.id) }, page, data),
    );
    await this.write(snapshots);
    return { ids: snapshots.map(({ id }) => id), hasMore: page.next !== null };
  }

  /** Takes an object that the caller got from Stripe by other means into the mirror; an older state changes nothing. */
  async syncFromStripeData(data: StripeData, source: StripeDataSource): Promise<void> {
    await this.write([this.createFromStripeObject(data, source)]);
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

  private async write(snapshots: Parameters<MirrorWriter['apply']>[0]): Promise<void> {
    await this.db.transaction((tx) => this.mirror.apply(snapshots, tx));
    this.settling.announce();
  }
}

function notListable(type: StripeObjectType): DomainError {
  const text = `Stripe has no list of ${type.table} by themselves; they come with the objects they belong to`;
  return new DomainError('unprocessable', 'not_listable', text, { field: 'objects' });
}

/** Our filters under Stripe's names. */
function stripeQuery(query: ListObjectsQuery): Record<string, string> {
  const filters = OBJECT_FILTERS.flatMap((field) => {
    const value = query[field];
    return value === undefined ? [] : [[field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]];
  });
  return Object.fromEntries(filters) as Record<string, string>;
}
