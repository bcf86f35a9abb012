import { Injectable } from '@nestjs/common';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { snapshotOf, StripeFetcher, withQuery, type StripePage } from '../mirror/stripe-fetcher.js';
import type { Snapshot } from '../mirror/snapshot.js';
import type { ListRule, StripeObjectType } from '../objects/object-type.js';
import { typeOfObject } from '../objects/registry.js';
import { isObject, refId } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { unchangedStep, type FoundTask, type Piece, type TaskStep } from './piece.js';
import { listFailureOf, reasonOf } from './refusals.js';
import type { ClaimedTask, TaskCursor } from './task.js';
import { createdQuery, cutOf, objectsLeft, type CreatedWindow } from './windows.js';

export const PAGE_SIZE = 100;
/** Objects that go while their list is read may cost its place; where that happens again and again something else is wrong. */
const PLACES_LOST_MAX = 20;

/** Counts requests as the gateway sends them. */
export class Meter {
  private sent = 0;

  count(): void {
    this.sent += 1;
  }

  /** What was counted since the last call. */
  take(): number {
    const { sent } = this;
    this.sent = 0;
    return sent;
  }
}

/** Reads one list of Stripe's from its cursor to its end, page by page. Writes nothing. Errors are Stripe's. */
@Injectable()
export class ListWalk {
  constructor(
    private readonly fetcher: StripeFetcher,
    private readonly stripe: StripeGateway,
  ) {}

  /** `isHungry` tells whether another connection could take half of what is left. */
  async *pieces(task: ClaimedTask, isHungry: () => boolean): AsyncGenerator<Piece, void, undefined> {
    const rule = task.rule as ListRule;
    if (rule.single) {
      yield await this.singlePiece(task, rule, task.parent);
      return;
    }
    const walk = new Place(task, rule);
    for (;;) {
      const page = await this.page(task, rule, walk);
      if (page === null) continue;
      const piece = walk.pieceOf(page, isHungry);
      yield piece;
      if (piece.step.state === 'done') return;
    }
  }

  /** The first page of the list of one object, by which a task over many such objects goes. */
  firstPage(task: ClaimedTask, parent: string, meter: Meter): Promise<StripePage> {
    const rule = task.rule as ListRule;
    const since = rule.byCreated ? createdQuery({ from: task.job.since, to: null }) : [];
    return this.fetcher.fetchPage(
      { ...addressOf(task, rule, parent), path: withQuery(pathOf(rule, parent), since) },
      null,
      { priority: 'bulk', meter, expand: rule.expand },
    );
  }

  /** An answer that is the object itself. */
  async singlePiece(task: ClaimedTask, rule: ListRule, parent: string | null): Promise<Piece> {
    const meter = new Meter();
    const { workspaceId } = task.job;
    const answer = await this.stripe.get(workspaceId, pathOf(rule, parent), {
      account: task.account,
      priority: 'bulk',
      meter,
    });
    const listed = statesOf(task, parent, answer, [answer.body]);
    const step = { ...unchangedStep(task), state: 'done' as const };
    return { task, listed, expanded: listed, requests: meter.take(), step };
  }

  /** Null when the place in the list was lost or Stripe refused what was to be included: ask again. */
  private async page(task: ClaimedTask, rule: ListRule, walk: Place): Promise<StripePage | null> {
    try {
      const address = { ...addressOf(task, rule, task.parent), path: walk.path() };
      return await this.fetcher.fetchPage(address, walk.cursor.next, {
        priority: 'bulk',
        meter: walk.meter,
        limit: PAGE_SIZE,
        expand: walk.expand(),
      });
    } catch (error) {
      if (!walk.canGoOnAfter(error)) throw error;
      return null;
    }
  }
}

function addressOf({ job, account }: ClaimedTask, rule: ListRule, parent: string | null) {
  return { workspaceId: job.workspaceId, account, path: pathOf(rule, parent) };
}

function pathOf(rule: ListRule, parent: string | null): string {
  return rule.path.replace('{id}', encodeURIComponent(parent ?? ''));
}

/** Webhooks carry the ids of these; the objects come along at no further request. */
const EXPANDED_IDS: Readonly<Record<string, readonly string[]>> = {
  invoice: ['discounts'],
  subscription: ['discounts'],
};

/** Those of the expansions that the refusal names, or else the last one: without any the list is asked for at last. */
function expansionsRefused(error: unknown, asked: readonly string[]): string[] {
  const text = error instanceof Error ? error.message : '';
  const named = asked.filter((field) => text.includes(field));
  return named.length > 0 ? named : asked.slice(-1);
}

/** How far a walk has come. */
class Place {
  readonly meter = new Meter();
  cursor: TaskCursor;
  private window: CreatedWindow;
  private newest: number | null = null;
  private objects = 0;
  private lost = 0;
  private reason: string | null = null;

  constructor(
    private readonly task: ClaimedTask,
    private readonly rule: ListRule,
  ) {
    this.cursor = task.cursor ?? { next: null };
    this.window = { from: task.createdFrom, to: task.createdTo };
  }

  path(): string {
    const { rule, task, window } = this;
    return withQuery(pathOf(rule, task.parent), rule.byCreated ? createdQuery(window) : []);
  }

  expand(): string[] {
    const wanted = [...this.rule.expand, ...(EXPANDED_IDS[this.task.type.object] ?? [])];
    return wanted.filter((field) => this.cursor.without?.includes(field) !== true);
  }

  pieceOf(page: StripePage, isHungry: () => boolean): Piece {
    const { task } = this;
    const expanded = statesOf(task, task.parent, page, page.objects);
    const cut = this.expand();
    const listed = expanded.map((state) => asDelivered(state, cut, EXPANDED_IDS[task.type.object] ?? []));
    const step = this.stepAfter(page, isHungry);
    return { task, listed, expanded: cut.length === 0 ? listed : expanded, requests: this.meter.take(), step };
  }

  /** Moves on past what Stripe's answer says about the question, not about the list. */
  canGoOnAfter(error: unknown): boolean {
    const failure = listFailureOf(error);
    const refused = failure === 'refused' ? expansionsRefused(error, this.expand()) : [];
    if (refused.length > 0) {
      // Without the permission for what is included all is refused; the list by itself may be allowed.
      const without = [...(this.cursor.without ?? []), ...refused];
      this.reason = `without ${without.join(', ')}: ${reasonOf(error)}`;
      this.cursor = { ...this.cursor, without };
      return true;
    }
    if (failure !== 'place_lost' || this.cursor.next === null || ++this.lost > PLACES_LOST_MAX) return false;
    const { reached, without } = this.cursor;
    if (this.rule.byCreated && reached !== undefined) this.window = { ...this.window, to: reached + 1 };
    this.cursor = { next: null, without };
    return true;
  }

  private stepAfter(page: StripePage, isHungry: () => boolean): TaskStep {
    const created = page.objects.map(createdOf).filter((seconds) => seconds !== null);
    this.newest ??= created[0] ?? null;
    this.objects += page.objects.length;
    const { without, reached: before } = this.cursor;
    const reached = created.at(-1) ?? before;
    this.cursor = { next: page.next, ...(reached !== undefined && { reached }), ...(without && { without }) };
    const found = page.next === null || !isHungry() ? [] : this.olderHalf();
    return {
      state: page.next === null ? 'done' : 'open',
      reason: this.reason,
      cursor: this.cursor,
      createdFrom: this.window.from,
      createdTo: this.window.to,
      remaining: page.next === null ? 0 : this.pagesLeft(),
      found,
    };
  }

  /** Gives the older half of what is left away, when it is worth it. */
  private olderHalf(): FoundTask[] {
    const progress = this.progress();
    const cut = progress === null ? null : cutOf(progress, PAGE_SIZE);
    if (cut === null) return [];
    const { task, window } = this;
    const remaining = Math.max(1, Math.floor((this.pagesLeft() ?? 2) / 2));
    const found: FoundTask = {
      ...{ account: task.account, table: task.type.table, rule: task.ruleIndex, parent: task.parent, after: [] },
      ...{ createdFrom: window.from, createdTo: cut, remaining },
      cursor: this.cursor.without === undefined ? null : { next: null, without: this.cursor.without },
    };
    this.window = { from: cut, to: window.to };
    return [found];
  }

  /** At least one, as the list said that it goes on; null where it cannot be told. */
  private pagesLeft(): number | null {
    const progress = this.progress();
    return progress === null ? null : Math.max(1, Math.ceil(objectsLeft(progress) / PAGE_SIZE));
  }

  private progress() {
    const { rule, newest, cursor, window, objects, task } = this;
    if (!rule.byCreated || newest === null || cursor.reached === undefined) return null;
    return { ...window, newest, reached: cursor.reached, objects, floor: task.floorSeconds };
  }
}

/** What a list shows, each under the id by which it is kept; what has none cannot be. */
export function statesOf(
  task: ClaimedTask,
  parent: string | null,
  answer: { stampSeconds: number; apiVersion: string },
  objects: readonly StripeData[],
): Snapshot[] {
  return objects.flatMap((data) => {
    const type = data.object === task.type.object ? task.type : typeToKeep(task.type, data);
    const id = type.identify(data);
    if (id === null) return [];
    const state = snapshotOf({ workspaceId: task.job.workspaceId, account: task.account, type, id }, answer, data);
    return [type.hasParent ? { ...state, parent } : state];
  });
}

/** A list may hold another type than its own name says; an object that does not say what it is belongs to the list. */
function typeToKeep(own: StripeObjectType, data: StripeData): StripeObjectType {
  return typeof data.object === 'string' ? typeOfObject(data.object) : own;
}

/** The state as an event would carry it: without what was included, and with ids where the objects came in their place. */
function asDelivered(state: Snapshot, expanded: readonly string[], asIds: readonly string[]): Snapshot {
  if (expanded.length === 0) return state;
  const data = { ...state.data };
  for (const field of expanded) {
    if (!asIds.includes(field)) delete data[field];
    else if (Array.isArray(data[field])) data[field] = data[field].map((one: unknown) => refId(one) ?? one);
  }
  return { ...state, data };
}

function createdOf(data: StripeData): number | null {
  return isObject(data) && typeof data.created === 'number' ? data.created : null;
}
