import { Injectable } from '@nestjs/common';
import type { EntityManager, QueryDeepPartialEntity } from 'typeorm';
import { Payout } from './payout.entity.js';
import { requireTransition, type PayoutState } from './payout-states.js';

/** Which payout is changed, and on what condition: it is in `state`, and held under `leaseToken` where that is given. */
export interface Held {
  workspaceId: string;
  id: string;
  state: PayoutState;
  leaseToken?: string | null;
}

const INSERT_ROWS = 1_000;

export type PayoutPatch = Omit<QueryDeepPartialEntity<Payout>, 'state' | 'workspaceId' | 'id'>;

/** The statements that change payouts. A state is never changed but from the one that was seen. */
@Injectable()
export class PayoutsRepository {
  /** The payout, locked until the transaction ends; null when the workspace has none of that id. */
  async lock(workspaceId: string, id: string, tx: EntityManager): Promise<Payout | null> {
    return tx.getRepository(Payout).findOne({ where: { workspaceId, id }, lock: { mode: 'pessimistic_write' } });
  }

  /** False when it is not in that state, or not under that token, any more; then nothing was changed. */
  async move(held: Held, to: PayoutState, patch: PayoutPatch, tx: EntityManager): Promise<boolean> {
    requireTransition(held.state, to);
    const { workspaceId, id, state, leaseToken } = held;
    const update = tx
      .createQueryBuilder()
      .update(Payout)
      .set({ leaseToken: null, ...patch, state: to })
      .where('workspace_id = :workspaceId AND id = :id AND state = :state', { workspaceId, id, state });
    if (typeof leaseToken === 'string') update.andWhere('lease_token = :leaseToken', { leaseToken });
    const { affected } = await update.execute();
    return affected === 1;
  }

  /** The same for many at once. Answers how many were in that state. */
  async moveAll(
    workspaceId: string,
    ids: readonly string[],
    from: PayoutState,
    to: PayoutState,
    tx: EntityManager,
  ): Promise<number> {
    requireTransition(from, to);
    const [, count] = (await tx.query(
      `UPDATE tributary.payout SET state = $4 WHERE workspace_id = $1 AND id = ANY($2) AND state = $3`,
      [workspaceId, ids, from, to],
    )) as [unknown, number];
    return count;
  }

  /** In one statement per thousand, so that a large run stays below the protocol's number of parameters. */
  async insertDrafts(payouts: readonly Payout[], tx: EntityManager): Promise<void> {
    for (let start = 0; start < payouts.length; start += INSERT_ROWS) {
      // Copies, because TypeORM writes the columns' defaults back into what it is given, as the driver's text.
      await tx.getRepository(Payout).insert(payouts.slice(start, start + INSERT_ROWS).map((payout) => ({ ...payout })));
    }
  }

  /** New amounts of drafts; what was approved is never changed. */
  async setAmounts(workspaceId: string, amounts: ReadonlyMap<string, number>, tx: EntityManager): Promise<void> {
    await tx.query(
      `UPDATE tributary.payout p SET amount_minor = u.amount
         FROM unnest($2::text[], $3::bigint[]) AS u(id, amount)
        WHERE p.workspace_id = $1 AND p.id = u.id AND p.state = 'draft'`,
      [workspaceId, [...amounts.keys()], [...amounts.values()]],
    );
  }

  /** Freezes drafts with the method and destination they will be paid by. Answers how many were drafts. */
  async approve(
    workspaceId: string,
    payouts: ReadonlyArray<Pick<Payout, 'id' | 'method' | 'destination'>>,
    at: Date,
    tx: EntityManager,
  ): Promise<number> {
    requireTransition('draft', 'approved');
    const [, count] = (await tx.query(
      `UPDATE tributary.payout p
          SET state = 'approved', method = u.method, destination = u.destination, approved_at = $5, available_at = now()
         FROM unnest($2::text[], $3::text[], $4::text[]) AS u(id, method, destination)
        WHERE p.workspace_id = $1 AND p.id = u.id AND p.state = 'draft'`,
      [
        workspaceId,
        payouts.map(({ id }) => id),
        payouts.map(({ method }) => method),
        payouts.map(({ destination }) => destination),
        at,
      ],
    )) as [unknown, number];
    return count;
  }
}
