import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors.js';
import { Leads } from '../leads/leads.repository.js';
import { PersonsRepository } from '../persons.repository.js';
import { ReferredCustomer } from '../referred-customer.entity.js';
import { knownSaltOf, saltedHash, saltOf } from './erasure-salts.js';
import { PersonErasure } from './person-erasure.entity.js';

/** Shorter texts stand in too many others to be taken out of them. */
const NAMING_CHARS_MIN = 3;
const INSTEAD = '[erased]';

/** Takes a person out of what the referral rooms hold, and keeps them out. Ids, dates, bindings and money stay. */
@Injectable()
export class PersonErasures {
  constructor(
    private readonly persons: PersonsRepository,
    private readonly leads: Leads,
    private readonly clock: Clock,
  ) {}

  /**
   * `names` are texts by which people may have written of the person in reasons. Safe to repeat; answers when it was first
   * done. Waits for whoever settles the person.
   */
  async erase(
    { workspaceId, id: customerId }: Pick<ReferredCustomer, 'workspaceId' | 'id'>,
    names: readonly string[],
    tx: EntityManager,
  ): Promise<Date> {
    await this.persons.lockPerson(workspaceId, customerId, tx);
    const persons = tx.getRepository(ReferredCustomer);
    const person = await persons.findOneByOrFail({ workspaceId, id: customerId });
    const { externalId } = person;
    const externalIdHash = externalId === null ? null : saltedHash(await saltOf(workspaceId, tx), externalId);
    const mailboxes = await this.leads.mailboxesThatCount(workspaceId, customerId, tx);
    const erasure: PersonErasure = { workspaceId, customerId, externalIdHash, mailboxes, erasedAt: this.clock.now() };
    const erasures = tx.getRepository(PersonErasure);
    await erasures.createQueryBuilder().insert().values(erasure).orIgnore().execute();
    await tx.query(FORGET_TRACKINGS, [workspaceId, customerId]);
    for (const name of new Set([...names, externalId ?? '', person.email ?? ''])) {
      if (name.length >= NAMING_CHARS_MIN) await forgetName(workspaceId, customerId, name, tx);
    }
    await persons.update({ workspaceId, id: customerId }, { externalId: null, email: null });
    await tx.query(FORGET_ANSWERS, [workspaceId, customerId]);
    return (await erasures.findOneByOrFail({ workspaceId, customerId })).erasedAt;
  }

  /** Errors: `customer_erased`, when the company tells of somebody whom it had erased. */
  async assertNotErased(person: ReferredCustomer, tx: EntityManager): Promise<void> {
    const { workspaceId, id: customerId, externalId } = person;
    const erasures = tx.getRepository(PersonErasure);
    if (await erasures.existsBy({ workspaceId, customerId })) throw erased(customerId);
    const salt = externalId === null ? null : await knownSaltOf(workspaceId, tx);
    if (salt === null || externalId === null) return;
    const found = await erasures.findOneBy({ workspaceId, externalIdHash: saltedHash(salt, externalId) });
    if (found !== null) throw erased(found.customerId);
  }

  /** Who of these persons, by our ids and by the company's, was erased. Reads only. */
  async among(
    workspaceId: string,
    customerIds: readonly string[],
    externalIds: readonly string[],
    tx: EntityManager,
  ): Promise<ErasedAmong> {
    const salt = await knownSaltOf(workspaceId, tx);
    if (salt === null) return { byId: new Set(), byExternalId: new Map() };
    const hashes = new Map(externalIds.map((externalId) => [saltedHash(salt, externalId), externalId]));
    const found = await tx.getRepository(PersonErasure).findBy([
      { workspaceId, customerId: In([...customerIds]) },
      { workspaceId, externalIdHash: In([...hashes.keys()]) },
    ]);
    return {
      byId: new Set(found.map(({ customerId }) => customerId)),
      byExternalId: new Map(
        found.flatMap(({ externalIdHash, customerId }) => {
          const externalId = hashes.get(externalIdHash ?? '');
          return externalId === undefined ? [] : [[externalId, customerId]];
        }),
      ),
    };
  }
}

/** Erased persons: our ids, and the company's with ours. */
export interface ErasedAmong {
  byId: ReadonlySet<string>;
  byExternalId: ReadonlyMap<string, string>;
}

/** `field` is where the client named the person. */
export function erased(customerId: string, field = 'customer.externalId'): DomainError {
  const says = `this person was erased here as ${customerId}, and nothing of them is taken in any more; whoever comes back needs another externalId`;
  return new DomainError('conflict', 'customer_erased', says, { field });
}

async function forgetName(workspaceId: string, customerId: string, name: string, tx: EntityManager): Promise<void> {
  for (const statement of FORGET_NAME) await tx.query(statement, [workspaceId, customerId, name, INSTEAD]);
}

// The person's own trackings, and the clicks that their checkouts named.
const FORGET_TRACKINGS = `
  UPDATE tributary.referral_tracking SET url = NULL, referrer = NULL, utm = NULL, ip_hash = NULL, agent_hash = NULL
   WHERE workspace_id = $1 AND (customer_id = $2 OR id IN (
     SELECT s.client_reference_id FROM tributary.customer_link l
       JOIN stripe.checkout_sessions s ON s.workspace_id = l.workspace_id AND s.account = l.account
                                      AND l.stripe_customer_id IN (s.customer, s.id)
      WHERE l.workspace_id = $1 AND l.customer_id = $2 AND s.client_reference_id IS NOT NULL))`;

const FORGET_ANSWERS = `
  DELETE FROM tributary.idempotency_key
   WHERE workspace_id = $1 AND state <> 'in_flight' AND strpos(coalesce(answer, ''), $2) > 0`;

const OWN_COMMISSIONS = `SELECT id FROM tributary.commission WHERE workspace_id = $1 AND customer_id = $2`;
const inJson = (column: string): string =>
  `replace(${column}::text, to_json($3::text)::text, to_json($4::text)::text)::jsonb`;

// Evidence holds ids, and reasons are what people wrote; either may name the person.
const FORGET_NAME = [
  `UPDATE tributary.suspicion SET evidence = ${inJson('evidence')}
    WHERE workspace_id = $1 AND commission_id IN (${OWN_COMMISSIONS}) AND strpos(evidence::text, $3) > 0`,
  `UPDATE tributary.commission SET holds = ${inJson('holds')}
    WHERE workspace_id = $1 AND customer_id = $2 AND strpos(holds::text, $3) > 0`,
  `UPDATE tributary.commission_decision SET reason = replace(reason, $3, $4), reasons = ${inJson('reasons')}
    WHERE workspace_id = $1 AND commission_id IN (${OWN_COMMISSIONS})
      AND (strpos(reason, $3) > 0 OR strpos(reasons::text, $3) > 0)`,
  `UPDATE tributary.attribution_by_hand SET reason = replace(reason, $3, $4)
    WHERE workspace_id = $1 AND customer_id = $2 AND strpos(reason, $3) > 0`,
];
