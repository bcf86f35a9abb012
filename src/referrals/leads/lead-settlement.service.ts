import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SettleQueue } from '../../billing/mirror/settle-queue.js';
import { bindingsInForce } from '../attribution/bindings-in-force.js';
import { decideAttribution, type Evidence } from '../attribution-rules.js';
import type { Attribution } from '../attribution.entity.js';
import type { AttributionState } from '../attribution.service.js';
import { CommissionSettlement } from '../commission-settlement.service.js';
import { moneyOut } from '../money-out.js';
import { NotedSales } from '../noted-sales.repository.js';
import { ProgramTerms } from '../program-terms.service.js';
import { leadSharesOf, type LeadTraits } from '../rules/lead-rules.js';
import { isLeadKind, type LeadKind } from '../rules/reward-rule.js';
import { SaleCounts } from '../sale-counts.repository.js';
import type { SaleFacts } from '../sale-facts.repository.js';
import { leadKey, saleKey } from '../sale-key.js';
import type { Sale } from '../sale.entity.js';
import { Standings, type Earner } from '../standing/standings.repository.js';
import { LeadClaim } from './lead-claim.entity.js';
import { isUpTo, signedUpAt, withoutEchoes } from './lead-evidence.js';
import { Leads, type LeadPerson } from './leads.repository.js';

/** A sign-up or the start of a trial that pays in one program, and whom. */
interface Lead {
  kind: LeadKind;
  facts: SaleFacts;
  earner: Earner;
}

/**
 * What a person has earned others by signing up and by beginning a trial. A lead is the partner's whom the evidence up to its
 * own moment names, so that no later touch takes it away; and it is earned once, by whichever person with the same mailbox
 * was first.
 */
@Injectable()
export class LeadSettlement {
  constructor(
    private readonly leads: Leads,
    private readonly terms: ProgramTerms,
    private readonly standings: Standings,
    private readonly noted: NotedSales,
    private readonly counts: SaleCounts,
    private readonly commissions: CommissionSettlement,
    private readonly queue: SettleQueue,
  ) {}

  /** Queues the person's leads, when there can be any. */
  async touch(workspaceId: string, customerId: string, state: AttributionState, tx: EntityManager): Promise<void> {
    const concerned = await this.leads.concern(workspaceId, customerId, programsOf(state), tx);
    if (concerned) await this.queue.touch([leadKey(workspaceId, customerId)], tx);
  }

  /** Needs the person's lock. Answers the partners whose ledger changed. Safe to repeat. */
  async settle(workspaceId: string, customerId: string, state: AttributionState, tx: EntityManager): Promise<string[]> {
    const person = await this.leads.personOf(workspaceId, customerId, tx);
    const leads: Lead[] = [];
    for (const programId of programsOf(state)) {
      for (const facts of await this.factsOf(person, programId, state, tx)) {
        leads.push(...(await this.earnedBy(facts, programId, state, tx)));
      }
    }
    return this.post(person, await this.firstOnes(person, leads, tx), tx);
  }

  /** What happened that a program may pay for. */
  private async factsOf(
    person: LeadPerson,
    programId: string,
    { evidence, firstSale }: AttributionState,
    tx: EntityManager,
  ): Promise<SaleFacts[]> {
    const { workspaceId, stripeCustomerIds, traits, trial } = person;
    const own = withoutEchoes(evidence.filter((item) => item.programId === programId));
    const timed = [];
    for (const item of own)
      timed.push({ item, terms: await this.terms.termsAt(workspaceId, programId, item.boundAt, tx) });
    const at = signedUpAt(timed, firstSale?.occurredAt ?? null);
    const bound = at === null ? null : await this.winnerAt(workspaceId, programId, own, at, tx);
    const facts: SaleFacts[] = [];
    if (bound !== null) {
      const belongsTo = [bound.source, ...stripeCustomerIds];
      const signUp = { source: 'sign_up', sourceId: bound.source, occurredAt: bound.boundAt, belongsTo } as const;
      facts.push(leadFacts(person, signUp, traits));
    }
    if (trial !== null) {
      const { subscriptionId: sourceId, startedAt: occurredAt } = trial;
      const belongsTo = [sourceId, trial.stripeCustomerId];
      facts.push(leadFacts(person, { source: 'trial_start', sourceId, occurredAt, belongsTo }, trial.traits));
    }
    return facts;
  }

  /** Whom the lead binds its person to, if the program pays that partner for it. */
  private async earnedBy(
    facts: SaleFacts,
    programId: string,
    state: AttributionState,
    tx: EntityManager,
  ): Promise<Lead[]> {
    const { source: kind, occurredAt, figures } = facts;
    if (!isLeadKind(kind)) return [];
    const byEvidence = await this.boundAt(facts, programId, state, tx);
    const byHand = state.byHand.filter((binding) => binding.programId === programId);
    const bound = bindingsInForce(byEvidence, byHand, occurredAt);
    const earners = await this.standings.earners(bound, facts, state, tx);
    return earners
      .filter(({ terms }) => leadSharesOf(terms.rules, kind, figures).length > 0)
      .map((earner) => ({ kind, facts, earner }));
  }

  /** By evidence up to the lead, or up to the first sale where that was before. */
  private async boundAt(
    { workspaceId, occurredAt }: SaleFacts,
    programId: string,
    { evidence, attributions, firstSale, customerId }: AttributionState,
    tx: EntityManager,
  ): Promise<Attribution[]> {
    if (firstSale !== null && isUpTo(firstSale.occurredAt, occurredAt)) {
      return attributions.filter((attribution) => attribution.programId === programId);
    }
    const own = withoutEchoes(evidence.filter((item) => item.programId === programId));
    const winner = await this.winnerAt(workspaceId, programId, own, occurredAt, tx);
    if (winner === null) return [];
    const { partnerId, codeId, boundAt } = winner;
    return [{ workspaceId, programId, customerId, partnerId, codeId, boundAt, evidence: [] }];
  }

  private async winnerAt(
    workspaceId: string,
    programId: string,
    evidence: readonly Evidence[],
    at: Date,
    tx: EntityManager,
  ): Promise<Evidence | null> {
    return decideAttribution(evidence, await this.terms.termsAt(workspaceId, programId, at, tx), at).winner;
  }

  /** Those that no other person with the same mailbox was before; the others are told when that may have changed. */
  private async firstOnes(person: LeadPerson, leads: readonly Lead[], tx: EntityManager): Promise<Lead[]> {
    const held = await this.leads.claimsOf(person, tx);
    const wanted = leads.flatMap((lead) => claimsOf(person, lead));
    await this.leads.lock(
      person.workspaceId,
      [...held, ...wanted].map(({ mailbox }) => mailbox),
      tx,
    );
    if (!isDeepStrictEqual(held.map(inText).sort(), wanted.map(inText).sort())) {
      const others = await this.leads.othersOf([...held, ...wanted], tx);
      await this.leads.forget(person, tx);
      if (wanted.length > 0) await tx.getRepository(LeadClaim).insert(wanted);
      await this.queue.touch(
        others.map((id) => leadKey(person.workspaceId, id)),
        tx,
      );
    }
    const first: Lead[] = [];
    for (const lead of leads) {
      if (!(await this.leads.isPreceded(claimsOf(person, lead), tx))) first.push(lead);
    }
    return first;
  }

  /** Brings the ledger in step with these leads, and takes back what the person has earned by any other. */
  private async post(person: LeadPerson, leads: readonly Lead[], tx: EntityManager): Promise<string[]> {
    const sales = new Map((await this.leads.salesOf(person, tx)).map((sale) => [nameOf(sale), sale]));
    for (const { facts } of leads) {
      const sale = await this.noted.note(facts, person.customerId, facts, true, tx);
      if (sale !== null) sales.set(nameOf(sale), sale);
    }
    const attributions = leads.map(({ earner }) => earner.attribution);
    // All at once: two settlings that waited for counts in several steps could wait for each other.
    await this.counts.lock([...sales.values()], attributions, tx);
    const partnerIds: string[] = [];
    for (const sale of sales.values()) {
      const own = leads.filter(({ facts }) => nameOf(facts) === nameOf(sale));
      const earning = own.map(({ earner }) => earner);
      const settled = await this.commissions.settle(sale, own[0]?.facts ?? null, earning, null, tx);
      await this.queue.touch(settled.later.map(saleKey), tx);
      partnerIds.push(...settled.partnerIds);
    }
    return partnerIds;
  }
}

/** Nothing was sold: a lead has no currency and no money, and nothing of it can go out again. */
function leadFacts(
  { workspaceId }: LeadPerson,
  lead: Pick<SaleFacts, 'source' | 'sourceId' | 'occurredAt' | 'belongsTo'>,
  traits: LeadTraits,
): SaleFacts {
  const nothing = { currency: '', cashMinor: 0, offStripeMinor: 0, totalMinor: 0, lines: [], shipping: null };
  const figures = { ...nothing, ...traits };
  return { workspaceId, account: '', ...lead, figures, out: moneyOut([]), complaints: [], eventId: null };
}

function claimsOf({ workspaceId, customerId, mailboxes }: LeadPerson, { kind, facts, earner }: Lead): LeadClaim[] {
  const { occurredAt: at, sourceId } = facts;
  const { programId } = earner.attribution;
  return mailboxes.map((mailbox) => ({ workspaceId, mailbox, programId, kind, customerId, at, sourceId }));
}

function programsOf({ evidence, byHand }: AttributionState): string[] {
  return [...new Set([...evidence, ...byHand].map(({ programId }) => programId))].sort();
}

const nameOf = ({ source, sourceId }: Pick<Sale, 'source' | 'sourceId'>): string => `${source}\n${sourceId}`;

const inText = ({ mailbox, programId, kind, at, sourceId }: LeadClaim): string =>
  [mailbox, programId, kind, at.toISOString(), sourceId].join('\n');
