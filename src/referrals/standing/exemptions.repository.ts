import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { EntityManager } from 'typeorm';
import { CustomerExemption } from './customer-exemption.entity.js';

/** Metadata of a customer, subscription, checkout session or invoice that keep what belongs to it from earning. */
export const EXEMPT_METADATA_KEY = 'referral';
export const EXEMPT_METADATA_VALUE = 'false';

@Injectable()
export class Exemptions {
  /** What of the person's is exempt now, and whether that is news. Needs the person's lock. Safe to repeat. */
  async note(
    workspaceId: string,
    customerId: string,
    tx: EntityManager,
  ): Promise<{ exempt: ReadonlySet<string>; changed: boolean }> {
    const [row] = await tx.query<[{ ids: string[]; held: string[] | null }]>(EXEMPT, [workspaceId, customerId]);
    const objectIds = [...row.ids].sort();
    const changed = !isDeepStrictEqual(row.held ?? [], objectIds);
    if (changed)
      await tx
        .getRepository(CustomerExemption)
        .upsert({ workspaceId, customerId, objectIds }, ['workspaceId', 'customerId']);
    return { exempt: new Set(objectIds), changed };
  }
}

const SAYS_NO = `->'metadata'->>'${EXEMPT_METADATA_KEY}' = '${EXEMPT_METADATA_VALUE}'`;

// A session stands for what was bought in it, and for the sign-up that it was.
const EXEMPT = `
  WITH mine AS (
    SELECT stripe_customer_id AS id FROM tributary.customer_link WHERE workspace_id = $1 AND account = '' AND customer_id = $2),
  sessions AS (
    SELECT id, data FROM stripe.checkout_sessions
     WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM mine)
    UNION SELECT id, data FROM stripe.checkout_sessions WHERE workspace_id = $1 AND account = '' AND id IN (SELECT id FROM mine)),
  exempt AS (
    SELECT id FROM stripe.customers
     WHERE workspace_id = $1 AND account = '' AND id IN (SELECT id FROM mine) AND data${SAYS_NO}
    UNION
    SELECT id FROM stripe.subscriptions
     WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM mine) AND data${SAYS_NO}
    UNION
    SELECT bought.id FROM sessions, LATERAL (
      VALUES (sessions.id), (stripe.ref(data->'invoice')), (stripe.ref(data->'subscription')), (stripe.ref(data->'payment_intent'))) AS bought(id)
     WHERE data${SAYS_NO} AND bought.id IS NOT NULL)
  SELECT ARRAY(SELECT id FROM exempt) AS ids,
         (SELECT object_ids FROM tributary.customer_exemption WHERE workspace_id = $1 AND customer_id = $2) AS held`;
