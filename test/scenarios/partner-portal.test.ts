import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CurrencyStatement } from '../../src/ledger/ledger-reader.service.js';
import type { MonthlyStatementView, OwnCommissionView } from '../../src/portal/me/me.dto.js';
import type { PayoutRunView } from '../../src/payouts/dto/payout-run.dto.js';
import type { PayoutRequestView } from '../../src/payouts/requests/payout-request.dto.js';
import { sameOnBothFaces } from '../support/both-faces.js';
import { payment, refundOf, Story, unix } from '../support/story.js';
import { randomId, stripeEvent } from '../support/stripe-events.js';
import { invoiceLine } from '../support/stripe-objects.js';

const TERMS = { holdDays: 0, minPayoutMinor: 500, suspicion: { mode: 'off' } };

interface List<T> {
  data: T[];
}

let story: Story;
beforeAll(async () => {
  story = await Story.begin({ env: { TRIBUTARY_PUBLIC_URL: 'https://go.example.com' } });
});
afterAll(() => story?.end());

async function tokenOf(partnerId: string, allow: object = {}): Promise<string> {
  return (await story.call<{ token: string }>('POST', `/v1/partners/${partnerId}/tokens`, { allow })).token;
}

const mine = <T>(token: string, path = ''): Promise<T> =>
  story.call<T>('GET', `/v1/me${path}`, undefined, { authorization: `Bearer ${token}` });

const buys = (customer: string, at: string, amount = 10_000, currency = 'usd') =>
  payment({ customer, paidAt: unix(at), lines: [invoiceLine({ amount, currency })], invoice: { currency } });

async function payOut(partnerId: string): Promise<void> {
  await story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'IBAN …' });
  const run = await story.call<PayoutRunView>('POST', '/v1/payout-runs', { currency: 'usd' });
  await story.call('POST', `/v1/payout-runs/${run.id}/approve`, { revision: run.revision });
  const payout = run.payouts.find((one) => one.partnerId === partnerId);
  await story.call('POST', `/v1/payouts/${payout?.id}/mark-paid`, { reference: 'bank 7' });
}

describe('scenario 83: a statement for a month', () => {
  it('is opening + earned − reversed − paid = closing, per currency, and a month that is over stays as it was', async () => {
    const usd = await story.referrer(TERMS);
    const eurKey = await story.program({ ...TERMS, currency: 'eur' });
    const eurCode = await story.code(eurKey, usd.partnerId);
    const token = await tokenOf(usd.partnerId);
    const month = async (name: string) => (await mine<MonthlyStatementView>(token, `/statements/${name}`)).statements;
    story.timeIs('2026-01-10T12:00:00Z');
    const [customer, european] = [await story.referredCustomer(usd.code), await story.referredCustomer(eurCode)];
    const first = buys(customer, '2026-01-10T12:00:00Z');
    await story.happens(...first.events, ...buys(european, '2026-01-10T13:00:00Z', 4_000, 'eur').events);
    story.timeIs('2026-01-31T23:59:59Z');
    await story.happens(...buys(customer, '2026-01-31T23:59:59Z', 5_000).events);
    const january = await month('2026-01');
    story.timeIs('2026-02-05T00:00:00Z');
    await story.happens(...refundOf(first.charge, 5_000, unix('2026-02-05T00:00:00Z')).events);
    story.timeIs('2026-02-20T00:00:00Z');
    await payOut(usd.partnerId);
    story.timeIs('2026-03-01T00:00:00Z');
    await story.happens(...buys(customer, '2026-02-28T23:00:00Z', 1_000).events);

    expect(january).toMatchObject([
      { currency: 'eur', openingMinor: 0, earnedMinor: 800, reversedMinor: 0, paidMinor: 0, closingMinor: 800 },
      { currency: 'usd', openingMinor: 0, earnedMinor: 3_000, reversedMinor: 0, paidMinor: 0, closingMinor: 3_000 },
    ]);
    expect(await month('2026-01')).toEqual(january);
    expect(await month('2026-02')).toMatchObject([
      { currency: 'eur', openingMinor: 800, earnedMinor: 0, reversedMinor: 0, paidMinor: 0, closingMinor: 800 },
      { currency: 'usd', openingMinor: 3_000, earnedMinor: 0, reversedMinor: 1_000, paidMinor: 2_000, closingMinor: 0 },
    ]);
    // What arrives after the month's end stands in the month in which it was posted.
    expect(await month('2026-03')).toMatchObject([{}, { openingMinor: 0, earnedMinor: 200, closingMinor: 200 }]);
    for (const name of ['2026-01', '2026-02', '2026-03']) for (const one of await month(name)) expectSum(one);
    const same = await story.service.grpc.call(
      'Me',
      'GetMyStatement',
      { month: '2026-02' },
      { headers: { authorization: `Bearer ${token}` } },
    );
    expect(same.message).toMatchObject({ statements: [{ currency: 'eur' }, { currency: 'usd', paidMinor: 2_000 }] });
    await expect(mine(token, '/statements/2026-13')).rejects.toThrow(/month must be a month/);
  });

  function expectSum(statement: CurrencyStatement): void {
    const { openingMinor, earnedMinor, reversedMinor, paidMinor, closingMinor, entries } = statement;
    expect(openingMinor + earnedMinor - reversedMinor - paidMinor).toBe(closingMinor);
    expect(entries.reduce((sum, { amountMinor }) => sum + amountMinor, openingMinor)).toBe(closingMinor);
  }
});

describe('what a partner reads with their token', () => {
  it('is their own, with reasons, and of their customers only initials unless the token allows names', async () => {
    story.timeIs('2026-05-01T12:00:00Z');
    const { programKey, partnerId, code } = await story.referrer({ ...TERMS, holdDays: 30 });
    const click = await story.click(code);
    const stripeCustomerId = randomId('cus');
    const person = { externalId: randomId('user'), stripeCustomerId, email: 'grace@navy.example' };
    await story.call('POST', '/v1/referrals', { clickId: click, customer: person });
    const paid = buys(stripeCustomerId, '2026-05-01T12:00:05Z');
    const named = {
      id: stripeCustomerId,
      object: 'customer',
      name: 'Grace Hopper',
      created: unix('2026-05-01T12:00:00Z'),
    };
    const created = stripeEvent('customer.created', named, { created: named.created });
    await story.happens(created, ...paid.events, ...refundOf(paid.charge, 2_500, unix('2026-05-01T12:01:00Z')).events);
    const token = await tokenOf(partnerId);

    expect(await mine(token)).toMatchObject({
      id: partnerId,
      active: true,
      programs: [{ key: programKey, holdDays: 30 }],
    });
    expect(await mine(token, '/codes')).toMatchObject({
      data: [{ code, link: `https://go.example.com/r/${code}`, uses: 1 }],
    });
    expect(await mine(token, '/clicks?from=2026-05-01T00:00:00Z&to=2026-05-02T00:00:00Z')).toMatchObject({
      data: [{ day: '2026-05-01', code, clicks: 1, bots: 0 }],
    });
    const customer = { initials: 'G. H.', name: null };
    expect(await mine(token, '/referrals')).toMatchObject({ data: [{ code, customer, state: 'converted' }] });
    expect(await mine(token, '/customers')).toMatchObject({ data: [{ programKey, code, customer }] });
    const { data: commissions } = await mine<List<OwnCommissionView>>(token, '/commissions?state=pending');
    expect(commissions).toMatchObject([{ customer, amountMinor: 2_000, reversedMinor: 500, netMinor: 1_500 }]);
    expect(commissions[0]?.reasons).toEqual([
      'It may be paid from 2026-05-31T12:00:05.000Z on.',
      '5.00 USD of it was taken back, which leaves 15.00 USD.',
    ]);
    const detail = await mine(token, `/commissions/${commissions[0]?.id}`);
    expect(detail).toMatchObject({
      steps: expect.arrayContaining([
        expect.stringContaining('20 %'),
        '25.00 USD of the 100.00 USD collected went back (25.00 USD on 2026-05-01T12:01:00.000Z): 2000 × 2500 / 10000 = 500, so 5.00 USD of it was taken back, which leaves 15.00 USD.',
      ]),
      ledger: [{}, {}],
    });
    expect(await mine(token, '/balance')).toMatchObject({ balances: [{ currency: 'usd', pendingMinor: 1_500 }] });

    const everything = await Promise.all(
      ['', '/codes', '/clicks', '/referrals', '/customers', '/commissions', `/commissions/${commissions[0]?.id}`].map(
        (path) => mine(token, path),
      ),
    );
    for (const secret of [person.email, 'Hopper', person.externalId, stripeCustomerId])
      expect(JSON.stringify(everything)).not.toContain(secret);
    const seeing = await tokenOf(partnerId, { customerNames: true });
    expect(await mine(seeing, '/customers')).toMatchObject({ data: [{ customer: { name: 'Grace Hopper' } }] });

    const other = await tokenOf(await story.partner('Eve'));
    await expect(mine(other, `/commissions/${commissions[0]?.id}`)).rejects.toThrow(/404.*commission_not_found/);
    for (const path of ['/codes', '/clicks', '/referrals', '/customers', '/commissions', '/payouts'])
      expect(await mine(other, path)).toMatchObject({ data: [] });
  });

  it('stays readable when they are deactivated', async () => {
    const { partnerId, code } = await story.referrer(TERMS);
    const token = await tokenOf(partnerId);
    await story.call('POST', `/v1/partners/${partnerId}/deactivate`, { reason: 'left' });

    expect(await mine(token)).toMatchObject({ active: false });
    expect(await mine(token, '/codes')).toMatchObject({ data: [{ code }] });
  });
});

describe('a partner who asks to be paid', () => {
  const ask = (token: string, currency = 'usd', key = randomId('key')) =>
    story.call<PayoutRequestView>(
      'POST',
      '/v1/me/payout-requests',
      { currency },
      {
        authorization: `Bearer ${token}`,
        'idempotency-key': key,
      },
    );

  it('is noted once while that is open, and told everything that is in the way', async () => {
    story.timeIs('2026-07-01T00:00:00Z');
    const { partnerId, code } = await story.referrer({ ...TERMS, minPayoutMinor: 5_000 });
    const token = await tokenOf(partnerId);
    const early = await ask(token);
    expect(early.obstacles.map((obstacle) => obstacle.code)).toEqual(['nothing_due', 'no_payout_method']);
    await story.call('POST', `/v1/payout-requests/${early.id}/close`, { reason: 'nothing there yet' });
    await story.happens(...buys(await story.referredCustomer(code), '2026-07-01T00:00:00Z').events);

    const [one, two] = [await ask(token), await ask(token)];

    expect(two.id).toBe(one.id);
    expect(one).toMatchObject({ state: 'open', payableMinor: 0, partnerId });
    expect(one.obstacles.map((obstacle) => obstacle.code)).toEqual(['below_minimum', 'no_payout_method']);
    expect(one.obstacles[0]?.message).toContain('20.00 USD is due, and a payout is at least 50.00 USD');
    expect(await mine(token, '/payout-requests')).toMatchObject({
      data: [{ id: one.id }, { id: early.id, state: 'closed', closedReason: 'nothing there yet' }],
    });
    const listed = await sameOnBothFaces<List<PayoutRequestView>>(
      story.service,
      `/v1/payout-requests?state=open&partnerId=${partnerId}`,
      ['Payouts', 'ListPayoutRequests'],
      { state: 'open', partnerId },
    );
    expect(listed.data.map(({ id }) => id)).toEqual([one.id]);
  });

  it('is told what would be paid, and shares no repeated answer with another partner', async () => {
    story.timeIs('2026-08-01T00:00:00Z');
    const { partnerId, code } = await story.referrer(TERMS);
    await story.happens(...buys(await story.referredCustomer(code), '2026-08-01T00:00:00Z').events);
    await story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'IBAN …' });
    const [token, other] = [await tokenOf(partnerId), await tokenOf(await story.partner('Eve'))];

    const own = await ask(token, 'usd', 'the-same-key');
    const theirs = await ask(other, 'usd', 'the-same-key');

    expect(own).toMatchObject({ payableMinor: 2_000, obstacles: [] });
    expect(theirs).toMatchObject({ payableMinor: 0 });
    expect(theirs.id).not.toBe(own.id);
  });
});
