import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { at } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { CustomerEraser, type ErasedCustomer, type ErasureCount } from './customers-eraser.service.js';
import { REF_METADATA_KEY } from './customers-refs.service.js';

/** States that were on their way while the rows were gone through are found by going through them once more. */
const SECOND_LOOK = '1 minute';

/** Notes for good that a customer's person is erased, and takes the person out of what is held here. */
@Injectable()
export class CustomerErasures {
  constructor(
    private readonly db: DataSource,
    private readonly eraser: CustomerEraser,
  ) {}

  /** Of the copy alone: nobody asks Stripe. Cut off at any point, it is simply repeated. */
  async eraseCopy(customer: ErasedCustomer, isDeletedAtStripe: boolean): Promise<ErasureCount> {
    const written = await this.refWrittenOn(customer);
    await this.note(customer, isDeletedAtStripe);
    const erased = await this.eraser.erase(customer);
    await this.forgetRefs(customer, written);
    return erased;
  }

  private async note({ workspaceId, account, customerId }: ErasedCustomer, isDeleted: boolean): Promise<void> {
    await this.db.query(
      `INSERT INTO tributary.customer_erasure (workspace_id, account, customer_id, deleted_at, due_at)
       VALUES ($1, $2, $3, CASE WHEN $5 THEN now() END, now() + $4::interval)
       ON CONFLICT (workspace_id, account, customer_id)
       DO UPDATE SET due_at = excluded.due_at, deleted_at = coalesce(customer_erasure.deleted_at, excluded.deleted_at)`,
      [workspaceId, account, customerId, SECOND_LOOK, isDeleted],
    );
  }

  private async refWrittenOn({ workspaceId, account, customerId }: ErasedCustomer): Promise<unknown> {
    const [row] = await this.db.query<Array<{ data: StripeData }>>(
      `SELECT data FROM stripe.customers WHERE workspace_id = $1 AND account = $2 AND id = $3`,
      [workspaceId, account, customerId],
    );
    return row && at(row.data, 'metadata', REF_METADATA_KEY);
  }

  /**
   * Under the company's own id a new customer may be made; what was to be made of the old one holds its data. An intent that
   * was cut off before its link is known by what is written on the customer.
   */
  private async forgetRefs({ workspaceId, account, customerId }: ErasedCustomer, written: unknown): Promise<void> {
    const [gone] = (await this.db.query(
      `DELETE FROM tributary.customer_ref WHERE workspace_id = $1 AND account = $2 AND customer_id = $3 RETURNING ref`,
      [workspaceId, account, customerId],
    )) as [Array<{ ref: string }>, number];
    await this.db.query(
      `DELETE FROM tributary.customer_intent WHERE workspace_id = $1 AND account = $2 AND ref = ANY($3::text[])`,
      [workspaceId, account, [...gone.map(({ ref }) => ref), ...(typeof written === 'string' ? [written] : [])]],
    );
  }
}
