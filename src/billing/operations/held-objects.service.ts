import { Injectable } from '@nestjs/common';
import type { EntityTarget } from 'typeorm';
import { DomainError } from '../../common/errors.js';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { toDomainError } from '../../stripe/failure.js';
import { BillingReader } from '../billing-reader.service.js';
import { snapshotOf, StripeFetcher, type ListAddress } from '../mirror/stripe-fetcher.js';
import { typeOfObject } from '../objects/registry.js';
import type { StripeData, StripeModel } from '../objects/stripe-model.entity.js';
import { AnswerKeeper } from './answer-keeper.service.js';
import type { WrittenObject } from './stripe-writer.service.js';

export interface Wanted {
  workspaceId: string;
  id: string;
  /** Without it the workspace's own object goes before a connected account's of the same id. */
  account?: string;
}

/** The objects that an operation is about, and those that it has changed beside its answer. */
@Injectable()
export class HeldObjects {
  constructor(
    private readonly reader: BillingReader,
    private readonly fetcher: StripeFetcher,
    private readonly keeper: AnswerKeeper,
    private readonly stripe: StripeGateway,
  ) {}

  /** The mirror's row; Stripe is not asked. Errors: `object_not_found`. */
  async get<T extends StripeModel>(model: EntityTarget<T>, table: string, wanted: Wanted): Promise<T> {
    const row = await this.reader.find(model, wanted.workspaceId, wanted.id, wanted.account);
    if (row === null) throw notHeld(table, wanted, 'the mirror has no');
    return row;
  }

  /** The mirror's row; one that it lacks is asked for at Stripe. Errors: `object_not_found`, which says who was asked. */
  async getOrFetch<T extends StripeModel>(model: EntityTarget<T>, table: string, wanted: Wanted): Promise<T> {
    const { workspaceId, id, account } = wanted;
    const row = await this.reader.find(model, workspaceId, id, account);
    if (row !== null) return row;
    if (!this.stripe.isConfigured(workspaceId)) throw notHeld(table, wanted, 'the mirror has no');
    try {
      const type = this.reader.typeOf(table);
      await this.keeper.keep([await this.fetcher.fetchObject({ workspaceId, account: account ?? '', type, id })]);
    } catch (error) {
      const refusal = toDomainError(error);
      if (refusal.kind === 'not_found') throw notHeld(table, wanted, 'neither the mirror nor Stripe has', error);
      throw refusal;
    }
    return this.get(model, table, wanted);
  }

  /** Where a write to the object goes: the account that is named, or the one under which the mirror holds it. */
  async addressOf(table: string, { workspaceId, id, account }: Wanted): Promise<WrittenObject> {
    const type = this.reader.typeOf(table);
    const row = await this.reader.find(type.model, workspaceId, id, account);
    return { type, id, account: row?.account ?? account ?? '', known: row?.data };
  }

  /** Asks Stripe for a whole list and keeps it. */
  async takeIn(list: ListAddress): Promise<StripeData[]> {
    const { workspaceId, account } = list;
    const page = await this.fetcher.fetchList(list).catch((error: unknown) => {
      throw toDomainError(error);
    });
    const snapshots = page.objects.map((data) =>
      snapshotOf({ workspaceId, account, type: typeOfObject(data.object), id: String(data.id) }, page, data),
    );
    if (snapshots.length > 0) await this.keeper.keep(snapshots);
    return page.objects;
  }
}

function notHeld(table: string, { id, account }: Wanted, who: string, cause?: unknown): DomainError {
  const where = account === undefined || account === '' ? '' : ` of account ${account}`;
  return new DomainError('not_found', 'object_not_found', `${who} ${id} among the ${table}${where}`, {
    field: 'id',
    cause,
  });
}
