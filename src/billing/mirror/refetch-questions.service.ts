import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors.js';
import type { EmbeddedRule } from '../objects/object-type.js';
import { typeOfObject } from '../objects/registry.js';
import { isTruncatedList, minorOf } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { isMissing } from './missing.js';
import { contradictedItems } from './moved-items.js';
import { OffStripeAmounts } from './off-stripe-amounts.js';
import type { RefetchReason } from './refetch.entity.js';
import { childOf, RANK_FETCHED, withoutExpansions, type Snapshot } from './snapshot.js';
import { snapshotOf, StripeFetcher, tombstoneOf, type ObjectAddress } from './stripe-fetcher.js';

export interface Question extends ObjectAddress {
  reason: RefetchReason;
  minStamp: number;
}

/** What one question brought: states to write, lists that are complete now, and whether it is answered for good. */
export interface Answer {
  snapshots: Snapshot[];
  completeOwner: Snapshot | null;
  /** The object asked about, whose keys are touched. */
  subject: StripeData;
  answered: boolean;
  /** What of the invoice was paid out of band, where that was asked; minor units. */
  offStripeMinor?: number;
}

/** Puts what payloads left open to Stripe. */
@Injectable()
export class RefetchQuestions {
  constructor(
    private readonly db: DataSource,
    private readonly fetcher: StripeFetcher,
    private readonly offStripe: OffStripeAmounts,
    private readonly clock: Clock,
  ) {}

  /** Errors are Stripe's. Writes nothing. */
  async ask(question: Question): Promise<Answer> {
    switch (question.reason) {
      case 'undecided':
      case 'contested':
      case 'named':
        return this.askForObject(question);
      case 'moved':
        return this.askForMoved(question);
      case 'members':
        return this.askForMembers(question);
      case 'discounts':
        return this.askForDiscounts(question);
      case 'payments':
        return this.askForPayments(question);
      case 'tiers':
        return this.askForTiers(question);
      case 'off_stripe':
        return this.askForOffStripe(question);
    }
  }

  private async askForObject(question: Question): Promise<Answer> {
    const snapshot = await this.fetchOrBury(question);
    const answered = snapshot.stampSeconds >= question.minStamp;
    return { snapshots: [snapshot], completeOwner: null, subject: snapshot.data, answered };
  }

  /** Asks only for what the rows contradict each other about, which almost always is nothing. */
  private async askForMoved(question: Question): Promise<Answer> {
    const type = typeOfObject('invoiceitem');
    const ids = await contradictedItems(question, this.db.manager);
    const snapshots: Snapshot[] = [];
    for (const id of ids) snapshots.push(await this.fetchOrBury({ ...question, type, id }));
    const answered = snapshots.every(({ stampSeconds }) => stampSeconds >= question.minStamp);
    return { snapshots, completeOwner: null, subject: {}, answered };
  }

  private async fetchOrBury(question: Question): Promise<Snapshot> {
    try {
      return await this.fetcher.fetchObject(await this.withAddress(question), { priority: 'refetch' });
    } catch (error) {
      if (!isMissing(error, question.type)) throw error;
      return tombstoneOf(question, Math.max(question.minStamp, Math.floor(this.clock.now().getTime() / 1000)));
    }
  }

  /** Some paths name the owner too, which stands in the row when the question does not know it. */
  private async withAddress(question: Question): Promise<Question> {
    const { workspaceId, account, type, id, known } = question;
    if (![...type.paths, type.singlePath].some((path) => path?.includes('{'))) return question;
    const [row] = (await this.db.query(
      `SELECT data FROM stripe.${type.table} WHERE workspace_id = $1 AND account = $2 AND id = $3`,
      [workspaceId, account, id],
    )) as Array<{ data: StripeData }>;
    return { ...question, known: { ...row?.data, ...known } };
  }

  private async askForMembers(question: Question): Promise<Answer> {
    const owner = await this.fetchOrBury(question);
    const rules = question.type.embedded.filter(
      (rule) => rule.list !== undefined && (rule.owned || isTruncatedList(owner.data[rule.field])),
    );
    const answer: Answer = { snapshots: [], completeOwner: null, subject: owner.data, answered: true };
    if (owner.deleted) return { ...answer, snapshots: [owner] };
    for (const rule of rules) {
      const { whole, members } = await this.askForList(rule, owner);
      answer.snapshots.push(...members);
      if (rule.owned) answer.completeOwner = whole;
    }
    return answer;
  }

  private async askForList(rule: EmbeddedRule, owner: Snapshot): Promise<{ whole: Snapshot; members: Snapshot[] }> {
    const path = String(rule.list).replace('{id}', encodeURIComponent(owner.id));
    const list = await this.fetcher.fetchList({ ...owner, path }, { priority: 'refetch' });
    const data = { ...owner.data, [rule.field]: { object: 'list', data: list.objects, has_more: false } };
    const whole: Snapshot = { ...owner, data, stampSeconds: list.stampSeconds };
    const parent = rule.owned ? owner.id : null;
    return { whole, members: list.objects.flatMap((member) => childOf(whole, member, { rank: RANK_FETCHED, parent })) };
  }

  private async askForDiscounts(question: Question): Promise<Answer> {
    const { answer, discounts } = await this.fetcher.fetchDiscounts(question);
    const carrier = snapshotOf(question, answer, answer.body);
    const snapshots = discounts.flatMap((data) => childOf(carrier, data, { rank: RANK_FETCHED, parent: null }));
    return { snapshots, completeOwner: null, subject: answer.body, answered: true };
  }

  /** The price comes along, as webhooks carry it. */
  private async askForTiers(question: Question): Promise<Answer> {
    try {
      const price = await this.fetcher.fetchWith(question, ['tiers']);
      const snapshots = withoutExpansions(price, ['tiers']);
      return { snapshots, completeOwner: null, subject: price.data, answered: true };
    } catch (error) {
      if (!isMissing(error, question.type)) throw error;
      return this.askForObject(question);
    }
  }

  /** The payments may have come meanwhile. A retrieved invoice shows the amount, and an event does not. */
  private async askForOffStripe(question: Question): Promise<Answer> {
    const answer: Answer = { snapshots: [], completeOwner: null, subject: {}, answered: true };
    if ((await this.offStripe.find(question, this.db.manager)) !== null) return answer;
    const invoice = await this.fetchOrBury(question);
    if (invoice.deleted) return { ...answer, snapshots: [invoice] };
    const { status, amount_paid_off_stripe: amount } = invoice.data;
    if (status !== 'paid' || typeof amount !== 'number')
      throw new DomainError(
        'upstream_failed',
        'off_stripe_not_told',
        `Stripe did not say what of invoice ${question.id} was paid out of band`,
      );
    return { ...answer, offStripeMinor: amount };
  }

  private async askForPayments(question: Question): Promise<Answer> {
    const [known] = (await this.db.query(PAYMENTS_KNOWN, [
      question.workspaceId,
      question.account,
      question.id,
    ])) as Array<{
      missing: string;
    }>;
    if (known === undefined || minorOf(Number(known.missing)) <= 0)
      return { snapshots: [], completeOwner: null, subject: {}, answered: true };
    const list = await this.fetcher.fetchList(
      { ...question, path: `/v1/invoice_payments?invoice=${encodeURIComponent(question.id)}` },
      { priority: 'refetch' },
    );
    const whole = snapshotOf(question, list, { object: question.type.object, id: question.id });
    const snapshots = list.objects.flatMap((data) => childOf(whole, data, { rank: RANK_FETCHED, parent: null }));
    return { snapshots, completeOwner: null, subject: {}, answered: true };
  }
}

const PAYMENTS_KNOWN = `
  SELECT coalesce((i.data->>'amount_paid')::bigint, 0) - coalesce(sum((p.data->>'amount_paid')::bigint), 0) AS missing
    FROM stripe.invoices i
    LEFT JOIN stripe.invoice_payments p ON p.workspace_id = i.workspace_id AND p.invoice = i.id AND p.status = 'paid'
   WHERE i.workspace_id = $1 AND i.account = $2 AND i.id = $3 AND i.deleted_at IS NULL
   GROUP BY i.data`;
