import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { storableJson } from '../mirror/json-text.js';
import { keptPairsOf } from '../mirror/erasure.js';
import { eventWithoutPerson, withoutPerson, type KeptPairs } from '../mirror/erasure-rules.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES } from '../objects/registry.js';
import type { StripeData } from '../objects/stripe-model.entity.js';

const ROWS_AT_ONCE = 500;

export interface ErasedCustomer {
  workspaceId: string;
  account: string;
  customerId: string;
}

export interface ErasureCount {
  rows: number;
  events: number;
}

/** Columns by which objects name what they belong to, besides the customer itself. */
const VIA = ['charge', 'paymentIntent', 'paymentMethod', 'invoice', 'setupIntent', 'verificationSession'] as const;

/** Takes the person out of what is held of a customer: mirror rows, stored events, answers that are kept for repetitions. */
@Injectable()
export class CustomerEraser {
  constructor(private readonly db: DataSource) {}

  /** Notes, committed, which objects show the person; from then on nothing new of them is kept whole. */
  async markObjects(customer: ErasedCustomer): Promise<void> {
    const { workspaceId, account, customerId } = customer;
    await this.db.transaction(async (tx) => {
      const ids = await this.objectsOf(customer, tx);
      await tx.query(
        `INSERT INTO tributary.erased_object (workspace_id, account, object_id, customer_id)
         SELECT $1, $2, u.id, $3 FROM unnest($4::text[]) AS u(id) ORDER BY u.id ON CONFLICT DO NOTHING`,
        [workspaceId, account, customerId, ids],
      );
    });
  }

  /** Safe to repeat; the second time there is nothing left to do. */
  async erase(customer: ErasedCustomer): Promise<ErasureCount> {
    await this.markObjects(customer);
    const { workspaceId, account, customerId } = customer;
    const marked = (await this.db.query(
      `SELECT object_id AS id FROM tributary.erased_object WHERE workspace_id = $1 AND account = $2 AND customer_id = $3`,
      [workspaceId, account, customerId],
    )) as Array<{ id: string }>;
    const ids = marked.map(({ id }) => id);
    const kept = await keptPairsOf(workspaceId, this.db.manager);
    const counts = { rows: 0, events: 0 };
    for (const type of STRIPE_OBJECT_TYPES) counts.rows += await this.eraseRows(type, customer, ids, kept);
    counts.events = await this.eraseEvents(customer, ids, kept);
    await this.forgetAnswers(customer);
    return counts;
  }

  private async eraseRows(
    type: StripeObjectType,
    { workspaceId, account }: ErasedCustomer,
    ids: string[],
    kept: KeptPairs,
  ): Promise<number> {
    const select = `SELECT id, data FROM stripe.${type.table} WHERE workspace_id = $1 AND account = $2 AND id = ANY($3::text[])
                     ORDER BY id FOR UPDATE`;
    let count = 0;
    for (let from = 0; from < ids.length; from += ROWS_AT_ONCE) {
      count += await this.db.transaction(async (tx) => {
        const rows = (await tx.query(select, [
          workspaceId,
          account,
          ids.slice(from, from + ROWS_AT_ONCE),
        ])) as MirrorRow[];
        const changed = rows
          .map(({ id, data }) => ({ id, before: storableJson(data), after: storableJson(withoutPerson(data, kept)) }))
          .filter(({ before, after }) => before !== after);
        if (changed.length === 0) return 0;
        await tx.query(
          `UPDATE stripe.${type.table} AS held SET data = u.data::jsonb, synced_at = now()
             FROM unnest($3::text[], $4::text[]) AS u(id, data)
            WHERE held.workspace_id = $1 AND held.account = $2 AND held.id = u.id`,
          [workspaceId, account, changed.map(({ id }) => id), changed.map(({ after }) => after)],
        );
        return changed.length;
      });
    }
    return count;
  }

  /**
   * What was signed is no longer there byte for byte; the event stays, and can be replayed. Those that brought no row, as
   * their object has no id (`invoice.upcoming`) or they were never applied, are told by the customer's id in their text.
   */
  private async eraseEvents(
    { workspaceId, account, customerId }: ErasedCustomer,
    ids: string[],
    kept: KeptPairs,
  ): Promise<number> {
    const held = (await this.db.query(
      `SELECT created::text AS created, id FROM tributary.webhook_event
        WHERE workspace_id = $1 AND account = $2 AND object_id = ANY($3::text[]) AND body IS NOT NULL
       UNION SELECT created::text, id FROM tributary.webhook_event
        WHERE workspace_id = $1 AND account = $2 AND object_id IS NULL AND strpos(body, $4) > 0
       UNION SELECT created::text, id FROM tributary.webhook_event
        WHERE workspace_id = $1 AND account = $2 AND state IN ('parked', 'quarantined') AND strpos(body, $4) > 0`,
      [workspaceId, account, ids, JSON.stringify(customerId)],
    )) as Array<{ created: string; id: string }>;
    let count = 0;
    for (const event of held) {
      const key = [workspaceId, event.created, event.id];
      count += await this.db.transaction(async (tx) => {
        const [row] = (await tx.query(
          `SELECT body FROM tributary.webhook_event
            WHERE workspace_id = $1 AND created = $2::timestamptz AND id = $3 AND body IS NOT NULL FOR UPDATE`,
          key,
        )) as Array<{ body: string }>;
        const body = row === undefined ? null : erasedBody(row.body, kept);
        if (body === null) return 0;
        await tx.query(
          `UPDATE tributary.webhook_event SET body = $4 WHERE workspace_id = $1 AND created = $2::timestamptz AND id = $3`,
          [...key, body],
        );
        return 1;
      });
    }
    return count;
  }

  private async forgetAnswers({ workspaceId, customerId }: ErasedCustomer): Promise<void> {
    await this.db.query(
      `DELETE FROM tributary.idempotency_key
        WHERE workspace_id = $1 AND state <> 'in_flight' AND strpos(coalesce(answer, ''), $2) > 0`,
      [workspaceId, customerId],
    );
  }

  /**
   * The customer, what names it, what names that, and the members of their lists; of a guest's checkout session, which stands
   * for a missing customer, what was paid in it. Sorted.
   */
  async objectsOf(customer: ErasedCustomer, tx: EntityManager): Promise<string[]> {
    const found = new Set([customer.customerId, ...(await paidInSession(customer, tx))]);
    const ofCustomer = await this.idsWhere(customer, 'customer', [customer.customerId], tx);
    const checks = await this.idsWhere(customer, 'relatedCustomer', [customer.customerId], tx);
    for (const id of [...ofCustomer, ...checks, ...(await usedMethods(customer, tx))]) found.add(id);
    for (const property of VIA) for (const id of await this.idsWhere(customer, property, [...found], tx)) found.add(id);
    for (const id of await this.idsWhere(customer, 'parent', [...found], tx)) found.add(id);
    return [...found].sort();
  }

  private async idsWhere(
    { workspaceId, account }: ErasedCustomer,
    property: string,
    values: readonly string[],
    tx: EntityManager,
  ): Promise<string[]> {
    const found: string[] = [];
    for (const type of STRIPE_OBJECT_TYPES) {
      const column = this.db.getMetadata(type.model).findColumnWithPropertyName(property);
      if (column === undefined) continue;
      const rows = (await tx.query(
        `SELECT id FROM stripe.${type.table}
          WHERE workspace_id = $1 AND account = $2 AND "${column.databaseName}" = ANY($3::text[])`,
        [workspaceId, account, values],
      )) as Array<{ id: string }>;
      found.push(...rows.map(({ id }) => id));
    }
    return found;
  }
}

interface MirrorRow {
  id: string;
  data: StripeData;
}

async function paidInSession(
  { workspaceId, account, customerId }: ErasedCustomer,
  tx: EntityManager,
): Promise<string[]> {
  const rows = (await tx.query(
    `SELECT named.id FROM stripe.checkout_sessions s,
            LATERAL (VALUES (stripe.ref(s.data->'payment_intent')), (stripe.ref(s.data->'invoice')),
                            (stripe.ref(s.data->'setup_intent'))) AS named(id)
      WHERE s.workspace_id = $1 AND s.account = $2 AND s.id = $3 AND named.id IS NOT NULL`,
    [workspaceId, account, customerId],
  )) as Array<{ id: string }>;
  return rows.map(({ id }) => id);
}

/** Payment methods that were detached no longer name their customer; what they paid for still names them. */
async function usedMethods({ workspaceId, account, customerId }: ErasedCustomer, tx: EntityManager): Promise<string[]> {
  const rows = (await tx.query(
    ['charges', 'payment_intents', 'setup_intents']
      .map(
        (table) => `SELECT stripe.ref(data->'payment_method') AS id FROM stripe.${table}
                     WHERE workspace_id = $1 AND account = $2 AND stripe.ref(data->'customer') = $3`,
      )
      .join(' UNION '),
    [workspaceId, account, customerId],
  )) as Array<{ id: string | null }>;
  return rows.flatMap(({ id }) => id ?? []);
}

/** Null when there is nothing to take out. A body that is no JSON never became an object. */
function erasedBody(body: string, kept: KeptPairs): string | null {
  const payload = JSON.parse(body) as StripeData;
  const erased = JSON.stringify(eventWithoutPerson(payload, kept));
  return erased === JSON.stringify(payload) ? null : erased;
}
