import { expect } from '@jest/globals';
import { BEGIN, DAY, FOREIGN, OWN, PARTNERS, type Call } from './random-business.js';
import type { BalanceRow, Story } from './story.js';
import type { StripeEvent } from './stripe-events.js';

type Step = StripeEvent | Call;

/** A commission that stands, with its ids as the template has them. */
export interface ToldCommission {
  program: number;
  partner: number;
  rule: string;
  /** The invoice; what a lead was told by is another thing in each telling. */
  source: string;
  occurredAt: string;
  dueAt: string;
  amountMinor: number;
  netMinor: number;
  heldMinor: number;
}

export interface Ending {
  commissions: ToldCommission[];
  balances: Array<BalanceRow[]>;
}

const CURRENCIES = ['eur', 'gbp', 'chf', 'sek', 'nok', 'dkk', 'pln', 'czk', 'cad', 'aud', 'nzd', 'mxn', 'brl', 'zar'];
const BATCH_MAX = 25;
const WORKERS = 3;
const TEMPLATE_ID = /_([0-9a-f]{20})\b/g;
const PROGRAMS = [
  { reward: { type: 'percentage', rateBps: 1_750 }, caps: [{ per: 'partner', period: 'month', maxMinor: 9_000 }] },
  {
    rules: [
      { key: 'lead', on: 'sign_up', reward: { type: 'one_time', amountMinor: 300 } },
      {
        key: 'first',
        firstSaleOnly: true,
        when: { minSaleMinor: 2_000 },
        reward: { type: 'recurring', amountMinor: 777 },
      },
      { key: 'rest', reward: { type: 'phases', phases: [{ payments: 1, rateBps: 4_000 }, { rateBps: 1_333 }] } },
    ],
    caps: [{ per: 'customer', period: 'ever', maxMinor: 6_000 }],
  },
];

/** One company that is told of a business, in some order; several of them live in one service beside each other. */
export class Telling {
  private static currencies = 0;
  private readonly later: Array<Extract<Call, { kind: 'reject' }>> = [];
  private readonly currency = CURRENCIES[Telling.currencies++ % CURRENCIES.length] as string;
  private programs: string[] = [];
  private programIds: string[] = [];
  private partners: string[] = [];
  private codes: string[][] = [];

  private constructor(
    private readonly story: Story,
    private readonly name: string,
  ) {}

  static async begin(story: Story, name: string): Promise<Telling> {
    const telling = new Telling(story, name);
    telling.clockAt(BEGIN - 2 * DAY);
    for (const terms of PROGRAMS) telling.programs.push(await story.program({ reward: undefined, ...terms }));
    for (const key of telling.programs)
      telling.programIds.push((await story.call<{ id: string }>('GET', `/v1/programs/${key}`)).id);
    for (let n = 0; n < PARTNERS; n++) telling.partners.push(await story.partner(`Partner${n}`));
    for (const key of telling.programs)
      telling.codes.push(await Promise.all(telling.partners.map((partner) => story.code(key, partner))));
    await story.call('PUT', `/v1/partner-groups/gold-${name}`, { name: 'Gold' });
    return telling;
  }

  /** At its own time, and looked at before the next second. */
  async tell(steps: readonly Step[]): Promise<void> {
    for (const [n, step] of steps.entries()) {
      const at = momentOf(step);
      this.clockAt(at);
      await this.take(step);
      const next = steps[n + 1];
      if (next !== undefined && momentOf(next) === at) continue;
      await this.story.settle();
      await this.expectWithinBounds();
    }
  }

  /** In batches of any size, settled by several workers at once. What a company says of one program is said in order. */
  async tellTogether(steps: readonly Step[], random: () => number): Promise<void> {
    const ordered = inTheirOrder(steps);
    for (let from = 0; from < ordered.length;) {
      const batch = ordered.slice(from, from + 1 + Math.floor(random() * BATCH_MAX));
      from += batch.length;
      for (const step of batch) {
        if ('kind' in step) this.clockAt(step.at);
        await this.take(step);
      }
      await Promise.all(Array.from({ length: WORKERS }, () => this.story.settle()));
      await this.expectWithinBounds();
    }
  }

  /** What stands at that time, when nothing is left to be done. Fails where the books do not add up. */
  async end(at: number): Promise<Ending> {
    for (const call of this.later.splice(0)) await this.reject(call, true);
    this.clockAt(at);
    await this.story.settle();
    await this.expectWithinBounds();
    const balances = await Promise.all(this.partners.map((partner) => this.story.balance(partner)));
    await this.expectBalanced(balances);
    return { commissions: await this.commissions(), balances };
  }

  private clockAt(seconds: number): void {
    this.story.timeIs(new Date(seconds * 1_000));
  }

  private own(text: string): string {
    const named = text.replaceAll(TEMPLATE_ID, `_${this.name}$1`).replaceAll(OWN, this.name);
    return named.replaceAll(`"${FOREIGN}"`, `"${this.currency}"`);
  }

  private async take(step: Step): Promise<void> {
    if (!('kind' in step)) return this.story.arrives(JSON.parse(this.own(JSON.stringify(step))) as StripeEvent);
    await this.say(step);
  }

  private async say(call: Call): Promise<unknown> {
    const effectiveAt = new Date(call.at * 1_000).toISOString();
    const say = (method: string, path: string, body: object) => this.story.call(method, path, body);
    switch (call.kind) {
      case 'sign_up': {
        const code = this.codes[call.program]?.[call.partner];
        return say('POST', '/v1/referrals', { code, customer: this.person(call.customer) });
      }
      case 'move': {
        const binding = { programKey: this.programs[call.program], partnerId: this.partners[call.partner] };
        const customer = this.person(call.customer);
        return say('POST', '/v1/attributions', { ...binding, customer, effectiveAt, reason: 'moved' });
      }
      case 'group': {
        const group = call.group ? `gold-${this.name}` : null;
        return say('PUT', `/v1/partners/${this.partners[call.partner]}/group`, { group, effectiveAt });
      }
      case 'terms': {
        const of = call.of === 'group' ? `groups/gold-${this.name}` : `partners/${this.partners[call.of]}`;
        return say('PUT', `/v1/programs/${this.programs[call.program]}/terms/${of}`, { ...call.terms, effectiveAt });
      }
      case 'edit':
        return say('PATCH', `/v1/programs/${this.programs[call.program]}`, call.terms);
      case 'deactivate':
        return say('POST', `/v1/partners/${this.partners[call.partner]}/deactivate`, { effectiveAt });
      case 'rate': {
        const rate = { base: this.currency, quote: 'usd', rate: '1.0837', effectiveAt, source: 'a bank' };
        return say('POST', '/v1/exchange-rates', rate);
      }
      case 'reject':
        return this.reject(call, false);
    }
  }

  private person(customer: string): object {
    const stripeCustomerId = this.own(customer);
    return { externalId: `user-${stripeCustomerId}`, stripeCustomerId };
  }

  /** A person can only reject what is held; otherwise they do it in the end, if anything is held then. Its moment counts. */
  private async reject(call: Extract<Call, { kind: 'reject' }>, isLast: boolean): Promise<void> {
    this.clockAt(call.at);
    await this.story.settle();
    const [found] = await this.story.service.db.query<Array<{ id: string }>>(
      `SELECT c.id FROM tributary.commission c
         JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id
         JOIN tributary.ledger_entry e ON e.workspace_id = c.workspace_id AND e.commission_id = c.id AND e.account = 'held'
        WHERE c.program_id = $1 AND s.source_id = $2 AND c.status = 'posted'
        GROUP BY c.workspace_id, c.id HAVING sum(e.amount_minor) > 0`,
      [this.programIds[call.program], this.own(call.invoice)],
    );
    if (found) await this.story.call('POST', `/v1/commissions/${found.id}/reject`, { reason: 'a fraud' });
    else if (!isLast) this.later.push(call);
  }

  private async commissions(): Promise<ToldCommission[]> {
    const rows = await this.story.service.db.query<Array<Record<string, string & Date>>>(
      `SELECT c.program_id, c.partner_id, c.rule, c.amount_minor, c.occurred_at, c.due_at, s.source_id,
              coalesce(-sum(e.amount_minor) FILTER (WHERE e.account = 'expense'), 0) AS net,
              coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'held'), 0) AS held
         FROM tributary.commission c
         JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id
         LEFT JOIN tributary.ledger_entry e ON e.workspace_id = c.workspace_id AND e.commission_id = c.id
        WHERE c.program_id = ANY($1) AND c.status <> 'superseded' AND c.amount_minor > 0
        GROUP BY c.workspace_id, c.id, s.source_id`,
      [this.programIds],
    );
    const told = rows.map((row) => ({
      program: this.programIds.indexOf(String(row.program_id)),
      partner: this.partners.indexOf(String(row.partner_id)),
      rule: String(row.rule),
      source: row.rule === 'lead' ? 'lead' : String(row.source_id).replace(`_${this.name}`, '_'),
      occurredAt: row.occurred_at!.toISOString(),
      dueAt: row.due_at!.toISOString(),
      amountMinor: Number(row.amount_minor),
      netMinor: Number(row.net),
      heldMinor: Number(row.held),
    }));
    return told.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  /** At every moment: nothing below zero, nothing above what was earned, nothing left of what is another's now. */
  private async expectWithinBounds(): Promise<void> {
    const outside = await this.story.service.db.query<object[]>(
      `SELECT c.id, c.status, c.amount_minor, sum(e.amount_minor) AS net
         FROM tributary.commission c
         JOIN tributary.ledger_entry e ON e.workspace_id = c.workspace_id AND e.commission_id = c.id AND e.account <> 'expense'
        WHERE c.program_id = ANY($1) GROUP BY c.workspace_id, c.id
       HAVING sum(e.amount_minor) NOT BETWEEN 0 AND CASE c.status WHEN 'superseded' THEN 0 ELSE c.amount_minor END
           OR sum(e.amount_minor) FILTER (WHERE e.account = 'held') NOT BETWEEN 0 AND sum(e.amount_minor)`,
      [this.programIds],
    );
    expect(outside).toEqual([]);
  }

  private async expectBalanced(balances: readonly BalanceRow[][]): Promise<void> {
    const unbalanced = await this.story.service.db.query<object[]>(
      `SELECT transaction_id FROM tributary.ledger_entry WHERE partner_id = ANY($1)
        GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0`,
      [this.partners],
    );
    expect(unbalanced).toEqual([]);
    for (const [n, partner] of this.partners.entries()) {
      const sums = await this.story.service.db.query<Array<{ currency: string; owed: string; held: string }>>(
        `SELECT currency, sum(amount_minor) AS owed, coalesce(sum(amount_minor) FILTER (WHERE account = 'held'), 0) AS held
           FROM tributary.ledger_entry WHERE partner_id = $1 AND account <> 'expense' GROUP BY currency`,
        [partner],
      );
      const added = balances[n]?.map(({ currency, heldMinor, pendingMinor, dueMinor, inPayoutMinor, paidMinor }) => {
        return { currency, owed: heldMinor + pendingMinor + dueMinor + inPayoutMinor + paidMinor, held: heldMinor };
      });
      expect(added).toEqual(sums.map(({ currency, owed, held }) => ({ currency, owed: +owed, held: +held })));
    }
  }
}

const momentOf = (step: Step): number => ('kind' in step ? step.at : step.created);

/** What is not dated by its words but by when it is said keeps its order among itself. */
function inTheirOrder(steps: readonly Step[]): Step[] {
  const isEdit = (step: Step): boolean => 'kind' in step && step.kind === 'edit';
  const edits = steps.filter(isEdit).sort((a, b) => (a as Call).at - (b as Call).at);
  return steps.map((step) => (isEdit(step) ? (edits.shift() as Step) : step));
}
