import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import type { StripeData } from '../../billing/objects/stripe-model.entity.js';
import { saltedHash, saltOf } from '../erasure/erasure-salts.js';
import { LEAD_KINDS } from '../rules/reward-rule.js';
import type { LeadTraits } from '../rules/lead-rules.js';
import { customerTraits } from '../sale-figures.js';
import { Sale } from '../sale.entity.js';
import { normalizedEmail } from '../suspicion/suspicion-rules.js';
import { LeadClaim } from './lead-claim.entity.js';
import { lockByName } from '../../database/named-lock.js';

/** What leads ask of a person. */
export interface LeadPerson {
  workspaceId: string;
  customerId: string;
  /** Stripe's, oldest first. */
  stripeCustomerIds: string[];
  /** Hashes, in order. */
  mailboxes: string[];
  /** Of the oldest Stripe customer. */
  traits: LeadTraits;
  /** The first of all subscriptions that began with one. */
  trial: { subscriptionId: string; stripeCustomerId: string; startedAt: Date; traits: LeadTraits } | null;
}

/** Reads what leads are made of, and knows who else claims them. */
@Injectable()
export class Leads {
  /** Whether one of the programs pays for leads, or ever did, or the person has been a lead. */
  async concern(
    workspaceId: string,
    customerId: string,
    programIds: readonly string[],
    tx: EntityManager,
  ): Promise<boolean> {
    const [row] = (await tx.query(CONCERN, [workspaceId, customerId, programIds])) as [{ concerned: boolean }];
    return row.concerned;
  }

  async personOf(workspaceId: string, customerId: string, tx: EntityManager): Promise<LeadPerson> {
    const [row] = (await tx.query(PERSON, [workspaceId, customerId])) as [PersonRow];
    const traitsOf = new Map(row.customers.map(({ id, data }) => [id, customerTraits(data)]));
    const { trial } = row;
    const known = trial === null ? undefined : traitsOf.get(trial.customer);
    const own = trial === null ? null : customerTraits(trial.data);
    const mailboxes = [...row.erased, ...(await hashesOf(workspaceId, row.emails, tx))];
    return {
      ...{ workspaceId, customerId, stripeCustomerIds: row.mine, mailboxes: [...new Set(mailboxes)].sort() },
      traits: traitsOf.get(row.customers[0]?.id ?? '') ?? { country: null, metadata: {} },
      trial: trial && {
        ...{ subscriptionId: trial.id, stripeCustomerId: trial.customer, startedAt: new Date(trial.at) },
        traits: { country: known?.country ?? null, metadata: { ...known?.metadata, ...own?.metadata } },
      },
    };
  }

  /** Hashes of the person's mailboxes, by which others are known to be no first lead; none where no program pays for leads. */
  async mailboxesThatCount(workspaceId: string, customerId: string, tx: EntityManager): Promise<string[]> {
    const [row] = (await tx.query(COUNTED, [workspaceId])) as [{ counted: boolean }];
    return row.counted ? (await this.personOf(workspaceId, customerId, tx)).mailboxes : [];
  }

  /** Those of a person that have earned, or have at some time. */
  salesOf({ workspaceId, customerId }: LeadPerson, tx: EntityManager): Promise<Sale[]> {
    return tx.getRepository(Sale).findBy({ workspaceId, customerId, source: In([...LEAD_KINDS]) });
  }

  claimsOf({ workspaceId, customerId }: LeadPerson, tx: EntityManager): Promise<LeadClaim[]> {
    return tx.getRepository(LeadClaim).findBy({ workspaceId, customerId });
  }

  /** Waits for whoever decides who of these mailboxes is first, until the end of the transaction; in one order. */
  async lock(workspaceId: string, mailboxes: readonly string[], tx: EntityManager): Promise<void> {
    for (const mailbox of [...new Set(mailboxes)].sort()) {
      await lockByName(`lead/${workspaceId}/${mailbox}`, tx);
    }
  }

  /** Whether another person with one of the claim's mailboxes was the same lead before. */
  async isPreceded(claims: readonly LeadClaim[], tx: EntityManager): Promise<boolean> {
    const [first] = claims;
    if (first === undefined) return false;
    const { workspaceId, programId, kind, customerId, at, sourceId } = first;
    const rows = await tx.query<unknown[]>(
      `SELECT 1 FROM tributary.lead_claim
        WHERE workspace_id = $1 AND mailbox = ANY($2) AND program_id = $3 AND kind = $4 AND customer_id <> $5
          AND (at, source_id) < ($6, $7) LIMIT 1`,
      [workspaceId, claims.map(({ mailbox }) => mailbox), programId, kind, customerId, at, sourceId],
    );
    return rows.length > 0;
  }

  /** Takes a person's claims away. Answers who else had claims to the same mailboxes. */
  async forget({ workspaceId, customerId }: Pick<LeadPerson, 'workspaceId' | 'customerId'>, tx: EntityManager) {
    const held = await tx.getRepository(LeadClaim).findBy({ workspaceId, customerId });
    await tx.getRepository(LeadClaim).delete({ workspaceId, customerId });
    return this.othersOf(held, tx);
  }

  /** Everybody else with a claim to one of the mailboxes. */
  async othersOf(claims: readonly LeadClaim[], tx: EntityManager): Promise<string[]> {
    const [first] = claims;
    if (first === undefined) return [];
    const rows = await tx.query<Array<{ id: string }>>(
      `SELECT DISTINCT customer_id AS id FROM tributary.lead_claim
        WHERE workspace_id = $1 AND mailbox = ANY($2) AND customer_id <> $3`,
      [first.workspaceId, claims.map(({ mailbox }) => mailbox), first.customerId],
    );
    return rows.map(({ id }) => id);
  }
}

interface PersonRow {
  mine: string[];
  customers: Array<{ id: string; data: StripeData }>;
  emails: string[];
  /** Hashes that stayed when the person was erased. */
  erased: string[];
  trial: { id: string; customer: string; at: string; data: StripeData } | null;
}

async function hashesOf(workspaceId: string, emails: readonly string[], tx: EntityManager): Promise<string[]> {
  if (emails.length === 0) return [];
  const salt = await saltOf(workspaceId, tx);
  return emails.map((email) => saltedHash(salt, `mailbox\n${normalizedEmail(email)}`));
}

const PAYS_FOR_LEADS = `'$[*] ? (@.on == "sign_up" || @.on == "trial_start")'`;

const CONCERN = `
  SELECT EXISTS (SELECT 1 FROM tributary.referral_program_version
                  WHERE workspace_id = $1 AND program_id = ANY($3)
                    AND rules @? ${PAYS_FOR_LEADS})
      OR EXISTS (SELECT 1 FROM tributary.terms_override
                  WHERE workspace_id = $1 AND program_id = ANY($3) AND rules @? ${PAYS_FOR_LEADS})
      OR EXISTS (SELECT 1 FROM tributary.sale
                  WHERE workspace_id = $1 AND customer_id = $2 AND source IN ('sign_up', 'trial_start')) AS concerned`;

const COUNTED = `
  SELECT EXISTS (SELECT 1 FROM tributary.referral_program_version WHERE workspace_id = $1 AND rules @? ${PAYS_FOR_LEADS})
      OR EXISTS (SELECT 1 FROM tributary.terms_override WHERE workspace_id = $1 AND rules @? ${PAYS_FOR_LEADS}) AS counted`;

// A guest's checkout session stands for a missing customer. A subscription that was canceled had its trial all the same.
const PERSON = `
  WITH mine AS (
    SELECT stripe_customer_id AS id FROM tributary.customer_link WHERE workspace_id = $1 AND account = '' AND customer_id = $2),
  customers AS (
    SELECT id, created, data FROM stripe.customers WHERE workspace_id = $1 AND account = '' AND id IN (SELECT id FROM mine)),
  emails AS (
    SELECT email FROM tributary.referred_customer WHERE workspace_id = $1 AND id = $2
    UNION SELECT data->>'email' FROM customers
    UNION SELECT data#>>'{customer_details,email}' FROM stripe.checkout_sessions
           WHERE workspace_id = $1 AND account = '' AND (customer IN (SELECT id FROM mine) OR id IN (SELECT id FROM mine)))
  SELECT (SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM mine) AS mine,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'data', data) ORDER BY created, id), '[]') FROM customers) AS customers,
         (SELECT coalesce(jsonb_agg(email), '[]') FROM emails WHERE email IS NOT NULL) AS emails,
         coalesce((SELECT mailboxes FROM tributary.person_erasure WHERE workspace_id = $1 AND customer_id = $2), '{}') AS erased,
         (SELECT jsonb_build_object('id', id, 'customer', customer, 'data', data, 'at', stripe.epoch(data->'trial_start'))
            FROM stripe.subscriptions
           WHERE workspace_id = $1 AND account = '' AND customer IN (SELECT id FROM mine) AND stripe.epoch(data->'trial_start') IS NOT NULL
           ORDER BY stripe.epoch(data->'trial_start'), id LIMIT 1) AS trial`;
