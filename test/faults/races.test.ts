import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { deliver, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { checkoutSession, invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, Story } from '../support/story.js';
import { startTestService, type TestService } from '../support/test-service.js';

/** After the sign-ups that this file makes: what was paid before earns nothing. */
const PAID_AT = Math.floor(Date.now() / 1000) + 600;
const PAIRS = 500;
/** A person's sales are settled one after the other: of many persons, they are settled at once. */
const CUSTOMERS = 50;
const LANES = 16;
const PASSES_MAX = 200;
const SECRET = 'whsec_0123456789abcdef';

let story: Story;
let replica: TestService;
beforeAll(async () => {
  const env = { STRIPE_WEBHOOK_SECRET: SECRET };
  story = await Story.begin({ sandbox: false, env });
  replica = await startTestService({ sandbox: false, databaseUrl: story.service.databaseUrl, env });
});
afterAll(async () => {
  await replica?.stop();
  await story?.end();
});

async function deliverInParallel(events: readonly StripeEvent[]): Promise<void> {
  const queue = [...events];
  const lane = async (): Promise<void> => {
    for (let event = queue.shift(); event !== undefined; event = queue.shift())
      expect((await deliver(story.service, event)).status).toBe(200);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Both replicas' workers of these names at once, until a pass finds nothing. */
async function workTogether(names: readonly string[]): Promise<void> {
  const workers = [story.service, replica].flatMap((service) =>
    names.map((name) => service.workers.get(name) as PollingWorker),
  );
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const done = await Promise.all(workers.map((worker) => worker.runOnce()));
    if (done.every((count) => count === 0)) return;
  }
  throw new Error(`the queues are not empty after ${PASSES_MAX} passes`);
}

describe('two workers', () => {
  it('failure 20b: who apply an invoice and its refund at the same moment post every reversal once', async () => {
    const { partnerId, code } = await story.referrer();
    const customers: string[] = [];
    for (let n = 0; n < CUSTOMERS; n++) customers.push(await story.referredCustomer(code));
    const sales = Array.from({ length: PAIRS }, (_, n) => {
      const customer = customers[n % CUSTOMERS] as string;
      return payment({ customer, paidAt: PAID_AT + n, lines: [invoiceLine({ amount: 10_000 })] });
    });
    const told = (sale: (typeof sales)[number], type: string) => sale.events.filter((event) => event.type === type);
    await deliverInParallel(sales.flatMap((sale) => told(sale, 'invoice_payment.paid')));
    // Nothing is paid yet, so that their keys are dropped together.
    await workTogether(['inbox', 'settle']);

    // A claim takes a batch of the oldest: one worker gets the invoices, the other, at the same moment, their refunds.
    const batch = 200;
    for (let from = 0; from < PAIRS; from += batch) {
      const group = sales.slice(from, from + batch);
      await deliverInParallel(group.flatMap((sale) => told(sale, 'invoice.paid')));
      await deliverInParallel(
        group.flatMap((sale) =>
          refundOf(sale.charge, 4_000, PAID_AT + 3_000).events.filter(({ type }) => type === 'refund.created'),
        ),
      );
    }
    await workTogether(['inbox', 'settle']);

    const posted = await story.service.db.query<Array<{ kind: string; amount: string; count: string }>>(
      `SELECT t.kind, e.amount_minor AS amount, count(*) AS count, count(DISTINCT e.commission_id) AS commissions
         FROM tributary.ledger_entry e
         JOIN tributary.ledger_transaction t ON t.workspace_id = e.workspace_id AND t.id = e.transaction_id
        WHERE e.partner_id = $1 AND e.account = 'earned' AND e.payable GROUP BY t.kind, e.amount_minor ORDER BY t.kind`,
      [partnerId],
    );
    const net = await story.service.db.query<Array<{ net: string }>>(
      `SELECT DISTINCT sum(amount_minor) AS net FROM tributary.ledger_entry
        WHERE partner_id = $1 AND account = 'earned' AND payable GROUP BY commission_id`,
      [partnerId],
    );
    expect(net).toEqual([{ net: '1200' }]);
    expect(posted.find(({ kind }) => kind === 'earning')).toMatchObject({ count: String(PAIRS) });
    expect(posted.find(({ kind }) => kind === 'reversal')).toMatchObject({ amount: '-800', count: String(PAIRS) });
  }, 240_000);
});

describe('one fact told by many events', () => {
  it('failure 2: is one row of each object, with the same keys to settle', async () => {
    const sale = payment({ customer: 'cus_nobody', paidAt: PAID_AT });
    const session = checkoutSession({ customer: 'cus_nobody', invoice: sale.invoice.id, created: PAID_AT });
    const thin = {
      ...stripeEvent('v1.invoice.paid', {}, { created: PAID_AT }),
      object: 'v2.core.event',
      data: undefined,
    };
    const events = [
      ...sale.events,
      stripeEvent('checkout.session.completed', session, { created: PAID_AT }),
      thin as unknown as StripeEvent,
    ];
    await deliverInParallel([...events, ...events]);
    const inbox = story.service.workers.get('inbox') as PollingWorker;
    await inbox.drain();

    const { db } = story.service;
    const states = await db.query(`SELECT DISTINCT state FROM tributary.webhook_event WHERE id = ANY($1::text[])`, [
      events.map(({ id }) => id),
    ]);
    const rows = await db.query(
      `SELECT (SELECT count(*)::int FROM stripe.invoices WHERE id = $1) AS invoices,
              (SELECT count(*)::int FROM stripe.invoice_payments WHERE invoice = $1) AS payments,
              (SELECT count(*)::int FROM stripe.charges WHERE id = $2) AS charges,
              (SELECT count(*)::int FROM stripe.checkout_sessions WHERE invoice = $1) AS sessions`,
      [sale.invoice.id, sale.charge.id],
    );
    const keys = await db.query(
      `SELECT DISTINCT kind FROM tributary.settle_queue WHERE key = ANY($1::text[]) ORDER BY kind`,
      [[sale.invoice.id, sale.charge.id, session.id]],
    );
    expect(states).toEqual([{ state: 'applied' }]);
    expect(rows).toEqual([{ invoices: 1, payments: 1, charges: 1, sessions: 1 }]);
    expect(keys).toEqual([{ kind: 'charge' }, { kind: 'checkout_session' }, { kind: 'invoice' }]);
  });
});
