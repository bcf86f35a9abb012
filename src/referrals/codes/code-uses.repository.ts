import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import type { ReferralCode } from '../referral-code.entity.js';
import { ReferralCodeRefusal } from './referral-code-refusal.entity.js';

/** Gives away the uses of codes, in the order in which they are asked for, and never more than there are. */
@Injectable()
export class CodeUses {
  constructor(private readonly clock: Clock) {}

  /**
   * Counts one more customer; false when there is no use left. Two who want the last use wait for each other on the row, and
   * the guard is judged again after the wait: it cannot be given away twice.
   */
  async take({ workspaceId, id }: Pick<ReferralCode, 'workspaceId' | 'id'>, tx: EntityManager): Promise<boolean> {
    const [, counted] = await tx.query<[unknown, number]>(
      `UPDATE tributary.referral_code SET uses = uses + 1
        WHERE workspace_id = $1 AND id = $2 AND (max_uses IS NULL OR uses < max_uses)`,
      [workspaceId, id],
    );
    return counted > 0;
  }

  /** Writes down that a customer came too late. Safe to repeat. */
  async refuse(workspaceId: string, codeId: string, customerId: string, tx: EntityManager): Promise<void> {
    const refusal = { workspaceId, codeId, customerId, refusedAt: this.clock.now() };
    await tx.createQueryBuilder().insert().into(ReferralCodeRefusal).values(refusal).orIgnore().execute();
  }
}
