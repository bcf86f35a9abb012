import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RefetchQueue } from '../billing/mirror/refetch-queue.js';
import { SettleQueue, settleKeyText, type SettleKey } from '../billing/mirror/settle-queue.js';
import { typeOfObject } from '../billing/objects/registry.js';
import { DomainError } from '../common/errors.js';
import { groupBy } from '../common/group-by.js';
import { bindingsInForce } from './attribution/bindings-in-force.js';
import { AttributionService, type AttributionState } from './attribution.service.js';
import { CommissionSettlement } from './commission-settlement.service.js';
import { LeadSettlement } from './leads/lead-settlement.service.js';
import { NotedSales } from './noted-sales.repository.js';
import { CustomersService } from './customers.service.js';
import { PersonsRepository } from './persons.repository.js';
import { PostedCommissions } from './posted-commissions.repository.js';
import { lockFactsToRead } from './referral-facts-lock.js';
import { SaleFactsRepository, type SaleFacts } from './sale-facts.repository.js';
import { saleKey, type SaleReference } from './sale-key.js';
import { SaleLinks, type CustomerOfKey, type SaleOfKey } from './sale-links.repository.js';
import { Sale } from './sale.entity.js';
import { Standings, type Earner } from './standing/standings.repository.js';
import { ToldNames } from './told-names.repository.js';

/** The users of a promotion code are touched page by page. */
const CUSTOMERS_AT_ONCE = 500;
/** A guest's checkout session stands for its missing customer. */
const SESSION_PREFIX = 'cs_';

/** What is settled in one transaction: a key, or all keys of which each leads to the same sale. */
export interface SettleUnit {
  keys: SettleKey[];
  /** Empty where the key names no sale. */
  sales: ReferredSale[];
}

/** A sale of a referred customer, and whether that customer says who they are. */
type ReferredSale = SaleOfKey & { isNamed?: boolean };

/**
 * What the referral rooms say should be posted for a touched key. Every path ends in the same question, asked under the lock
 * of the person: given everything the mirror holds, who is bound to whom and what does this sale earn?
 */
@Injectable()
export class ReferralSettlement {
  constructor(
    private readonly links: SaleLinks,
    private readonly persons: PersonsRepository,
    private readonly names: ToldNames,
    private readonly customers: CustomersService,
    private readonly attribution: AttributionService,
    private readonly standings: Standings,
    private readonly facts: SaleFactsRepository,
    private readonly commissions: CommissionSettlement,
    private readonly posted: PostedCommissions,
    private readonly noted: NotedSales,
    private readonly leads: LeadSettlement,
    private readonly queue: SettleQueue,
    private readonly questions: RefetchQueue,
  ) {}

  /**
   * What there is to settle for the keys. Those that cannot matter are left out: they concern customers whom nothing ties to a
   * code. Few queries for all of them, so that a company's everyday traffic costs next to nothing here. Objects of connected
   * accounts never earn: their owners could mint sales with test cards or metadata of their own.
   */
  async unitsOf(keys: readonly SettleKey[], tx: EntityManager): Promise<SettleUnit[]> {
    const own = keys.filter(({ account }) => account === '');
    const sales = await this.referred(await this.links.salesOfKeys(own, tx), tx);
    const customers = await this.referred(await this.links.customersOf(own, tx), tx);
    return [
      ...own.filter((key) => this.links.isOwnFact(key)).map((key) => ({ keys: [key], sales: [] })),
      ...customers.map(({ key }) => ({ keys: [key], sales: [] })),
      ...unitsOfSales(sales),
    ];
  }

  /** Those of customers whom something ties to a code, or who say who they are. */
  private async referred<T extends CustomerOfKey>(
    candidates: readonly T[],
    tx: EntityManager,
  ): Promise<Array<T & { isNamed: boolean }>> {
    const tied = new Set<string>();
    const named = new Set<string>();
    for (const [workspaceId, group] of groupBy(candidates, ({ key }) => key.workspaceId)) {
      const ids = [...new Set(group.map(({ stripeCustomerId }) => stripeCustomerId))];
      for (const id of await this.persons.tied(workspaceId, ids, tx)) tied.add(`${workspaceId}/${id}`);
      for (const id of await this.names.naming(workspaceId, ids, tx)) named.add(`${workspaceId}/${id}`);
    }
    return candidates.flatMap((candidate) => {
      const name = `${candidate.key.workspaceId}/${candidate.stripeCustomerId}`;
      const isNamed = named.has(name);
      return isNamed || tied.has(name) ? [{ ...candidate, isNamed }] : [];
    });
  }

  /** Settles a key at once, in the caller's transaction. Safe to repeat. */
  async settle(key: SettleKey, tx: EntityManager): Promise<void> {
    for (const unit of await this.unitsOf([key], tx)) await this.settleUnit(unit, tx);
  }

  /** Settles a unit in the caller's transaction. Answers the partners whose ledger changed. Safe to repeat. */
  async settleUnit({ keys, sales }: SettleUnit, tx: EntityManager): Promise<string[]> {
    const [key] = keys;
    if (key === undefined) return [];
    await lockFactsToRead(key.workspaceId, tx);
    return sales.length > 0 ? this.settleSales(sales, tx) : this.settleKey(key, tx);
  }

  private async settleKey(key: SettleKey, tx: EntityManager): Promise<string[]> {
    const { workspaceId, id } = key;
    switch (key.kind) {
      case 'checkout_session':
        return this.settleSession(key, tx);
      case 'customer':
        return this.settleStripeCustomer(workspaceId, id, null, tx);
      case 'promotion_code':
        return this.touchUsersOf(key, tx);
      case 'sale':
        return this.settleOwnSale(workspaceId, id, tx);
      case 'referred_customer':
        return this.settleKnownPerson(workspaceId, id, tx);
      case 'lead':
        return this.settleLeads(workspaceId, id, tx);
      default:
        return [];
    }
  }

  private async settleSales(sales: readonly ReferredSale[], tx: EntityManager): Promise<string[]> {
    const partners: string[] = [];
    for (const { sale, stripeCustomerId, isNamed } of sales) {
      partners.push(...(await this.settleStripeCustomer(sale.workspaceId, stripeCustomerId, sale, tx, isNamed)));
    }
    return partners;
  }

  private async settleSession(key: SettleKey, tx: EntityManager): Promise<string[]> {
    const session = await this.links.session(key, tx);
    if (session === null) return [];
    const partners = await this.settleStripeCustomer(key.workspaceId, session.customer ?? key.id, null, tx);
    if (session.paymentIntent === null) return partners;
    const payment = { ...key, kind: 'payment_intent' as const, id: session.paymentIntent };
    return [...partners, ...(await this.settleSales(await this.links.salesOfKeys([payment], tx), tx))];
  }

  /** The person behind a Stripe customer, if there is one; a customer that is linked just now brings all its sales along. */
  private async settleStripeCustomer(
    workspaceId: string,
    stripeCustomerId: string,
    reference: SaleReference | null,
    tx: EntityManager,
    mayName = true,
  ): Promise<string[]> {
    const person = await this.lockedPerson(workspaceId, stripeCustomerId, mayName, tx);
    if (person === null) return [];
    if (person.isNewLink) await this.touchSalesOf(workspaceId, person.customerId, reference, tx);
    return this.settlePerson(workspaceId, person.customerId, reference, tx);
  }

  /** A person of whom the company told something: a link, a sign-up, that two are one. Every sale is asked again. */
  private async settleKnownPerson(workspaceId: string, customerId: string, tx: EntityManager): Promise<string[]> {
    await this.persons.lockPerson(workspaceId, customerId, tx);
    const naming = await this.names.customersNaming(workspaceId, customerId, tx);
    await this.queue.touch(
      naming.map((id) => ({ workspaceId, account: '', kind: 'customer', id })),
      tx,
    );
    await this.touchSalesOf(workspaceId, customerId, null, tx);
    return this.settlePerson(workspaceId, customerId, null, tx);
  }

  private async settleOwnSale(workspaceId: string, saleId: string, tx: EntityManager): Promise<string[]> {
    const sale = await tx.getRepository(Sale).findOneBy({ workspaceId, id: saleId });
    if (sale === null) return [];
    await this.persons.lockPerson(workspaceId, sale.customerId, tx);
    const { customerId } = await tx.getRepository(Sale).findOneByOrFail({ workspaceId, id: saleId });
    if (customerId !== sale.customerId) throw joinedMeanwhile(sale.customerId);
    return this.settlePerson(workspaceId, customerId, sale, tx);
  }

  /** A promotion code has become known or is another's now: everyone who used it is looked at again. */
  private async touchUsersOf(key: SettleKey, tx: EntityManager): Promise<string[]> {
    let users: string[] = [];
    do {
      users = await this.links.usersOfPromotionCode(key, users.at(-1) ?? '', CUSTOMERS_AT_ONCE, tx);
      await this.queue.touch(
        users.map((id) => ({ ...key, kind: id.startsWith(SESSION_PREFIX) ? 'checkout_session' : 'customer', id })),
        tx,
      );
    } while (users.length === CUSTOMERS_AT_ONCE);
    return [];
  }

  /** Found, locked, and found again: while the lock was waited for, two persons may have turned out to be one. */
  private async lockedPerson(
    workspaceId: string,
    stripeCustomerId: string,
    mayName: boolean,
    tx: EntityManager,
  ): Promise<{ customerId: string; isNewLink: boolean } | null> {
    const externalId = mayName ? await this.names.nameOf(workspaceId, stripeCustomerId, tx) : null;
    if (externalId !== null) await this.customers.ensure(workspaceId, { externalId, stripeCustomerId }, tx);
    await this.persons.lockStripeCustomer(workspaceId, stripeCustomerId, tx);
    const person = await this.persons.findOrMake(workspaceId, stripeCustomerId, tx);
    if (person === null) return null;
    if (person.isNewLink) await this.persons.lockPerson(workspaceId, person.customerId, tx);
    const still = await this.persons.find(workspaceId, stripeCustomerId, tx);
    if (still !== person.customerId) throw joinedMeanwhile(person.customerId);
    return person;
  }

  /** Under the person's lock: the bindings, then the sale in question; the person's other sales when a binding changed. */
  private async settlePerson(
    workspaceId: string,
    customerId: string,
    reference: SaleReference | null,
    tx: EntityManager,
  ): Promise<string[]> {
    const state = await this.attribution.decide(workspaceId, customerId, tx);
    if (state.changed) await this.touchSalesOf(workspaceId, customerId, reference, tx);
    if (state.changed || reference === null) await this.leads.touch(workspaceId, customerId, state, tx);
    return reference === null ? [] : this.settleSale(reference, customerId, state, tx);
  }

  /** Apart from the sales, so that whoever waits for counts waits for all of them at once. */
  private async settleLeads(workspaceId: string, customerId: string, tx: EntityManager): Promise<string[]> {
    await this.persons.lockPerson(workspaceId, customerId, tx);
    const state = await this.attribution.decide(workspaceId, customerId, tx);
    if (state.changed) await this.touchSalesOf(workspaceId, customerId, null, tx);
    return this.leads.settle(workspaceId, customerId, state, tx);
  }

  private async settleSale(
    reference: SaleReference,
    customerId: string,
    state: AttributionState,
    tx: EntityManager,
  ): Promise<string[]> {
    const facts = await this.facts.find(reference, tx);
    const isFirst = state.firstSale?.source === reference.source && state.firstSale.sourceId === reference.sourceId;
    // Whoever bought before they signed up was no lead.
    if (isFirst || facts === null) await this.leads.touch(reference.workspaceId, customerId, state, tx);
    const earners = facts === null ? [] : await this.earners(facts, state, tx);
    const sale = await this.noted.note(reference, customerId, facts, earners.length > 0, tx);
    if (sale === null) return [];
    if (isFirst) {
      // Another sale may have passed for the first until this one arrived.
      const others = await this.posted.firstSales(sale.workspaceId, customerId, sale.id, tx);
      await this.queue.touch(others.map(saleKey), tx);
    }
    const settled = await this.commissions.settle(sale, facts, earners, state.firstSale, tx);
    const { partnerIds, later, awaitsCash } = settled;
    if (awaitsCash)
      await this.questions.requestOffStripe([{ ...sale, id: sale.sourceId, type: typeOfObject('invoice') }], tx);
    await this.queue.touch(later.map(saleKey), tx);
    return partnerIds;
  }

  private earners(facts: SaleFacts, state: AttributionState, tx: EntityManager): Promise<Earner[]> {
    const bound = bindingsInForce(state.attributions, state.byHand, facts.occurredAt);
    return this.standings.earners(bound, facts, state, tx);
  }

  private async touchSalesOf(
    workspaceId: string,
    customerId: string,
    except: SaleReference | null,
    tx: EntityManager,
  ): Promise<void> {
    const sales = await this.links.salesOfPerson(workspaceId, customerId, tx);
    const others = sales.filter((sale) => sale.source !== except?.source || sale.sourceId !== except.sourceId);
    await this.queue.touch(others.map(saleKey), tx);
  }
}

/** The transaction is given up and the key settled again, under the right lock. */
function joinedMeanwhile(customerId: string): DomainError {
  return new DomainError('conflict', 'person_joined', `person ${customerId} was joined with another one meanwhile`);
}

/** One for each sale, whichever keys lead to it; a key that leads to several is settled alone, with all of them. */
function unitsOfSales(sales: readonly ReferredSale[]): SettleUnit[] {
  const alone: SettleUnit[] = [];
  const single: ReferredSale[] = [];
  for (const ofKey of groupBy(sales, ({ key }) => settleKeyText(key)).values()) {
    const [first] = ofKey;
    if (ofKey.length > 1) alone.push({ keys: [(first as ReferredSale).key], sales: ofKey });
    else single.push(first as ReferredSale);
  }
  const nameOf = ({ sale }: SaleOfKey): string => `${sale.workspaceId}/${sale.source}/${sale.sourceId}`;
  const together = [...groupBy(single, nameOf).values()];
  return [...alone, ...together.map((group) => ({ keys: group.map(({ key }) => key), sales: group.slice(0, 1) }))];
}
