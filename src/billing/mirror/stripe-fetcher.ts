import { Injectable } from '@nestjs/common';
import { DomainError } from '../../common/errors.js';
import { endpointOf } from '../../stripe/endpoint.js';
import { StripeGateway, type StripeAnswer, type StripeReadOptions } from '../../stripe/stripe-gateway.service.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES } from '../objects/registry.js';
import { embeddedObjects, isObject, refId } from '../objects/shapes.js';
import { RANK_FETCHED, type Snapshot } from './snapshot.js';
import type { StripeData } from '../objects/stripe-model.entity.js';

const PAGE_SIZE = 100;

/** A list inside one object is never longer than this in practice; beyond it something is wrong. */
const MAX_MEMBER_PAGES = 200;

/** Types whose lists show less than an object that is asked for, by the list's path. */
const STUBS_BY_PATH = new Map(
  STRIPE_OBJECT_TYPES.filter((type) => type.includes.length > 0).flatMap((type) =>
    type.lists.map(({ path }): [string, StripeObjectType] => [path, type]),
  ),
);

export interface ObjectAddress {
  workspaceId: string;
  account: string;
  type: StripeObjectType;
  id: string;
  /** Its last known state, for the types whose path holds more than their id. */
  known?: StripeData;
}

export interface ListAddress {
  workspaceId: string;
  account: string;
  path: string;
}

export interface PageOptions extends StripeReadOptions {
  /** How many at once; Stripe gives at most 100. */
  limit?: number;
  /** Fields of the listed objects that Stripe includes on request. */
  expand?: readonly string[];
}

export interface StripePage extends Omit<StripeAnswer, 'body'> {
  objects: StripeData[];
  next: string | null;
}

/** Asks Stripe for objects and hands them over as snapshots for the mirror. Writes nothing itself. */
@Injectable()
export class StripeFetcher {
  /** Paths of lists that have no pages, and refuse a size for them. */
  private readonly unpaged = new Set<string>();

  constructor(private readonly stripe: StripeGateway) {}

  /** The object as it is now; a deleted one, or one that Stripe does not know, as a tombstone. Errors are Stripe's. */
  async fetchObject(address: ObjectAddress, options: StripeReadOptions = {}): Promise<Snapshot> {
    const path = withQuery(
      pathOf(address),
      address.type.includes.map((field, index) => `include[${index}]=${field}`),
    );
    const answer = await this.stripe.get(address.workspaceId, path, { ...options, account: address.account });
    return snapshotOf(address, answer, answer.body);
  }

  /**
   * One page of a list of Stripe's, of v1 or v2; `path` may hold a query. `next` is what to hand over for the page after
   * it, null at the end.
   */
  async fetchPage(of: ListAddress, next: string | null, options: PageOptions = {}): Promise<StripePage> {
    const { limit = PAGE_SIZE, expand = [], ...request } = options;
    const endpoint = endpointOf('GET', of.path).name;
    const size = this.unpaged.has(endpoint) ? [] : [`limit=${limit}`];
    const expansions = expand.map((field) => `expand[]=data.${field}`);
    const path = withQuery(of.path, [...size, ...expansions, ...(next === null ? [] : [next])]);
    try {
      const { body, stampSeconds, apiVersion } = await this.stripe.get(of.workspaceId, path, {
        ...request,
        account: of.account,
      });
      const listed = (Array.isArray(body.data) ? body.data : []).filter(isObject);
      const objects = await this.askedForOneByOne(of, listed, request);
      return { objects, next: nextOf(body, listed), stampSeconds, apiVersion };
    } catch (error) {
      if (size.length === 0 || !refusesPageSize(error)) throw error;
      this.unpaged.add(endpoint);
      return this.fetchPage(of, next, options);
    }
  }

  /** Objects whose list shows less of them than they are; the page's stamp, which is the earlier one, holds for them too. */
  private async askedForOneByOne(
    of: ListAddress,
    listed: StripeData[],
    options: StripeReadOptions,
  ): Promise<StripeData[]> {
    const type = STUBS_BY_PATH.get(of.path.split('?', 1)[0] ?? '');
    if (type === undefined) return listed;
    const whole: StripeData[] = [];
    for (const { id } of listed) whole.push((await this.fetchObject({ ...of, type, id: String(id) }, options)).data);
    return whole;
  }

  /** Every page of a list; stamped with the earliest answer, so that it never claims to be newer than it is. */
  async fetchList(of: ListAddress, options: PageOptions = {}): Promise<Omit<StripePage, 'next'>> {
    const first = await this.fetchPage(of, null, options);
    const objects = [...first.objects];
    let { next } = first;
    for (let pages = 1; next !== null; pages++) {
      if (pages === MAX_MEMBER_PAGES)
        throw new DomainError('upstream_failed', 'list_too_long', `${of.path} did not end after ${pages} pages`);
      const page: StripePage = await this.fetchPage(of, next, options);
      objects.push(...page.objects);
      next = page.next;
    }
    return { objects, stampSeconds: first.stampSeconds, apiVersion: first.apiVersion };
  }

  /** The object with these fields, which Stripe shows only on request. Errors are Stripe's. */
  async fetchWith(address: ObjectAddress, fields: readonly string[]): Promise<Snapshot> {
    const path = withQuery(
      pathOf(address),
      fields.map((field) => `expand[]=${field}`),
    );
    const answer = await this.stripe.get(address.workspaceId, path, { account: address.account, priority: 'refetch' });
    return snapshotOf(address, answer, answer.body);
  }

  /** The object with its discounts expanded; for their sake only, as an expanded object is not what webhooks carry. */
  async fetchDiscounts(address: ObjectAddress): Promise<{ answer: StripeAnswer; discounts: StripeData[] }> {
    const path = `${pathOf(address)}?expand[]=discounts`;
    const answer = await this.stripe.get(address.workspaceId, path, { account: address.account, priority: 'refetch' });
    return { answer, discounts: embeddedObjects(answer.body.discounts) };
  }
}

function refusesPageSize(error: unknown): boolean {
  const { code, param } = (error ?? {}) as { code?: unknown; param?: unknown };
  return code === 'parameter_unknown' && param === 'limit';
}

export function withQuery(path: string, parts: readonly string[]): string {
  return parts.length === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${parts.join('&')}`;
}

/** v1 pages go on after their last object's id, v2 pages say where the next one is. */
function nextOf(body: StripeData, objects: readonly StripeData[]): string | null {
  if (typeof body.next_page_url === 'string') {
    const page = new URL(body.next_page_url, 'https://api.stripe.com').searchParams.get('page');
    return page === null ? null : `page=${encodeURIComponent(page)}`;
  }
  const last = objects[objects.length - 1];
  return body.has_more === true && last !== undefined ? `starting_after=${encodeURIComponent(String(last.id))}` : null;
}

export function snapshotOf(
  address: Omit<ObjectAddress, 'known'>,
  answer: Omit<StripeAnswer, 'body'>,
  data: StripeData,
): Snapshot {
  const { workspaceId, account, type, id } = address;
  return {
    ...{ workspaceId, account, type, id },
    data,
    apiVersion: answer.apiVersion,
    stampSeconds: answer.stampSeconds,
    rank: RANK_FETCHED,
    undecided: false,
    deleted: data.deleted === true,
    eventId: null,
    parent: null,
  };
}

/** The state of an object that Stripe says does not exist. */
export function tombstoneOf(address: ObjectAddress, stampSeconds: number): Snapshot {
  const data = { id: address.id, object: address.type.object, deleted: true };
  return snapshotOf(address, { stampSeconds, apiVersion: '' }, data);
}

/** Where one object is asked for. A path with a field in it needs the object's last known state to fill it. */
export function pathOf({ type, id, known }: Pick<ObjectAddress, 'type' | 'id' | 'known'>): string {
  const filled = (path: string): string =>
    path.replace(/\{(\w+)\}/g, (_, field: string) => refId(known?.[field]) ?? '{}');
  if (type.singlePath !== null && !filled(type.singlePath).includes('{}')) return filled(type.singlePath);
  for (const collection of type.paths.map(filled)) {
    if (!collection.includes('{}')) return `${collection}/${encodeURIComponent(ownIdOf(type, id))}`;
  }
  throw new DomainError(
    'unprocessable',
    'not_retrievable',
    `${type.table} cannot be asked for at Stripe by their id alone; they come with the objects they belong to`,
    { field: 'id' },
  );
}

/** Ids that mean something only beside another are kept with that other's in front. */
function ownIdOf(type: StripeObjectType, id: string): string {
  return type.object === 'capability' ? id.slice(id.indexOf(':') + 1) : id;
}
