import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { CustomerErasures } from '../billing/operations/customers-erasures.service.js';
import { PersonErasures } from '../referrals/erasure/person-erasures.service.js';
import { PrivacyPersons } from './persons.repository.js';
import { PrivacyLog } from './privacy-log.service.js';
import type { ErasedCustomerView } from './privacy.dto.js';

/** Erases a referred person: here, not at Stripe. What was sold and earned stays, and says nothing of who it was. */
@Injectable()
export class PersonEraser {
  constructor(
    private readonly db: DataSource,
    private readonly persons: PrivacyPersons,
    private readonly erasures: PersonErasures,
    private readonly copies: CustomerErasures,
    private readonly log: PrivacyLog,
  ) {}

  /** Safe to repeat; cut off at any point, it is simply repeated. Errors: `customer_not_found`. */
  async erase(caller: Caller, id: string): Promise<ErasedCustomerView> {
    const { workspaceId } = caller;
    const { person, stripeCustomers } = await this.persons.require(workspaceId, id);
    await this.log.record('erasure', caller, id);
    // Before they are gone from the mirror.
    const names = await this.persons.namesOf(workspaceId, stripeCustomers);
    const erasedAt = await this.db.transaction((tx) => this.erasures.erase(person, names, tx));
    const counts = { rows: 0, events: 0 };
    for (const customer of stripeCustomers) {
      const { rows, events } = await this.copies.eraseCopy(customer, false);
      counts.rows += rows;
      counts.events += events;
    }
    const stripeCustomerIds = stripeCustomers.map(({ customerId }) => customerId);
    return { customerId: id, erasedAt: erasedAt.toISOString(), stripeCustomerIds, ...counts };
  }
}
