import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SettleQueue } from '../billing/mirror/settle-queue.js';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/errors.js';
import { newId } from '../common/ids.js';
import { AttributionByHand } from './attribution/attribution-by-hand.entity.js';
import { Attribution } from './attribution.entity.js';
import { Commission } from './commission.entity.js';
import { CustomerLink } from './customer-link.entity.js';
import type { CustomerDto } from './dto/customer.dto.js';
import { PersonErasures } from './erasure/person-erasures.service.js';
import { Leads } from './leads/leads.repository.js';
import { PersonsRepository } from './persons.repository.js';
import { ReferralTracking } from './referral-tracking.entity.js';
import { ReferredCustomer } from './referred-customer.entity.js';
import { leadKey } from './sale-key.js';
import { Sale } from './sale.entity.js';

/** Stripe customers that clients name are the workspace's own, not those of connected accounts. */
const OWN_ACCOUNT = '';

/** The persons whom the company tells of: found or made by its own id, and tied to their Stripe customers. */
@Injectable()
export class CustomersService {
  constructor(
    private readonly persons: PersonsRepository,
    private readonly erasures: PersonErasures,
    private readonly leads: Leads,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {}

  /**
   * The person with this external id, made when there is none, and locked until the transaction ends. With a Stripe customer
   * the two are tied: a person who was made for that customer alone becomes, or is joined to, this one. Queues the person.
   * Safe to repeat. Errors: `stripe_customer_linked`, `customer_erased`.
   */
  async ensure(workspaceId: string, dto: CustomerDto, tx: EntityManager): Promise<ReferredCustomer> {
    const stripeCustomerId = dto.stripeCustomerId ?? null;
    // In the order that settling takes them: first the Stripe customer, then the person.
    if (stripeCustomerId !== null) await this.persons.lockStripeCustomer(workspaceId, stripeCustomerId, tx);
    const { person, isNew } = await this.findOrInsert(workspaceId, dto, tx);
    await this.persons.lockPerson(workspaceId, person.id, tx);
    await this.erasures.assertNotErased(person, tx);
    const customer = stripeCustomerId === null ? person : await this.tie(person, isNew, stripeCustomerId, tx);
    if (dto.email != null && dto.email !== customer.email) {
      customer.email = dto.email;
      await tx.getRepository(ReferredCustomer).update({ workspaceId, id: customer.id }, { email: dto.email });
    }
    await this.settling.touch([{ workspaceId, account: '', kind: 'referred_customer', id: customer.id }], tx);
    return customer;
  }

  /**
   * The person behind a Stripe customer of whom the company's own id is not known, made when there is none; the id can be told
   * later, by `ensure`. Locked until the transaction ends. Queues the person. Safe to repeat.
   */
  async ensureStripeCustomer(workspaceId: string, stripeCustomerId: string, tx: EntityManager): Promise<string> {
    await this.persons.lockStripeCustomer(workspaceId, stripeCustomerId, tx);
    const known = await this.persons.find(workspaceId, stripeCustomerId, tx);
    const customerId = known ?? (await this.persons.makeFor(workspaceId, stripeCustomerId, tx));
    await this.persons.lockPerson(workspaceId, customerId, tx);
    await this.settling.touch(
      [
        { workspaceId, account: OWN_ACCOUNT, kind: 'customer', id: stripeCustomerId },
        { workspaceId, account: '', kind: 'referred_customer', id: customerId },
      ],
      tx,
    );
    return customerId;
  }

  /** The unique index decides between two who tell of the same person at once: the second waits for the first. */
  private async findOrInsert(
    workspaceId: string,
    { externalId, email = null }: CustomerDto,
    tx: EntityManager,
  ): Promise<{ person: ReferredCustomer; isNew: boolean }> {
    const made: ReferredCustomer = {
      workspaceId,
      id: newId('customer'),
      externalId,
      email,
      createdAt: this.clock.now(),
    };
    const insert = tx.createQueryBuilder().insert().into(ReferredCustomer).values(made).orIgnore().returning('id');
    const { raw } = await insert.execute();
    if ((raw as unknown[]).length > 0) return { person: made, isNew: true };
    const person = await tx.getRepository(ReferredCustomer).findOneByOrFail({ workspaceId, externalId });
    return { person, isNew: false };
  }

  /** Ties the Stripe customer to the person; answers who the person is from now on. */
  private async tie(
    person: ReferredCustomer,
    isNew: boolean,
    stripeCustomerId: string,
    tx: EntityManager,
  ): Promise<ReferredCustomer> {
    const { workspaceId } = person;
    const link = { workspaceId, account: OWN_ACCOUNT, stripeCustomerId };
    const held = await tx.getRepository(CustomerLink).findOneBy(link);
    if (held?.customerId === person.id) return person;
    await this.settling.touch([{ workspaceId, account: OWN_ACCOUNT, kind: 'customer', id: stripeCustomerId }], tx);
    if (held === null) {
      await tx.getRepository(CustomerLink).insert({ ...link, customerId: person.id });
      return person;
    }
    await this.persons.lockPerson(workspaceId, held.customerId, tx);
    const owner = await tx.getRepository(ReferredCustomer).findOneByOrFail({ workspaceId, id: held.customerId });
    if (owner.externalId !== null) throw linkedToAnother(stripeCustomerId);
    await this.erasures.assertNotErased(owner, tx);
    if (isNew) return adopt(owner, person, tx);
    const others = await this.leads.forget({ workspaceId, customerId: owner.id }, tx);
    await this.settling.touch(
      others.map((id) => leadKey(workspaceId, id)),
      tx,
    );
    return join(owner, person, tx);
  }
}

/** The person that was made for a Stripe customer gets the name that the company has for it; the new row is not needed. */
async function adopt(owner: ReferredCustomer, made: ReferredCustomer, tx: EntityManager): Promise<ReferredCustomer> {
  const { workspaceId, id } = owner;
  const { externalId } = made;
  const customers = tx.getRepository(ReferredCustomer);
  await customers.delete({ workspaceId, id: made.id });
  await customers.update({ workspaceId, id }, { externalId });
  return { ...owner, externalId };
}

/**
 * Two rows turn out to be one person: what hangs on the nameless one moves to the named one. Its bindings are not moved but
 * decided anew, from the evidence of both.
 */
async function join(owner: ReferredCustomer, person: ReferredCustomer, tx: EntityManager): Promise<ReferredCustomer> {
  const from = { workspaceId: owner.workspaceId, customerId: owner.id };
  for (const entity of [CustomerLink, ReferralTracking, Sale, Commission, AttributionByHand]) {
    await tx.getRepository<typeof from>(entity).update(from, { customerId: person.id });
  }
  await tx.getRepository(Attribution).delete(from);
  await tx.getRepository(ReferredCustomer).delete({ workspaceId: owner.workspaceId, id: owner.id });
  return person;
}

function linkedToAnother(stripeCustomerId: string): DomainError {
  return new DomainError(
    'conflict',
    'stripe_customer_linked',
    `the Stripe customer ${stripeCustomerId} belongs to a customer with another externalId`,
    { field: 'customer.stripeCustomerId' },
  );
}
