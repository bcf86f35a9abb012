import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DomainError } from '../../common/errors.js';
import { toDomainError } from '../../stripe/failure.js';
import { BillingReader } from '../billing-reader.service.js';
import type { ChangedObjectView, ResyncedObjectView, SkippedListView } from '../dto/billing.dto.js';
import { MirrorWriter } from '../mirror/mirror-writer.js';
import { SettleQueue } from '../mirror/settle-queue.js';
import { childOf, RANK_FETCHED, type Snapshot } from '../mirror/snapshot.js';
import { StripeFetcher, type ObjectAddress } from '../mirror/stripe-fetcher.js';
import type { EmbeddedRule, StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES } from '../objects/registry.js';
import { AnswerKeeper } from './answer-keeper.service.js';

/** Refusals of one list that say nothing about the others: not allowed, not for this object, not there. */
const SKIPPED_KINDS = new Set(['forbidden', 'not_found', 'unprocessable']);

/** All that Stripe answers about one object. */
interface Gathered {
  subject: Snapshot;
  states: Snapshot[];
  /** The object with its owned lists whole, when they could be had. */
  complete: Snapshot | null;
  skipped: SkippedListView[];
}

/** Asks Stripe for one object and for everything that is listed below it, whatever the mirror holds. */
@Injectable()
export class ObjectsResync {
  constructor(
    private readonly db: DataSource,
    private readonly reader: BillingReader,
    private readonly fetcher: StripeFetcher,
    private readonly keeper: AnswerKeeper,
    private readonly mirror: MirrorWriter,
    private readonly settling: SettleQueue,
  ) {}

  /** What Stripe no longer has becomes a tombstone; what neither has is `object_not_found`. */
  async resync(workspaceId: string, table: string, id: string, account?: string): Promise<ResyncedObjectView> {
    const type = this.reader.typeOf(table);
    const row = await this.reader.find(type.model, workspaceId, id, account);
    const address = { workspaceId, account: account ?? row?.account ?? '', type, id, known: row?.data };
    const subject = await this.keeper.fetchOrBury(address, Math.floor(Date.now() / 1_000));
    if (subject.deleted && row === null) throw knownNowhere(table, id);

    const gathered = subject.deleted
      ? { subject, states: [subject], complete: null, skipped: [] }
      : await this.gather(subject);
    const changed = await this.db.transaction((tx) => this.write(gathered, tx));
    this.settling.announce();
    const object = await this.reader.get(workspaceId, table, id, address.account);
    return { object, changed, skipped: gathered.skipped };
  }

  private async gather(subject: Snapshot): Promise<Gathered> {
    const gathered: Gathered = { subject, states: [subject], complete: null, skipped: [] };
    for (const rule of subject.type.embedded) if (rule.list !== undefined) await this.addMembers(rule, gathered);
    for (const { type, path } of listsBelow(subject.type)) {
      await this.orSkip(fill(path, subject.id), gathered, async () => {
        const parent = type.hasParent ? subject.id : null;
        gathered.states.push(...(await this.members(fill(path, subject.id), subject, parent)));
      });
    }
    return gathered;
  }

  private async addMembers(rule: EmbeddedRule, gathered: Gathered): Promise<void> {
    const { subject } = gathered;
    const path = fill(String(rule.list), subject.id);
    await this.orSkip(path, gathered, async () => {
      const members = await this.members(path, subject, rule.owned ? subject.id : null);
      gathered.states.push(...members, ...(await this.goneFrom(rule, subject, members)));
      if (!rule.owned) return;
      const whole = { object: 'list', data: members.map(({ data }) => data), has_more: false };
      const base = gathered.complete ?? subject;
      gathered.complete = { ...base, data: { ...base.data, [rule.field]: whole } };
    });
  }

  private async members(path: string, subject: Snapshot, parent: string | null): Promise<Snapshot[]> {
    const { workspaceId, account } = subject;
    const list = await this.fetcher.fetchList({ workspaceId, account, path }, { priority: 'interactive' });
    const of = { ...subject, stampSeconds: list.stampSeconds, apiVersion: list.apiVersion };
    return list.objects.flatMap((data) => childOf(of, data, { rank: RANK_FETCHED, parent }));
  }

  /** Objects that name this one as theirs and are in its list no more; Stripe says of each whether it is gone. */
  private async goneFrom(rule: EmbeddedRule, subject: Snapshot, members: readonly Snapshot[]): Promise<Snapshot[]> {
    if (rule.owned) return [];
    const present = new Set(members.map(({ id }) => id));
    const types = STRIPE_OBJECT_TYPES.filter(({ object }) => rule.objects.includes(object));
    const held = (await Promise.all(types.map((type) => this.heldBelow(type, subject)))).flat();
    const missing = held.filter(({ id }) => !present.has(id));
    return Promise.all(missing.map((address) => this.keeper.fetchOrBury(address, subject.stampSeconds)));
  }

  private async heldBelow(
    type: StripeObjectType,
    { workspaceId, account, id, type: owner }: Snapshot,
  ): Promise<ObjectAddress[]> {
    const column = this.db.getMetadata(type.model).findColumnWithPropertyName(owner.object);
    if (column === undefined) return [];
    const rows = (await this.db.query(
      `SELECT id, data FROM stripe.${type.table}
        WHERE workspace_id = $1 AND account = $2 AND "${column.databaseName}" = $3 AND deleted_at IS NULL`,
      [workspaceId, account, id],
    )) as Array<{ id: string; data: Record<string, unknown> }>;
    return rows.map((row) => ({ workspaceId, account, type, id: row.id, known: row.data }));
  }

  private async orSkip(path: string, gathered: Gathered, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const refusal = toDomainError(error);
      if (!SKIPPED_KINDS.has(refusal.kind)) throw refusal;
      gathered.skipped.push({ path, code: refusal.code });
    }
  }

  private async write({ subject, states, complete }: Gathered, tx: EntityManager): Promise<ChangedObjectView[]> {
    const before = await versionsOf(subject, states, tx);
    await this.mirror.apply(states, tx);
    if (complete !== null) await this.mirror.buryMissingMembers([complete], tx);
    return differences(before, await versionsOf(subject, states, tx));
  }
}

/** The lists of other types that are read below each object of this one. */
function listsBelow(owner: StripeObjectType): Array<{ type: StripeObjectType; path: string }> {
  return STRIPE_OBJECT_TYPES.flatMap((type) =>
    type.lists.filter((rule) => rule.of === owner.object).map(({ path }) => ({ type, path })),
  );
}

interface Version {
  objects: string;
  id: string;
  content: string;
  deleted: boolean;
}

/** What is held of the states, and of the lists that their subject owns. */
async function versionsOf(
  { workspaceId, account, id, type: { embedded } }: Snapshot,
  states: readonly Snapshot[],
  tx: EntityManager,
): Promise<Map<string, Version>> {
  const isOwned = (type: StripeObjectType): boolean =>
    type.hasParent && embedded.some((rule) => rule.owned && rule.objects.includes(type.object));
  const types = STRIPE_OBJECT_TYPES.filter((type) => isOwned(type) || states.some((state) => state.type === type));
  const versions = new Map<string, Version>();
  for (const type of types) {
    const ids = states.filter((state) => state.type === type).map((state) => state.id);
    const rows = (await tx.query(
      `SELECT id, md5(data::text) AS content, deleted_at IS NOT NULL AS deleted FROM stripe.${type.table}
        WHERE workspace_id = $1 AND account = $2 AND (id = ANY($3::text[]) OR ${type.hasParent ? 'parent' : 'id'} = $4)`,
      [workspaceId, account, ids, id],
    )) as Array<Omit<Version, 'objects'>>;
    for (const row of rows) versions.set(`${type.table}/${row.id}`, { objects: type.table, ...row });
  }
  return versions;
}

function differences(before: ReadonlyMap<string, Version>, after: ReadonlyMap<string, Version>): ChangedObjectView[] {
  return [...after].flatMap(([key, { objects, id, content, deleted }]): ChangedObjectView[] => {
    const held = before.get(key);
    if (held?.content === content && held.deleted === deleted) return [];
    return [{ objects, id, change: deleted ? 'deleted' : held === undefined ? 'created' : 'updated' }];
  });
}

function fill(path: string, id: string): string {
  return path.replaceAll('{id}', encodeURIComponent(id));
}

function knownNowhere(table: string, id: string): DomainError {
  const text = `neither Stripe nor the mirror knows ${id} among the ${table}; it may belong to a connected account (account) or to the other mode`;
  return new DomainError('not_found', 'object_not_found', text, { field: 'id' });
}
