import { Injectable } from '@nestjs/common';
import { DomainError } from '../../common/errors.js';
import { StripeGateway, type StripeAnswer, type StripeReadOptions } from '../../stripe/stripe-gateway.service.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { embeddedObjects } from '../objects/shapes.js';
import { RANK_FETCHED, type Snapshot } from './snapshot.js';
import type { StripeData } from '../objects/stripe-model.entity.js';

const PAGE_SIZE = 100;

/** A list inside one object is never longer than this in practice; beyond it something is wrong. */
const MAX_MEMBER_PAGES = 200;

export interface ObjectAddress {
  workspaceId: string;
  account: string;
  type: StripeObjectType;
  id: string;
}

/** Asks Stripe for objects and hands them over as snapshots for the mirror. Writes nothing itself. */
@Injectable()
export class StripeFetcher {
  constructor(private readonly stripe: StripeGateway) {}

  /** The object as it is now; a deleted one, or one that Stripe does not know, as a tombstone. Errors are Stripe's. */
  async fetchObject(address: ObjectAddress, options: StripeReadOptions = {}): Promise<Snapshot> {
    const path = `${collectionPath(address.type)}/${encodeURIComponent(address.id)}`;
    const answer = await this.stripe.get(address.workspaceId, path, { ...options, account: address.account });
    return snapshotOf(address, answer, answer.body);
  }

  /** One page of the type's collection, newest first. `query` is Stripe's own. */
  async fetchPage(
    of: Omit<ObjectAddress, 'id'>,
    query: Record<string, string>,
    options: StripeReadOptions = {},
  ): Promise<{ snapshots: Snapshot[]; hasMore: boolean }> {
    const path = `${collectionPath(of.type)}?${new URLSearchParams(query).toString()}`;
    const answer = await this.stripe.get(of.workspaceId, path, { ...options, account: of.account });
    const objects = embeddedObjects(answer.body);
    const snapshots = objects.map((data) => snapshotOf({ ...of, id: String(data.id) }, answer, data));
    return { snapshots, hasMore: answer.body.has_more === true };
  }

  /** Every page of a list by its path; stamped with the earliest answer, so that it never claims to be newer than it is. */
  async fetchList(
    address: ObjectAddress,
    path: string,
    query: Record<string, string>,
  ): Promise<{ objects: StripeData[]; stampSeconds: number; apiVersion: string }> {
    const objects: StripeData[] = [];
    let first: StripeAnswer | null = null;
    let after: string | null = null;
    for (let page = 0; page < MAX_MEMBER_PAGES; page++) {
      const cursor: Record<string, string> = after === null ? {} : { starting_after: after };
      const text = new URLSearchParams({ ...query, limit: String(PAGE_SIZE), ...cursor }).toString();
      const answer: StripeAnswer = await this.stripe.get(address.workspaceId, `${path}?${text}`, {
        account: address.account,
        priority: 'refetch',
      });
      first ??= answer;
      objects.push(...embeddedObjects(answer.body));
      if (answer.body.has_more !== true) {
        return { objects, stampSeconds: first.stampSeconds, apiVersion: first.apiVersion };
      }
      after = String(objects[objects.length - 1]?.id);
    }
    throw new DomainError('upstream_failed', 'list_too_long', `${path} did not end after ${MAX_MEMBER_PAGES} pages`);
  }

  /** The object with its discounts expanded; for their sake only, as an expanded object is not what webhooks carry. */
  async fetchDiscounts(address: ObjectAddress): Promise<{ answer: StripeAnswer; discounts: StripeData[] }> {
    const path = `${collectionPath(address.type)}/${encodeURIComponent(address.id)}?expand[]=discounts`;
    const answer = await this.stripe.get(address.workspaceId, path, { account: address.account, priority: 'refetch' });
    return { answer, discounts: embeddedObjects(answer.body.discounts) };
  }
}

export function snapshotOf(address: ObjectAddress, answer: Omit<StripeAnswer, 'body'>, data: StripeData): Snapshot {
  return {
    ...address,
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

function collectionPath(type: StripeObjectType): string {
  if (type.path === null) {
    throw new DomainError(
      'unprocessable',
      'not_retrievable',
      `${type.table} cannot be asked for at Stripe by their id alone`,
    );
  }
  return type.path;
}
