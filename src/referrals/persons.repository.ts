import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { CLICK_METADATA_KEY, CODE_METADATA_KEYS } from './evidence.repository.js';
import { ReferredCustomer } from './referred-customer.entity.js';
import { lockByName } from '../database/named-lock.js';

/** Who a Stripe customer (or a guest's checkout session) is among the referred, and the locks under which that is decided. */
@Injectable()
export class PersonsRepository {
  constructor(private readonly clock: Clock) {}

  /**
   * Waits until nobody else settles this Stripe customer, until the end of the transaction. Always taken before `lockPerson`,
   * so that two settlings cannot wait for each other.
   */
  async lockStripeCustomer(workspaceId: string, stripeCustomerId: string, tx: EntityManager): Promise<void> {
    await lockByName(`stripe-customer/${workspaceId}/${stripeCustomerId}`, tx);
  }

  async lockPerson(workspaceId: string, customerId: string, tx: EntityManager): Promise<void> {
    await lockByName(`person/${workspaceId}/${customerId}`, tx);
  }

  async find(workspaceId: string, stripeCustomerId: string, tx: EntityManager): Promise<string | null> {
    const [link] = (await tx.query(
      `SELECT customer_id FROM tributary.customer_link WHERE workspace_id = $1 AND account = '' AND stripe_customer_id = $2`,
      [workspaceId, stripeCustomerId],
    )) as Array<{ customer_id: string }>;
    return link?.customer_id ?? null;
  }

  /** The same, with the person's lock. */
  private async findLocked(workspaceId: string, stripeCustomerId: string, tx: EntityManager): Promise<string | null> {
    const [link] = (await tx.query(
      `SELECT customer_id, pg_advisory_xact_lock(hashtextextended('person/' || workspace_id || '/' || customer_id, 0))
         FROM tributary.customer_link WHERE workspace_id = $1 AND account = '' AND stripe_customer_id = $2`,
      [workspaceId, stripeCustomerId],
    )) as Array<{ customer_id: string }>;
    return link?.customer_id ?? null;
  }

  /**
   * The person behind a Stripe customer, with the lock of one that is known, made when something ties the customer to a code: the one whose click or sign-up a
   * checkout names first, else a new one. A click's id stands in a link that people pass on, so that a second customer who
   * names it is somebody else until the company says otherwise. Null when nothing does, so that customers whom nobody referred leave no trace here.
   */
  async findOrMake(
    workspaceId: string,
    stripeCustomerId: string,
    tx: EntityManager,
  ): Promise<{ customerId: string; isNewLink: boolean } | null> {
    const known = await this.findLocked(workspaceId, stripeCustomerId, tx);
    if (known !== null) return { customerId: known, isNewLink: false };
    if ((await this.tied(workspaceId, [stripeCustomerId], tx)).length === 0) return null;
    const tracked = await this.trackedBy(workspaceId, stripeCustomerId, tx);
    if (tracked === null) return { customerId: await this.makeFor(workspaceId, stripeCustomerId, tx), isNewLink: true };
    await link(workspaceId, stripeCustomerId, tracked, tx);
    await tx.query(PASS_ERASURE_ON, [workspaceId, stripeCustomerId, tracked]);
    return { customerId: tracked, isNewLink: true };
  }

  /** A new person for a Stripe customer who is linked to nobody. Needs the lock on the Stripe customer. */
  async makeFor(workspaceId: string, stripeCustomerId: string, tx: EntityManager): Promise<string> {
    const customerId = await this.make(workspaceId, tx);
    await link(workspaceId, stripeCustomerId, customerId, tx);
    return customerId;
  }

  /** Those of the Stripe customers that are linked, or that something ties to a click or a code; cheap enough for every event. */
  async tied(workspaceId: string, stripeCustomerIds: readonly string[], tx: EntityManager): Promise<string[]> {
    const rows = (await tx.query(TIED, [
      workspaceId,
      [...stripeCustomerIds],
      [CLICK_METADATA_KEY, ...CODE_METADATA_KEYS],
    ])) as Array<{ id: string }>;
    return rows.map((row) => row.id);
  }

  private async trackedBy(workspaceId: string, stripeCustomerId: string, tx: EntityManager): Promise<string | null> {
    const [row] = (await tx.query(
      `SELECT t.customer_id FROM stripe.checkout_sessions s
         JOIN tributary.referral_tracking t ON t.workspace_id = s.workspace_id AND t.id = s.client_reference_id
        WHERE s.workspace_id = $1 AND s.account = '' AND (s.customer = $2 OR s.id = $2) AND t.customer_id IS NOT NULL
          AND coalesce(s.status, 'complete') = 'complete'
          AND NOT EXISTS (SELECT 1 FROM tributary.customer_link l WHERE l.workspace_id = $1 AND l.customer_id = t.customer_id)
        ORDER BY s.created, s.id LIMIT 1`,
      [workspaceId, stripeCustomerId],
    )) as Array<{ customer_id: string }>;
    return row?.customer_id ?? null;
  }

  private async make(workspaceId: string, tx: EntityManager): Promise<string> {
    const id = newId('customer');
    await tx
      .getRepository(ReferredCustomer)
      .insert({ workspaceId, id, externalId: null, email: null, createdAt: this.clock.now() });
    return id;
  }
}

async function link(
  workspaceId: string,
  stripeCustomerId: string,
  customerId: string,
  tx: EntityManager,
): Promise<void> {
  await tx.query(
    `INSERT INTO tributary.customer_link (workspace_id, account, stripe_customer_id, customer_id) VALUES ($1, '', $2, $3)`,
    [workspaceId, stripeCustomerId, customerId],
  );
}

// What turns out to be of a person who was erased is gone through by the worker that erases.
const PASS_ERASURE_ON = `
  INSERT INTO tributary.customer_erasure (workspace_id, account, customer_id, due_at)
  SELECT workspace_id, '', $2, now() FROM tributary.person_erasure WHERE workspace_id = $1 AND customer_id = $3
  ON CONFLICT DO NOTHING`;

// Each part goes by an index over the customers in question; as one condition with OR, the planner would read whole tables.
const NAMES_A_CODE = `(s.client_reference_id ~ '^(click|referral)_' OR s.data->'metadata' ?| $3
      OR jsonb_path_exists(s.data, '$.discounts[*].promotion_code ? (@ != null)'))
     AND coalesce(s.status, 'complete') = 'complete'`;

const TIED = `
  SELECT stripe_customer_id AS id FROM tributary.customer_link
   WHERE workspace_id = $1 AND account = '' AND stripe_customer_id = ANY($2)
  UNION
  SELECT s.customer FROM stripe.checkout_sessions s
   WHERE s.workspace_id = $1 AND s.account = '' AND s.customer = ANY($2) AND ${NAMES_A_CODE}
  UNION
  SELECT s.id FROM stripe.checkout_sessions s
   WHERE s.workspace_id = $1 AND s.account = '' AND s.id = ANY($2) AND ${NAMES_A_CODE}
  UNION
  SELECT customer FROM stripe.discounts
   WHERE workspace_id = $1 AND account = '' AND customer = ANY($2) AND promotion_code IS NOT NULL
  UNION
  SELECT id FROM stripe.customers
   WHERE workspace_id = $1 AND account = '' AND id = ANY($2) AND data->'metadata' ?| $3
  UNION
  SELECT customer FROM stripe.subscriptions
   WHERE workspace_id = $1 AND account = '' AND customer = ANY($2) AND data->'metadata' ?| $3`;
