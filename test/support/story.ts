import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { deliverAll, drain, randomId, stripeEvent, type StripeEvent, type StripeObject } from './stripe-events.js';
import { charge, checkoutSession, invoice, invoiceLine, invoicePayment, refund } from './stripe-objects.js';
import { startTestService, type TestService, type TestServiceOptions } from './test-service.js';

export interface CommissionRow {
  id: string;
  partnerId: string;
  state: string;
  amountMinor: number;
  reversedMinor: number;
  netMinor: number;
  currency: string;
  occurredAt: string;
  dueAt: string;
  sourceId: string;
}

export interface BalanceRow {
  currency: string;
  pendingMinor: number;
  heldMinor: number;
  dueMinor: number;
  inPayoutMinor: number;
  paidMinor: number;
}

export interface Payment {
  invoice: StripeObject;
  charge: StripeObject;
  /** In the order in which Stripe would send them. */
  events: StripeEvent[];
}

export interface PaymentTerms {
  customer: string;
  /** Unix seconds. */
  paidAt: number;
  lines?: StripeObject[];
  /** Fields of the invoice that do not follow from its lines. */
  invoice?: Record<string, unknown>;
}

export const unix = (instant: string | Date): number => Math.floor(new Date(instant).getTime() / 1000);

/** A company with a referral program, told in its own words. One per test file; every test makes its own people. */
export class Story {
  private constructor(readonly service: TestService) {}

  static async begin(options: TestServiceOptions = {}): Promise<Story> {
    const env = { TRIBUTARY_ENCRYPTION_KEY: 'an encryption key of 32 characters', ...options.env };
    return new Story(await startTestService({ ...options, env }));
  }

  end(): Promise<void> {
    return this.service.stop();
  }

  get sandbox(): StripeSandbox {
    return this.service.sandbox as unknown as StripeSandbox;
  }

  /** Business time stands still there. */
  timeIs(instant: string | Date): void {
    this.sandbox.freezeClock(new Date(instant));
  }

  /** Fails with the answer's own words unless it is a success. */
  async call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const key: Record<string, string> = method === 'POST' ? { 'idempotency-key': randomId('key') } : {};
    const answer = await this.service.http<T>(method, path, body, { ...key, ...headers });
    if (answer.status >= 300)
      throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async program(terms: Record<string, unknown> = {}): Promise<string> {
    const key = randomId('p').replace('_', '-');
    const defaults = { key, name: 'Friends', currency: 'usd', reward: { type: 'percentage', rateBps: 2_000 } };
    await this.call('POST', '/v1/programs', { ...defaults, ...terms });
    return key;
  }

  async partner(name = 'Ada'): Promise<string> {
    const { id } = await this.call<{ id: string }>('POST', '/v1/partners', {
      externalId: randomId('user'),
      email: `${name.toLowerCase()}@example.com`,
      name,
    });
    return id;
  }

  async code(programKey: string, partnerId: string, code?: string): Promise<string> {
    return (await this.call<{ code: string }>('POST', '/v1/codes', { programKey, partnerId, code })).code;
  }

  async click(code: string): Promise<string> {
    return (await this.call<{ id: string }>('POST', '/v1/clicks', { code })).id;
  }

  /** A partner with a code in a program of their own. */
  async referrer(
    terms: Record<string, unknown> = {},
  ): Promise<{ programKey: string; partnerId: string; code: string }> {
    const programKey = await this.program(terms);
    const partnerId = await this.partner();
    return { programKey, partnerId, code: await this.code(programKey, partnerId) };
  }

  /** A Stripe customer who signed up by the code, so that whatever they pay earns. */
  async referredCustomer(code: string): Promise<string> {
    const stripeCustomerId = randomId('cus');
    await this.call('POST', '/v1/referrals', { code, customer: { externalId: randomId('user'), stripeCustomerId } });
    return stripeCustomerId;
  }

  /** Delivers in the given order, then lets the workers finish. */
  async happens(...events: StripeEvent[]): Promise<void> {
    await this.arrives(...events);
    await this.settle();
  }

  /** Delivers in the given order; nobody has looked at it yet. */
  async arrives(...events: StripeEvent[]): Promise<void> {
    await deliverAll(this.service, events);
  }

  async settle(): Promise<void> {
    await drain(this.service);
  }

  async commissions(partnerId: string): Promise<CommissionRow[]> {
    const { data } = await this.call<{ data: CommissionRow[] }>(
      'GET',
      `/v1/commissions?partnerId=${partnerId}&limit=100`,
    );
    return [...data].sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1));
  }

  async balance(partnerId: string): Promise<BalanceRow[]> {
    return (await this.call<{ balances: BalanceRow[] }>('GET', `/v1/partners/${partnerId}/balance`)).balances;
  }

  /** What the ledger holds for the partner: kind and amount of all that changed what is owed, oldest first. */
  async postings(partnerId: string): Promise<Array<{ kind: string; amountMinor: number }>> {
    const rows = await this.service.db.query<Array<{ kind: string; amount: string }>>(
      `SELECT t.kind, e.amount_minor AS amount FROM tributary.ledger_entry e
         JOIN tributary.ledger_transaction t ON t.workspace_id = e.workspace_id AND t.id = e.transaction_id
        WHERE e.partner_id = $1 AND e.account = 'earned' AND e.payable ORDER BY e.id`,
      [partnerId],
    );
    return rows.map(({ kind, amount }) => ({ kind, amountMinor: Number(amount) }));
  }
}

/** An invoice that was paid by card, with the events that tell of it. */
export function payment({ customer, paidAt, lines = [invoiceLine()], invoice: fields = {} }: PaymentTerms): Payment {
  const bill = invoice({ customer, created: paidAt, ...fields }, lines);
  const paymentIntent = randomId('pi');
  const amount = Number(bill.amount_paid);
  const paid = charge({ customer, created: paidAt, amount, amount_captured: amount, payment_intent: paymentIntent });
  const link = invoicePayment(bill.id, paymentIntent, amount, { created: paidAt });
  return {
    invoice: bill,
    charge: paid,
    events: [
      stripeEvent('charge.succeeded', paid, { created: paidAt }),
      stripeEvent('invoice_payment.paid', link, { created: paidAt }),
      stripeEvent('invoice.paid', bill, { created: paidAt }),
      stripeEvent('invoice.payment_succeeded', bill, { created: paidAt }),
    ],
  };
}

/** A refund of a charge at a time; the events are the three that Stripe sends of it. */
export function refundOf(paid: StripeObject, amount: number, at: number, alreadyRefunded = 0) {
  const given = refund(paid.id, amount, { created: at, payment_intent: paid.payment_intent });
  const total = alreadyRefunded + amount;
  const after = { ...paid, amount_refunded: total, refunded: total === paid.amount };
  const previous = { amount_refunded: alreadyRefunded, refunded: false };
  return {
    refund: given,
    charge: after,
    events: [
      stripeEvent('charge.refunded', after, { created: at, previous }),
      stripeEvent('refund.created', given, { created: at }),
      stripeEvent('refund.updated', given, { created: at, previous: { receipt_number: null } }),
    ],
  };
}

/** A finished checkout that names a click. */
export function checkoutBy(
  clickId: string,
  customer: string,
  at: number,
  fields: Record<string, unknown> = {},
): StripeEvent {
  const session = checkoutSession({ client_reference_id: clickId, customer, created: at, ...fields });
  return stripeEvent('checkout.session.completed', session, { created: at });
}

/** All orders of a few things. */
export function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, at) => ordersOf(items.filter((_, other) => other !== at)).map((rest) => [item, ...rest]));
}
