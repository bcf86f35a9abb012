import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ErasedCustomer } from '../billing/operations/customers-eraser.service.js';
import { notFound } from '../common/errors.js';
import { CustomerLink } from '../referrals/customer-link.entity.js';
import { ReferredCustomer } from '../referrals/referred-customer.entity.js';

/** A person whom the company asks about, and their customers at Stripe. */
export interface Person {
  person: ReferredCustomer;
  /** By account, then id; a guest's checkout session stands for its missing customer. */
  stripeCustomers: ErasedCustomer[];
}

@Injectable()
export class PrivacyPersons {
  constructor(private readonly db: DataSource) {}

  /** Errors: `customer_not_found`. */
  async require(workspaceId: string, id: string): Promise<Person> {
    const person = await this.db.getRepository(ReferredCustomer).findOneBy({ workspaceId, id });
    if (person === null) throw notFound('customer', id, 'id');
    const links = await this.db.getRepository(CustomerLink).find({
      where: { workspaceId, customerId: id },
      order: { account: 'ASC', stripeCustomerId: 'ASC' },
    });
    const stripeCustomers = links.map(({ account, stripeCustomerId }) => ({
      workspaceId,
      account,
      customerId: stripeCustomerId,
    }));
    return { person, stripeCustomers };
  }

  /** Texts by which the person is known at Stripe: names, addresses of mail, numbers. */
  async namesOf(workspaceId: string, stripeCustomers: readonly ErasedCustomer[]): Promise<string[]> {
    const rows = await this.db.query<Array<{ name: string }>>(NAMES, [
      workspaceId,
      stripeCustomers.map(({ customerId }) => customerId),
    ]);
    return rows.map(({ name }) => name);
  }
}

const NAMES = `
  WITH told AS (
    SELECT data->>'name' AS name, data->>'email' AS email, data->>'phone' AS phone FROM stripe.customers
     WHERE workspace_id = $1 AND account = '' AND id = ANY($2::text[])
    UNION ALL
    SELECT data#>>'{customer_details,name}', data#>>'{customer_details,email}', data#>>'{customer_details,phone}'
      FROM stripe.checkout_sessions
     WHERE workspace_id = $1 AND account = '' AND (id = ANY($2::text[]) OR customer = ANY($2::text[])))
  SELECT DISTINCT name FROM (
    SELECT name FROM told UNION ALL SELECT email FROM told UNION ALL SELECT phone FROM told) AS texts
   WHERE name IS NOT NULL`;
