import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DomainError } from '../../common/errors.js';
import { BillingReader } from '../billing-reader.service.js';
import { Customer } from '../objects/customer.entity.js';
import { typeOfObject } from '../objects/registry.js';
import { at } from '../objects/shapes.js';
import type { PurgedCustomerView } from './customers.dto.js';
import { CustomerEraser, type ErasedCustomer } from './customers-eraser.service.js';
import { REF_METADATA_KEY } from './customers-refs.service.js';
import { StripeWriter } from './stripe-writer.service.js';
import type { WriteCall } from './write-call.js';

/** States that were on their way while the rows were gone through are found by going through them once more. */
const SECOND_LOOK = '1 minute';

/**
 * Erases a customer's person. The customer is deleted at Stripe, the erasure is noted for good, then our copy is gone
 * through; whatever comes later passes the same rules on its way in. Cut off at any point, it is simply repeated.
 */
@Injectable()
export class CustomersPurge {
  constructor(
    private readonly db: DataSource,
    private readonly reader: BillingReader,
    private readonly writer: StripeWriter,
    private readonly eraser: CustomerEraser,
  ) {}

  /** Ids, amounts, times and states stay: what was billed and earned is still true. */
  async purge(call: WriteCall, id: string, account?: string): Promise<PurgedCustomerView> {
    const { workspaceId } = call;
    const row = await this.reader.find(Customer, workspaceId, id, account);
    const customer: ErasedCustomer = { workspaceId, account: account ?? row?.account ?? '', customerId: id };
    const gone = await this.deleteAtStripe(call, customer, row?.deletedAt !== null && row !== null);
    if (gone === 'unknown' && row === null) {
      const text = `neither Stripe nor the mirror knows the customer ${id}`;
      throw new DomainError('not_found', 'object_not_found', text, { field: 'id' });
    }
    await this.note(customer);
    const erased = await this.eraser.erase(customer);
    await this.forgetRefs(customer, row === null ? undefined : at(row.data, 'metadata', REF_METADATA_KEY));
    return { customer: await this.reader.get(workspaceId, 'customers', id, customer.account), erased };
  }

  private async deleteAtStripe(
    call: WriteCall,
    { account, customerId: id }: ErasedCustomer,
    isGone: boolean,
  ): Promise<'deleted' | 'unknown'> {
    if (isGone) return 'deleted';
    try {
      await this.writer.delete(call, { type: typeOfObject('customer'), account, id });
      return 'deleted';
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'not_found') return 'unknown';
      throw error;
    }
  }

  private async note({ workspaceId, account, customerId }: ErasedCustomer): Promise<void> {
    await this.db.query(
      `INSERT INTO tributary.customer_erasure (workspace_id, account, customer_id, deleted_at, due_at)
       VALUES ($1, $2, $3, now(), now() + $4::interval)
       ON CONFLICT (workspace_id, account, customer_id) DO UPDATE SET due_at = excluded.due_at`,
      [workspaceId, account, customerId, SECOND_LOOK],
    );
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
