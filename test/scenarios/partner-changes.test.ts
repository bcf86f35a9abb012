import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { drain, randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { payment, Story, unix } from '../support/story.js';

const PAID_AT = unix('2026-03-01T12:30:00Z');

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
beforeEach(() => story.timeIs('2026-03-01T12:00:00Z'));
afterAll(() => story?.end());

interface Review {
  state: string;
  netMinor: number;
  holds: Array<{ id: string }>;
}

const reviews = async (partnerId: string): Promise<Review[]> =>
  (await story.call<{ data: Review[] }>('GET', `/v1/reviews?partnerId=${partnerId}`)).data;

const waiting = () => story.service.db.query<object[]>(`SELECT 1 FROM tributary.partner_change`);

/** All that follows from what was told. */
const follow = () => drain(story.service, ['partner-changes', 'settle']);

interface Buyer {
  externalId: string;
  email: string;
  card: string;
}

/** Somebody signs up by the code and pays 100.00 with a card. */
async function buys(code: string): Promise<Buyer> {
  const [externalId, stripeCustomerId, card] = [randomId('user'), randomId('cus'), randomId('fp')];
  const email = `${externalId}@example.org`.toLowerCase();
  await story.call('POST', '/v1/referrals', { code, customer: { externalId, stripeCustomerId, email } });
  const sale = payment({ customer: stripeCustomerId, paidAt: PAID_AT, lines: [invoiceLine({ amount: 10_000 })] });
  const details = { type: 'card', card: { fingerprint: card } };
  const [charged, ...rest] = sale.events as [StripeEvent, ...StripeEvent[]];
  (charged.data as { object: Record<string, unknown> }).object.payment_method_details = details;
  await story.happens(charged, ...rest);
  return { externalId, email, card };
}

/** A connected account that is paid to the card. */
async function accountWith(fingerprint: string): Promise<string> {
  const account = randomId('acct');
  const card = { id: randomId('card'), object: 'card', account, fingerprint };
  await story.happens(stripeEvent('account.external_account.created', card, { created: PAID_AT }));
  return account;
}

const CHANGES: Array<[what: string, check: string, change: (partner: string, own: Buyer) => Promise<unknown>]> = [
  ['address', 'own_email', (path, { email }) => story.call('PATCH', path, { email: email.replace('@', '+p@') })],
  ['user id', 'own_user', (path, { externalId }) => story.call('PATCH', path, { externalId })],
  [
    'account',
    'own_destination',
    async (path, { card }) => {
      const accountId = await accountWith(card);
      await story.call('PUT', `${path}/payout-method`, { type: 'stripe_connect', accountId });
    },
  ],
];

describe('a partner who says something else of themselves', () => {
  it.each(CHANGES)('by another %s has their own purchase held, and nothing else', async (_what, check, change) => {
    const { partnerId, code } = await story.referrer();
    const own = await buys(code);
    await buys(code);
    await follow();
    expect(await reviews(partnerId)).toEqual([]);

    await change(`/v1/partners/${partnerId}`, own);
    await follow();

    expect(await reviews(partnerId)).toMatchObject([{ state: 'held', netMinor: 2_000, holds: [{ id: check }] }]);
    expect(await story.balance(partnerId)).toMatchObject([{ heldMinor: 2_000, pendingMinor: 2_000 }]);
    expect(await waiting()).toEqual([]);
  });

  it('keeps what was approved for a payout', async () => {
    const { partnerId, code } = await story.referrer({ holdDays: 0 });
    const own = await buys(code);
    await story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'IBAN' });
    story.timeIs(new Date((PAID_AT + 60) * 1000));
    const { id, revision } = await story.call<{ id: string; revision: number }>('POST', '/v1/payout-runs', {
      currency: 'usd',
    });
    await story.call('POST', `/v1/payout-runs/${id}/approve`, { revision });

    await story.call('PATCH', `/v1/partners/${partnerId}`, { email: own.email });
    await drain(story.service, ['partner-changes']);

    const touched = await story.service.db.query<object[]>(`SELECT 1 FROM tributary.settle_queue`);
    expect({ touched, waiting: await waiting() }).toEqual({ touched: [], waiting: [] });
    expect(await story.balance(partnerId)).toMatchObject([{ inPayoutMinor: 2_000, heldMinor: 0 }]);
  });

  it('is gone through page by page, each commission once', async () => {
    const { partnerId, code } = await story.referrer();
    await buys(code);
    // As if of 1,200 sales, which no test has the time to make one by one.
    await story.service.db.query(
      `INSERT INTO tributary.commission
       SELECT (jsonb_populate_record(c, jsonb_build_object('id', 'commission_zz' || lpad(n::text, 4, '0'), 'rule', 'more ' || n))).*
         FROM tributary.commission c, generate_series(1, 1199) AS n WHERE c.partner_id = $1`,
      [partnerId],
    );
    await story.call('PATCH', `/v1/partners/${partnerId}`, { email: 'ada@example.net' });
    const worker = story.service.workers.get('partner-changes') as PollingWorker;

    const pages = [];
    while ((await worker.runOnce()) > 0) {
      const [at] = await story.service.db.query<Array<{ id: string }>>(
        `SELECT after_id AS id FROM tributary.partner_change WHERE partner_id = $1`,
        [partnerId],
      );
      pages.push(at?.id ?? null);
    }

    expect(pages).toEqual(['commission_zz0499', 'commission_zz0999', null]);
    const keys = await story.service.db.query<object[]>(`SELECT key FROM tributary.settle_queue`);
    expect(keys).toHaveLength(1);
    await story.service.db.query(`DELETE FROM tributary.commission WHERE id LIKE 'commission_zz%'`);
  });

  it('by a name, or by the same as before, has nothing looked at', async () => {
    const { partnerId } = await story.referrer();

    await story.call('PATCH', `/v1/partners/${partnerId}`, { name: 'Countess', email: 'ada@example.com' });
    await story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'IBAN' });

    expect(await waiting()).toEqual([]);
  });
});
