import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { PartnerCaller } from '../../access/current-caller.js';
import { labelOf, type CustomerLabel } from './customer-label.js';

interface PersonRow {
  id: string;
  name: string | null;
  email: string | null;
}

/** Who customers are, as far as a partner may see. */
@Injectable()
export class CustomerLabels {
  constructor(private readonly db: DataSource) {}

  /** By the customer's id; one for each that is asked for. */
  async of(
    { workspaceId, customerNames }: PartnerCaller,
    customerIds: readonly string[],
  ): Promise<(customerId: string) => CustomerLabel> {
    const rows = await this.db.query<PersonRow[]>(PERSONS, [workspaceId, [...new Set(customerIds)]]);
    const persons = new Map(rows.map((row) => [row.id, row]));
    return (id) => labelOf(id, persons.get(id) ?? { name: null, email: null }, customerNames);
  }
}

// A guest's checkout session stands for its missing customer.
const PERSONS = `
  SELECT person.id, person.email, named.name
    FROM tributary.referred_customer person
    LEFT JOIN LATERAL (
      SELECT coalesce(c.data->>'name', s.data#>>'{customer_details,name}') AS name
        FROM tributary.customer_link l
        LEFT JOIN stripe.customers c ON c.workspace_id = l.workspace_id AND c.account = l.account AND c.id = l.stripe_customer_id
        LEFT JOIN stripe.checkout_sessions s ON s.workspace_id = l.workspace_id AND s.account = l.account AND s.id = l.stripe_customer_id
       WHERE l.workspace_id = person.workspace_id AND l.customer_id = person.id
         AND coalesce(c.data->>'name', s.data#>>'{customer_details,name}') IS NOT NULL
       ORDER BY l.stripe_customer_id LIMIT 1) AS named ON true
   WHERE person.workspace_id = $1 AND person.id = ANY($2::text[])`;
