import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/**
 * Stripe customers that say themselves who they are: the company wrote its own id of a person into their metadata, or into
 * their subscription's. Only those count that are not tied to that person yet and not to another one whom the company named.
 */
@Injectable()
export class ToldNames {
  /** The own id of the person whom the Stripe customer names, when that person is known here. */
  async nameOf(workspaceId: string, stripeCustomerId: string, tx: EntityManager): Promise<string | null> {
    const [row] = await this.ask(OF_CUSTOMERS, [workspaceId, [stripeCustomerId]], tx);
    return row?.ref ?? null;
  }

  /** Those of the Stripe customers that name somebody who is known here. */
  async naming(workspaceId: string, stripeCustomerIds: readonly string[], tx: EntityManager): Promise<string[]> {
    const rows = await this.ask(OF_CUSTOMERS, [workspaceId, [...stripeCustomerIds]], tx);
    return rows.map((row) => row.stripe_customer_id);
  }

  /** The Stripe customers that name the person. */
  async customersNaming(workspaceId: string, customerId: string, tx: EntityManager): Promise<string[]> {
    const rows = await this.ask(OF_PERSON, [workspaceId, customerId], tx);
    return rows.map((row) => row.stripe_customer_id);
  }

  private async ask(sql: string, parameters: unknown[], tx: EntityManager): Promise<NamedRow[]> {
    return (await tx.query(sql, parameters)) as NamedRow[];
  }
}

interface NamedRow {
  stripe_customer_id: string;
  ref: string;
}

// What is written on the customer goes before what is written on a subscription. Who was erased is joined to nobody.
const UNTIED = `
  SELECT named.stripe_customer_id, named.ref FROM named
    JOIN tributary.referred_customer person ON person.workspace_id = $1 AND person.external_id = named.ref
    LEFT JOIN tributary.customer_link link
      ON link.workspace_id = $1 AND link.account = '' AND link.stripe_customer_id = named.stripe_customer_id
    LEFT JOIN tributary.referred_customer held ON held.workspace_id = $1 AND held.id = link.customer_id
   WHERE link.customer_id IS DISTINCT FROM person.id AND held.external_id IS NULL
     AND NOT EXISTS (SELECT 1 FROM tributary.person_erasure gone WHERE gone.workspace_id = $1 AND gone.customer_id = held.id)
   ORDER BY named.place, named.ref`;

const OF_CUSTOMERS = `
  WITH named AS (
    SELECT 1 AS place, id AS stripe_customer_id, ref FROM stripe.customers
     WHERE workspace_id = $1 AND account = '' AND id = ANY($2) AND ref IS NOT NULL
    UNION ALL
    SELECT 2, customer, ref FROM stripe.subscriptions
     WHERE workspace_id = $1 AND account = '' AND customer = ANY($2) AND ref IS NOT NULL)
  ${UNTIED}`;

const OF_PERSON = `
  WITH told AS (SELECT external_id AS ref FROM tributary.referred_customer WHERE workspace_id = $1 AND id = $2),
  named AS (
    SELECT 1 AS place, c.id AS stripe_customer_id, c.ref FROM stripe.customers c JOIN told USING (ref)
     WHERE c.workspace_id = $1 AND c.account = ''
    UNION ALL
    SELECT 2, s.customer, s.ref FROM stripe.subscriptions s JOIN told USING (ref)
     WHERE s.workspace_id = $1 AND s.account = '' AND s.customer IS NOT NULL)
  ${UNTIED}`;
