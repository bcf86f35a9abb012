import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { isMissing } from '../mirror/missing.js';
import { childOf, objectsOf, RANK_FETCHED, type Snapshot } from '../mirror/snapshot.js';
import { snapshotOf, StripeFetcher, type StripePage } from '../mirror/stripe-fetcher.js';
import type { EmbeddedRule, ListRule, StripeObjectType } from '../objects/object-type.js';
import { typeOfObject } from '../objects/registry.js';
import { isTruncatedList } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import type { ComparisonScope, Pace } from './comparison-scope.js';

/** Objects whose lists are gone through are read from the mirror in portions of this size. */
const PARENTS_AT_ONCE = 200;

/** One page of Stripe's, taken apart into what the mirror keeps. All of it is stamped with the answer's second. */
export interface ListedPage {
  /** Stripe's second of the answer. */
  stampSeconds: number;
  /** The objects of the type, without what they were expanded by. */
  objects: Snapshot[];
  /** Objects that are listed only inside those. */
  within: Snapshot[];
  /** The members of owned lists, whole, by their owner. */
  owners: Array<{ owner: Snapshot; members: Snapshot[] }>;
}

/** Reads a type's lists from Stripe, to the end or until enough has come. Writes nothing. Errors are Stripe's. */
@Injectable()
export class StripeLists {
  constructor(
    private readonly db: DataSource,
    private readonly fetcher: StripeFetcher,
    private readonly stripe: StripeGateway,
  ) {}

  async *pages(type: StripeObjectType, scope: ComparisonScope, pace: Pace): AsyncGenerator<ListedPage> {
    let left = scope.sample ?? Infinity;
    for (const rule of type.lists) {
      for await (const page of this.pagesOf(rule, type, scope, pace)) {
        const listed = await this.takeApart(type, rule, page, { scope, pace, left });
        left -= listed.objects.length;
        yield listed;
        if (left <= 0) return;
      }
    }
  }

  private async *pagesOf(rule: ListRule, type: StripeObjectType, scope: ComparisonScope, pace: Pace) {
    if (rule.of === null) return yield* this.pagesAt(rule.path, rule, scope, pace);
    for await (const parent of this.parents(typeOfObject(rule.of), scope)) {
      try {
        yield* this.pagesAt(rule.path.replace('{id}', encodeURIComponent(parent)), rule, scope, pace, parent);
      } catch (error) {
        // The parent went meanwhile, and its objects with it.
        if (!isMissing(error, type)) throw error;
      }
    }
  }

  private async *pagesAt(
    path: string,
    rule: ListRule,
    scope: ComparisonScope,
    pace: Pace,
    parent: string | null = null,
  ): AsyncGenerator<StripePage & { parent: string | null }> {
    const { workspaceId, account, priority, sample } = scope;
    if (rule.single) {
      await pace.wait();
      const answer = await this.stripe.get(workspaceId, path, { account, priority, meter: pace });
      yield { ...answer, objects: [answer.body], next: null, parent };
      return;
    }
    let next: string | null = null;
    do {
      await pace.wait();
      const options = {
        priority,
        meter: pace,
        expand: rule.expand,
        ...(sample !== null && { limit: Math.min(sample, 100) }),
      };
      const page: StripePage = await this.fetcher.fetchPage({ workspaceId, account, path }, next, options);
      yield { ...page, parent };
      next = page.next;
    } while (next !== null);
  }

  private async *parents(type: StripeObjectType, scope: ComparisonScope): AsyncGenerator<string> {
    let after = '';
    for (;;) {
      const rows = (await this.db.query(
        `SELECT id FROM stripe.${type.table} WHERE workspace_id = $1 AND account = $2 AND id > $3 AND deleted_at IS NULL
          ORDER BY id LIMIT $4`,
        [scope.workspaceId, scope.account, after, PARENTS_AT_ONCE],
      )) as Array<{ id: string }>;
      for (const { id } of rows) yield id;
      after = rows.at(-1)?.id ?? '';
      if (rows.length < PARENTS_AT_ONCE) return;
    }
  }

  private async takeApart(
    type: StripeObjectType,
    rule: ListRule,
    page: StripePage & { parent: string | null },
    { scope, pace, left }: { scope: ComparisonScope; pace: Pace; left: number },
  ): Promise<ListedPage> {
    const listed: ListedPage = { stampSeconds: page.stampSeconds, objects: [], within: [], owners: [] };
    for (const data of page.objects.slice(0, left)) {
      const id = type.identify(data);
      if (id === null) continue;
      const { workspaceId, account } = scope;
      const seen = snapshotOf({ workspaceId, account, type, id }, page, data);
      const parent = type.hasParent ? page.parent : null;
      listed.objects.push({ ...seen, parent, data: without(data, rule.expand) });
      for (const embedded of type.embedded) {
        if (embedded.owned) {
          listed.owners.push({ owner: seen, members: await this.membersOf(seen, embedded, scope, pace) });
        } else if (isListedOnlyWithin(embedded, rule)) {
          listed.within.push(...(await this.membersOf(seen, embedded, scope, pace)));
        }
      }
    }
    return listed;
  }

  /** All of them: what the object cuts off is listed. */
  private async membersOf(of: Snapshot, rule: EmbeddedRule, scope: ComparisonScope, pace: Pace): Promise<Snapshot[]> {
    const as = { rank: RANK_FETCHED, parent: rule.owned ? of.id : null };
    if (rule.list === undefined || !isTruncatedList(of.data[rule.field])) {
      return objectsOf(rule, of).flatMap((data) => childOf(of, data, as));
    }
    await pace.wait();
    const { workspaceId, account, priority } = scope;
    const path = rule.list.replace('{id}', encodeURIComponent(of.id));
    const list = await this.fetcher.fetchList({ workspaceId, account, path }, { priority, meter: pace });
    return list.objects.flatMap((data) => childOf({ ...of, stampSeconds: list.stampSeconds }, data, as));
  }
}

/** What has no list of its own stands only in what it belongs to, and so does what was asked for along with it. */
function isListedOnlyWithin(embedded: EmbeddedRule, rule: ListRule): boolean {
  return (
    rule.expand.includes(embedded.field) || embedded.objects.some((object) => typeOfObject(object).lists.length === 0)
  );
}

function without(data: StripeData, fields: readonly string[]): StripeData {
  if (fields.length === 0) return data;
  return Object.fromEntries(Object.entries(data).filter(([field]) => !fields.includes(field)));
}
