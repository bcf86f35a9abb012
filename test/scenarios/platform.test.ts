import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { SettleWorker } from '../../src/settling/settle.worker.js';
import { InboxWorker } from '../../src/webhooks/inbox.worker.js';
import { deliver, deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { customer, invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, Story, unix } from '../support/story.js';
import { startTestService } from '../support/test-service.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story.end());

const PAID_AT = unix('2026-03-01T12:30:00Z');

describe('the platform', () => {
  it('scenario 91: the same key and body give the first answer again, another body a conflict', async () => {
    const sale = {
      externalId: randomId('order'),
      customer: { externalId: randomId('user') },
      amountMinor: 5_000,
      currency: 'usd',
    };
    const headers = { 'idempotency-key': randomId('key') };

    const first = await story.service.http('POST', '/v1/sales', sale, headers);
    const again = await story.service.http('POST', '/v1/sales', sale, headers);
    const other = await story.service.http('POST', '/v1/sales', { ...sale, amountMinor: 6_000 }, headers);
    const without = await story.service.http('POST', '/v1/sales', sale);

    expect([first.status, again.status, other.status, without.status]).toEqual([201, 201, 409, 400]);
    expect(again.body).toEqual(first.body);
    expect(other.body).toMatchObject({ error: { code: 'idempotency_mismatch' } });
    expect(without.body).toMatchObject({ error: { code: 'idempotency_key_required', field: 'Idempotency-Key' } });
    const rows = await story.service.db.query(`SELECT 1 FROM tributary.sale WHERE source_id = $1`, [sale.externalId]);
    expect(rows).toHaveLength(1);
  });

  it('earns from a sale outside Stripe that names a code', async () => {
    const { partnerId, code } = await story.referrer();
    const sale = {
      externalId: randomId('order'),
      customer: { externalId: randomId('user') },
      amountMinor: 5_000,
      currency: 'usd',
      code,
    };

    await story.call('POST', '/v1/sales', sale);
    await story.settle();

    expect(await story.commissions(partnerId)).toMatchObject([{ sourceId: sale.externalId, amountMinor: 1_000 }]);
  });

  it('scenario 92: what belongs to another workspace is not there', async () => {
    const { programKey, partnerId, code } = await story.referrer();
    const person = await story.referredCustomer(code);
    const sale = payment({ customer: person, paidAt: PAID_AT });
    await story.happens(...sale.events, stripeEvent('customer.created', customer({ id: person })));
    const [commission] = await story.commissions(partnerId);
    const key = await story.service.newKey(['*'], { workspaceId: await story.service.newWorkspace() });
    const foreign = { authorization: `Bearer ${key}` };
    const paths = [
      `/v1/programs/${programKey}`,
      `/v1/partners/${partnerId}`,
      `/v1/partners/${partnerId}/balance`,
      `/v1/partners/${partnerId}/statement`,
      `/v1/codes/${code}`,
      `/v1/commissions/${commission?.id}`,
      `/v1/commissions/${commission?.id}/explanation`,
      `/v1/billing/customers/${person}`,
      `/v1/billing/invoices/${sale.invoice.id}`,
      `/v1/webhook-events/${sale.events[0]?.id}`,
    ];

    for (const path of paths) {
      expect((await story.service.http('GET', path)).status).toBe(200);
      expect({ path, status: (await story.service.http('GET', path, undefined, foreign)).status }).toEqual({
        path,
        status: 404,
      });
    }
    for (const list of [
      'programs',
      'partners',
      'codes',
      'commissions',
      'referrals',
      'payouts',
      'payout-runs',
      'webhook-events',
      'billing/invoices',
    ]) {
      const { body } = await story.service.http<{ data: unknown[] }>('GET', `/v1/${list}`, undefined, foreign);
      expect({ list, data: body.data }).toEqual({ list, data: [] });
    }
  });

  it('scenario 93: a test event at a live workspace is in quarantine and never in a balance', async () => {
    const live = await startTestService({
      sandbox: false,
      env: { STRIPE_LIVEMODE: 'true', STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' },
    });
    const event = stripeEvent('customer.created', customer(), { livemode: false });

    expect((await deliver(live, event)).status).toBe(200);
    await drain(live);

    expect((await live.http('GET', `/v1/webhook-events/${event.id}`)).body).toMatchObject({ state: 'quarantined' });
    expect(await live.db.query(`SELECT 1 FROM stripe.customers`)).toEqual([]);
    expect(await live.db.query(`SELECT 1 FROM tributary.ledger_entry`)).toEqual([]);
    await live.stop();
  });

  it('scenario 95: what was stored before a crash is settled from the store, once', async () => {
    const { partnerId, code } = await story.referrer();
    const person = await story.referredCustomer(code);
    const sale = payment({ customer: person, paidAt: PAID_AT, lines: [invoiceLine({ amount: 10_000 })] });
    await deliverAll(story.service, [...sale.events, ...refundOf(sale.charge, 2_500, PAID_AT + 100).events]);

    // Nothing of the first process is left but its database; two replicas work on it at the same moment.
    const replicas = await Promise.all(
      [0, 1].map(() => startTestService({ sandbox: false, databaseUrl: story.service.databaseUrl })),
    );
    for (let round = 0; round < 6; round++) {
      await Promise.all(
        replicas.flatMap((replica) =>
          [InboxWorker, SettleWorker].map((worker) => (replica.app.get(worker) as PollingWorker).drain()),
        ),
      );
    }
    await Promise.all(replicas.map((replica) => replica.stop()));

    expect(await story.postings(partnerId)).toEqual([
      { kind: 'earning', amountMinor: 2_000 },
      { kind: 'reversal', amountMinor: -500 },
    ]);
  });

  it('failure 2: one fact told by many events is one commission', async () => {
    const { partnerId, code } = await story.referrer();
    const person = await story.referredCustomer(code);
    const sale = payment({ customer: person, paidAt: PAID_AT });
    const session = {
      id: randomId('cs'),
      object: 'checkout.session',
      customer: person,
      mode: 'subscription',
      status: 'complete',
      invoice: sale.invoice.id,
    };

    await story.happens(
      ...sale.events,
      stripeEvent('checkout.session.completed', session, { created: PAID_AT }),
      stripeEvent('invoice.updated', sale.invoice, { created: PAID_AT }),
      stripeEvent('invoice.paid', sale.invoice, { created: PAID_AT }),
    );

    expect(await story.postings(partnerId)).toEqual([{ kind: 'earning', amountMinor: 1_000 }]);
  });
});

describe('the ledger', () => {
  it('failure 23: refuses to be updated, deleted or truncated, also by its own role', async () => {
    for (const table of ['ledger_transaction', 'ledger_entry']) {
      for (const statement of [
        `UPDATE tributary.${table} SET workspace_id = 'x'`,
        `DELETE FROM tributary.${table}`,
        `TRUNCATE tributary.${table}`,
      ]) {
        await expect(story.service.db.query(statement)).rejects.toThrow(/append-only/);
      }
    }
  });

  it('failure 22: every transaction sums to zero per currency, and one that does not is refused', async () => {
    const sums = await story.service.db.query(
      `SELECT transaction_id FROM tributary.ledger_entry GROUP BY workspace_id, transaction_id, currency HAVING sum(amount_minor) <> 0`,
    );
    expect(sums).toEqual([]);
    const insert = `INSERT INTO tributary.ledger_entry (workspace_id, id, transaction_id, account, partner_id, currency, amount_minor, payable, kind, occurred_at)
                    VALUES ('w', 'e1', 't', 'paid', 'p', 'usd', 5, false, 'pay', now()), ('w', 'e2', 't', 'expense', 'p', 'eur', -5, false, 'pay', now())`;
    await expect(story.service.db.query(insert)).rejects.toThrow(/do not sum to zero/);
  });

  it('failure 30: a balance is the sum of its entries', async () => {
    const partners = await story.service.db.query<Array<{ id: string }>>(`SELECT id FROM tributary.partner`);
    for (const { id } of partners) {
      const [fromEntries] = await story.service.db.query<Array<{ owed: string | null }>>(
        `SELECT -sum(amount_minor) AS owed FROM tributary.ledger_entry WHERE partner_id = $1 AND account = 'expense'`,
        [id],
      );
      const balances = await story.balance(id);
      const owed = balances.reduce(
        (sum, b) => sum + b.pendingMinor + b.dueMinor + b.heldMinor + b.inPayoutMinor + b.paidMinor,
        0,
      );
      expect(owed).toBe(Number(fromEntries?.owed ?? 0));
    }
  });
});
