import { Injectable } from '@nestjs/common';
import { DomainError } from '../../common/errors.js';
import { BillingReader } from '../billing-reader.service.js';
import { Customer } from '../objects/customer.entity.js';
import { typeOfObject } from '../objects/registry.js';
import type { PurgedCustomerView } from './customers.dto.js';
import type { ErasedCustomer } from './customers-eraser.service.js';
import { CustomerErasures } from './customers-erasures.service.js';
import { StripeWriter } from './stripe-writer.service.js';
import type { WriteCall } from './write-call.js';

/**
 * Erases a customer's person. The customer is deleted at Stripe, the erasure is noted for good, then our copy is gone
 * through; whatever comes later passes the same rules on its way in. Cut off at any point, it is simply repeated.
 */
@Injectable()
export class CustomersPurge {
  constructor(
    private readonly reader: BillingReader,
    private readonly writer: StripeWriter,
    private readonly erasures: CustomerErasures,
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
    const erased = await this.erasures.eraseCopy(customer, true);
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
}
