import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomId } from '../support/stripe-events.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { checkoutBy, payment, Story, unix } from '../support/story.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story?.end());

const PAID_AT = unix('2026-03-01T12:30:00Z');

async function partnerOf(terms: Record<string, unknown> = {}) {
  const programKey = await story.program(terms);
  const externalId = randomId('user');
  const { id } = await story.call<{ id: string }>('POST', '/v1/partners', { externalId, email: 'alice@gmail.com' });
  return { partnerId: id, externalId, code: await story.code(programKey, id) };
}

/** Somebody signs up by the code and pays 100.00 with a card. */
async function bought(code: string, person: Record<string, unknown> = {}, fingerprint?: string): Promise<void> {
  const customer = randomId('cus');
  const told = { externalId: randomId('user'), stripeCustomerId: customer, ...person };
  await story.call('POST', '/v1/referrals', { code, customer: told });
  await pays(customer, fingerprint);
}

async function pays(customer: string, fingerprint = randomId('fp')): Promise<void> {
  const sale = payment({ customer, paidAt: PAID_AT, lines: [invoiceLine({ amount: 10_000 })] });
  const [charged, ...rest] = sale.events;
  const details = { type: 'card', card: { fingerprint } };
  (charged!.data as { object: Record<string, unknown> }).object.payment_method_details = details;
  await story.happens(charged!, ...rest);
}

interface Review {
  state: string;
  holds: Array<{ kind: string; id: string; evidence: Record<string, unknown> }>;
}

async function reviews(partnerId: string): Promise<Review[]> {
  return (await story.call<{ data: Review[] }>('GET', `/v1/reviews?partnerId=${partnerId}`)).data;
}

describe('suspicion', () => {
  it('scenario 84: a purchase by the partner’s own mailbox is held, with rule and evidence, and not refused', async () => {
    const { partnerId, code } = await partnerOf();

    await bought(code, { email: 'a.lice+x@gmail.com' });

    expect(await reviews(partnerId)).toMatchObject([
      { state: 'held', netMinor: 2_000, holds: [{ kind: 'suspicion', id: 'own_email', evidence: { exact: false } }] },
    ]);
    const moments = await story.service.db.query<Array<{ id: string }>>(
      `SELECT DISTINCT t.xmin::text FROM tributary.ledger_transaction t JOIN tributary.ledger_entry e
          ON e.workspace_id = t.workspace_id AND e.transaction_id = t.id WHERE e.partner_id = $1`,
      [partnerId],
    );
    expect(moments).toHaveLength(1);
  });

  it('holds what the partner buys as a customer, and what is paid with a card of theirs', async () => {
    const { partnerId, externalId, code } = await partnerOf();
    const card = randomId('fp');

    await bought(code, { externalId }, card);
    await bought(code, {}, card);
    await bought(code);

    const found = (await reviews(partnerId)).map(({ holds }) => holds.map(({ id }) => id));
    expect(found.sort()).toEqual([['own_card'], ['own_user']]);
  });

  it('scenario 86: the sixth sign-up from one address in 24 hours is held', async () => {
    const { partnerId, code } = await partnerOf();
    for (let n = 1; n <= 6; n++) {
      story.timeIs(new Date(Date.UTC(2026, 2, 1, 12, n)));
      const clickId = await story.click(code);
      const stripeCustomerId = randomId('cus');
      await story.call('POST', '/v1/referrals', {
        clickId,
        customer: { externalId: randomId('user'), stripeCustomerId },
      });
      await story.service.db.query(`UPDATE tributary.referral_tracking SET ip_hash = $2 WHERE id = $1`, [
        clickId,
        code,
      ]);
      await pays(stripeCustomerId);
    }
    story.timeIs('2026-03-01T12:00:00Z');

    expect(await reviews(partnerId)).toMatchObject([
      { holds: [{ id: 'sign_ups_per_address', evidence: { signUps: 6, limit: 5 } }] },
    ]);
    expect(await story.balance(partnerId)).toMatchObject([{ heldMinor: 2_000, pendingMinor: 10_000 }]);
  });

  it('holds a sale that is paid sooner after its click than a person can', async () => {
    const { partnerId, code } = await partnerOf({ suspicion: { secondsToSale: 3 } });
    story.timeIs(new Date((PAID_AT - 1) * 1000));
    const clickId = await story.click(code);
    story.timeIs('2026-03-01T12:00:00Z');
    const customer = randomId('cus');

    await story.happens(checkoutBy(clickId, customer, PAID_AT));
    await pays(customer);

    expect(await reviews(partnerId)).toMatchObject([{ holds: [{ id: 'too_fast', evidence: { seconds: 1 } }] }]);
  });

  it('only reports where the program says so, and looks at nothing where it says that', async () => {
    for (const [mode, rows] of [
      ['report', [{ rule: 'own_email', holds: false }]],
      ['off', []],
    ] as const) {
      const { partnerId, code } = await partnerOf({ suspicion: { mode } });

      await bought(code, { email: 'alice@gmail.com' });

      const [commission] = await story.commissions(partnerId);
      expect(commission).toMatchObject({ state: 'pending', netMinor: 2_000 });
      const sql = `SELECT rule, holds FROM tributary.suspicion WHERE commission_id = $1`;
      expect(await story.service.db.query(sql, [commission!.id])).toEqual(rows);
    }
  });

  it('leaves out what a partner is allowed', async () => {
    const { partnerId, code } = await partnerOf();
    const allowances = { checks: ['own_email'], reason: 'an agency that buys for its clients' };
    await story.call('PUT', `/v1/partners/${partnerId}/allowances`, allowances);

    await bought(code, { email: 'alice@gmail.com' });

    expect(await reviews(partnerId)).toEqual([]);
    expect(
      await story.service.http('PUT', `/v1/partners/${partnerId}/allowances`, { checks: ['all'], reason: 'x' }),
    ).toMatchObject({ status: 400, body: { error: { field: 'checks' } } });
  });
});
