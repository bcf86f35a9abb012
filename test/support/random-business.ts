import { disputeOf, warningOf } from './complaints.js';
import { payment, refundOf } from './story.js';
import { randomId, stripeEvent, type StripeEvent, type StripeObject } from './stripe-events.js';
import { invoiceLine } from './stripe-objects.js';

export const DAY = 86_400;
/** Unix seconds of the first sign-up. */
export const BEGIN = 1_767_614_400;
/** In template events it stands for what is another one in each telling. */
export const FOREIGN = 'xxx';
export const OWN = 'telling';

/** What became of a sale in the end, by the id of its invoice. */
export interface SaleOutcome {
  cashMinor: number;
  outMinor: number;
}

/** What is told to the API, at a moment of its own. */
export type Call =
  | { kind: 'sign_up'; at: number; customer: string; partner: number; program: number }
  | { kind: 'move'; at: number; customer: string; partner: number; program: number }
  | { kind: 'group'; at: number; partner: number; group: boolean }
  | { kind: 'terms'; at: number; program: number; of: 'group' | number; terms: object }
  | { kind: 'edit'; at: number; program: number; terms: object }
  | { kind: 'deactivate'; at: number; partner: number }
  | { kind: 'rate'; at: number }
  | { kind: 'reject'; at: number; invoice: string; program: number };

/** All that happens to a company in some weeks, in the order in which it happened; the ids are templates. */
export interface Business {
  steps: Array<StripeEvent | Call>;
  sales: Map<string, SaleOutcome>;
}

export const PARTNERS = 3;
const CUSTOMERS = 6;
const WEEKS_DAYS = 70;

/** Customers who sign up, pay, get money back, complain and are moved, and a company that changes its mind. */
export function randomBusiness(random: () => number): Business {
  const upTo = (n: number): number => Math.floor(random() * n);
  const business: Business = { steps: [], sales: new Map() };
  const dated: Array<{ at: number; step: StripeEvent | Call }> = [];
  const call = (step: Call): number => dated.push({ at: step.at, step });
  for (let n = 0; n < CUSTOMERS; n++) {
    const customer = randomId('cus');
    const moved = n % 3 === 2;
    for (const program of n % 2 === 0 ? [0, 1] : [0]) {
      call({ kind: 'sign_up', at: BEGIN + n * 60 + program, customer, partner: n % PARTNERS, program });
      if (!moved) continue;
      const other = (n + 1 + upTo(PARTNERS - 1)) % PARTNERS;
      call({ kind: 'sign_up', at: BEGIN + 3_600 + upTo(20) * DAY, customer, partner: other, program });
      call({ kind: 'move', at: BEGIN + upTo(WEEKS_DAYS) * DAY, customer, partner: upTo(PARTNERS), program });
    }
    const email = `${n < 2 ? 'shared' : `buyer${n}`}.${OWN}@example.com`;
    const person = { id: customer, object: 'customer', created: BEGIN + n * 60, email, metadata: {} };
    dated.push({ at: BEGIN, step: stripeEvent('customer.created', person, { created: BEGIN + n * 60 }) });
    for (let count = 1 + upTo(3); count > 0; count--) {
      const sale = randomSale(customer, BEGIN + 3_600 + upTo(WEEKS_DAYS * 24) * 3_600, random);
      business.sales.set(sale.invoice, sale.outcome);
      for (const event of sale.events) dated.push({ at: event.created, step: event });
      // A warning stands until a person decides, so that the decision can be taken at any time.
      if (sale.isWarned && !moved && n % PARTNERS !== 0 && random() < 0.6)
        call({ kind: 'reject', at: sale.paidAt + DAY, invoice: sale.invoice, program: 0 });
    }
  }
  for (const step of changesOfMind(upTo)) call(step);
  business.steps = dated.sort((a, b) => a.at - b.at).map(({ step }) => step);
  return business;
}

/** The company edits its programs, has terms for a group and a partner, and lets one partner go. */
function changesOfMind(upTo: (n: number) => number): Call[] {
  const sometime = (): number => BEGIN + DAY + upTo(WEEKS_DAYS * DAY);
  const tiers = (low: number, high: number) => ({
    reward: {
      ...{ type: 'tiered', by: 'revenue', period: 'month', mode: 'whole_sale' },
      tiers: [
        { from: 0, rateBps: low },
        { from: 8_000 + upTo(20_000), rateBps: high },
      ],
    },
  });
  return [
    { kind: 'edit', at: sometime(), program: 0, terms: tiers(1_000 + upTo(500), 3_000) },
    { kind: 'edit', at: sometime(), program: 1, terms: { holdDays: upTo(60) } },
    { kind: 'terms', at: sometime(), program: 0, of: 'group', terms: tiers(2_000, 4_000 + upTo(999)) },
    { kind: 'terms', at: sometime(), program: 1, of: 1, terms: { holdDays: 7 } },
    { kind: 'group', at: sometime(), partner: 1, group: true },
    { kind: 'group', at: sometime(), partner: 1, group: false },
    { kind: 'group', at: sometime(), partner: 2, group: true },
    { kind: 'deactivate', at: sometime(), partner: 0 },
    { kind: 'rate', at: BEGIN - DAY },
  ];
}

interface RandomSale {
  invoice: string;
  paidAt: number;
  events: StripeEvent[];
  isWarned: boolean;
  outcome: SaleOutcome;
}

/** A paid invoice with whatever moved on its charge afterwards; every state of an object has a second of its own. */
function randomSale(customer: string, paidAt: number, random: () => number): RandomSale {
  const upTo = (n: number): number => Math.floor(random() * n);
  const lines = [
    invoiceLine({ amount: 500 + upTo(20_000) }),
    ...(random() < 0.3 ? [invoiceLine({ amount: -400 })] : []),
  ];
  const total = lines.reduce((sum, { amount }) => sum + Number(amount), 0);
  const cashMinor = random() < 0.2 ? 1 + upTo(total) : total;
  const currency = random() < 0.25 ? FOREIGN : 'usd';
  const fields = { amount_paid: cashMinor, amount_due: cashMinor, currency };
  const paid = payment({ customer, paidAt, lines, invoice: fields });
  const events = [...paid.events];
  let [charge, refundedMinor, at] = [paid.charge, 0, paidAt];
  const parts = [0, 0, 1, 1, 2, 3][upTo(6)] ?? 0;
  for (let part = 0; part < parts && refundedMinor < cashMinor; part++) {
    const rest = cashMinor - refundedMinor;
    const amount = part === parts - 1 && random() < 0.5 ? rest : 1 + upTo(rest);
    const given = refundOf(charge, amount, (at += 100 + upTo(5) * DAY), refundedMinor);
    events.push(...given.events);
    if (random() < 0.25) {
      events.push(...failureOf(given.refund, given.charge, refundedMinor, (at += 100)));
      charge = { ...given.charge, amount_refunded: refundedMinor, refunded: false };
    } else [charge, refundedMinor] = [given.charge, refundedMinor + amount];
    if (random() < 0.3) events.push(creditNote(paid.invoice, amount, at + 1));
  }
  let withdrawnMinor = 0;
  if (random() < 0.3 && refundedMinor < cashMinor) {
    const disputed = 1 + upTo(cashMinor - refundedMinor);
    const dispute = disputeOf(paid.charge, disputed, (at += 1_000));
    events.push(dispute.opened);
    if (random() < 0.8) {
      events.push(dispute.withdrawn());
      withdrawnMinor = disputed;
      if (random() < 0.4) {
        events.push(dispute.reinstated());
        withdrawnMinor = 0;
      }
    }
    if (random() < 0.6) events.push(dispute.closed(withdrawnMinor > 0 ? 'lost' : 'won'));
  }
  const isWarned = withdrawnMinor === 0 && random() < 0.3;
  if (isWarned) events.push(warningOf(paid.charge, at + 500));
  const outcome = { cashMinor, outMinor: refundedMinor + withdrawnMinor };
  const told = events.map((event) => inCurrency(event, currency));
  return { invoice: paid.invoice.id, paidAt, events: told, isWarned, outcome };
}

function failureOf(refund: StripeObject, charge: StripeObject, before: number, at: number): StripeEvent[] {
  const previous = { amount_refunded: charge.amount_refunded };
  return [
    stripeEvent('refund.failed', { ...refund, status: 'failed' }, { created: at, previous: { status: 'succeeded' } }),
    stripeEvent('charge.updated', { ...charge, amount_refunded: before, refunded: false }, { created: at, previous }),
  ];
}

/** It moves nothing of itself. */
function creditNote(invoice: StripeObject, amount: number, created: number): StripeEvent {
  const note = { id: randomId('cn'), object: 'credit_note', created, invoice: invoice.id, amount, status: 'issued' };
  return stripeEvent('credit_note.created', note, { created });
}

function inCurrency(event: StripeEvent, currency: string): StripeEvent {
  return JSON.parse(JSON.stringify(event).replaceAll('"currency":"usd"', `"currency":"${currency}"`)) as StripeEvent;
}
