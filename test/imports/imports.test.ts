import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unix, payment, Story } from '../support/story.js';
import { randomId, stripeEvent } from '../support/stripe-events.js';
import { customer } from '../support/stripe-objects.js';
import { refused } from '../referrals/given.js';
import { send, type Imported } from './given.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-06-01T00:00:00Z');
});
afterAll(() => story?.end());

const brought = (created: number, unchanged = 0, notTaken = 0): Partial<Imported> => ({
  created,
  unchanged,
  refused: notTaken,
});

async function partner(externalId: string): Promise<{ id: string; email: string | null; name: string | null }> {
  const { data } = await story.call<{ data: Array<{ id: string; email: string | null; name: string | null }> }>(
    'GET',
    `/v1/partners?externalId=${encodeURIComponent(externalId)}`,
  );
  expect(data).toHaveLength(1);
  return data[0] as (typeof data)[number];
}

describe('importing partners', () => {
  it('makes those who are missing, says the same the second time, and changes nobody', async () => {
    const file = 'external_id,email,first_name,last_name\nimp-ada,ada@example.com,Ada,Lovelace\nimp-ben,,,\n';

    expect(await send(story, 'kind=partners', file)).toMatchObject({ ...brought(2), lines: 2, results: [] });
    expect(await send(story, 'kind=partners', file)).toMatchObject(brought(0, 2));
    const other = await send(story, 'kind=partners', file.replace('ada@', 'ada.l@'));

    expect(other).toMatchObject({
      ...brought(0, 1, 1),
      results: [{ line: 2, code: 'partner_differs', column: 'email', message: expect.stringContaining('PATCH') }],
    });
    expect(await partner('imp-ada')).toMatchObject({ email: 'ada@example.com', name: 'Ada Lovelace' });
    expect(await partner('imp-ben')).toMatchObject({ email: null, name: null });
  });

  it('takes the address for the id where a file has none, and knows the partner by it', async () => {
    const file = 'Email,Name\nCleo@example.com,Cleo\n';

    expect(await send(story, 'kind=partners&from=dub', file)).toMatchObject(brought(1));
    expect(await send(story, 'kind=partners&from=dub', file)).toMatchObject(brought(0, 1));
    const { id } = await partner('cleo@example.com');
    await story.call('PATCH', `/v1/partners/${id}`, { externalId: 'user_cleo' });
    expect(await send(story, 'kind=partners&from=dub', file)).toMatchObject(brought(0, 1));
  });

  it('says in a dry run what would become of each line, and writes nothing', async () => {
    const file =
      'external_id,email\nimp-dry,dry@example.com\nimp-bad,nobody\nimp-dry,dry@example.com\nimp-dry,else@example.com\n';

    const said = await send(story, 'kind=partners&dryRun=true', file);

    expect(said).toMatchObject({ ...brought(1, 1, 2), dryRun: true });
    expect(said.results).toEqual([
      { line: 2, outcome: 'created', message: 'makes the partner', code: null, column: null },
      expect.objectContaining({ line: 3, outcome: 'refused', code: 'invalid_field', column: 'email' }),
      expect.objectContaining({ line: 4, outcome: 'unchanged', message: 'says the same as line 2' }),
      expect.objectContaining({ line: 5, outcome: 'refused', code: 'contradicts_line' }),
    ]);
    const { data } = await story.call<{ data: unknown[] }>('GET', '/v1/partners?externalId=imp-dry');
    expect(data).toEqual([]);
  });
});

describe('importing codes', () => {
  it('gives each partner their code, and refuses one that another has', async () => {
    const program = await story.program();
    await send(story, 'kind=partners', 'external_id,email\nc-1,c1@example.com\nc-2,c2@example.com\n');
    const file =
      'token,email\nc-one,c1@example.com\nC-ONE,c2@example.com\nc-two,c2@example.com\nadmin,c2@example.com\n';

    const first = await send(story, `kind=codes&from=rewardful&program=${program}`, file);
    const second = await send(story, `kind=codes&from=rewardful&program=${program}`, file);

    expect(first).toMatchObject(brought(2, 0, 2));
    expect(first.results).toMatchObject([
      { line: 3, code: 'contradicts_line' },
      { line: 5, code: 'code_reserved', column: 'token' },
    ]);
    expect(second).toMatchObject(brought(0, 2, 2));
    expect(await story.call('GET', '/v1/codes/C-One')).toMatchObject({ code: 'c-one', programKey: program });
  });

  it('names what is missing beforehand', async () => {
    const { results } = await send(story, 'kind=codes', 'code,partner,program\nnobodys,nobody,nowhere\n');

    expect(results).toMatchObject([{ line: 2, code: 'program_not_found', column: 'program' }]);
  });
});

describe('importing customers', () => {
  it('binds them by hand, so that sales from the effective moment on earn, and earlier ones do not', async () => {
    const { programKey, partnerId, code } = await story.referrer();
    const [known, late] = [randomId('cus'), randomId('cus')];
    const file = `stripe_customer_id,code,bound_at\n${known},${code},2026-01-10T00:00:00Z\n${late},${code},2026-05-20T00:00:00Z\n`;
    const terms = `kind=customers&program=${programKey}&effectiveFrom=2026-05-01T00:00:00Z`;

    expect(await send(story, terms, file)).toMatchObject(brought(2));
    expect(await send(story, terms, file)).toMatchObject(brought(0, 2));
    const moments = ['2026-04-30T23:59:59Z', '2026-05-01T00:00:00Z', '2026-05-10T00:00:00Z'];
    for (const at of moments) await story.happens(...payment({ customer: known, paidAt: unix(at) }).events);
    await story.happens(...payment({ customer: late, paidAt: unix(moments[2] as string) }).events);

    const earned = await story.commissions(partnerId);
    expect(earned.map(({ occurredAt }) => occurredAt)).toEqual([
      '2026-05-01T00:00:00.000Z',
      '2026-05-10T00:00:00.000Z',
    ]);
  });

  it('finds the Stripe customer by the address, and says when there is none or more than one', async () => {
    const { programKey, code } = await story.referrer();
    const twins = [customer({ email: 'twin@example.com' }), customer({ email: 'twin@example.com' })];
    const single = customer({ email: 'nia@example.com' });
    await story.happens(...[...twins, single].map((object) => stripeEvent('customer.created', object)));
    const file = `Customer,Code\nnia@example.com,${code}\ntwin@example.com,${code}\nnobody@example.com,${code}\n`;

    const answer = await send(story, `kind=customers&program=${programKey}&map=customer_email=Customer`, file);

    expect(answer).toMatchObject(brought(1, 0, 2));
    expect(answer.results).toMatchObject([
      { line: 3, code: 'customer_ambiguous', column: 'Customer' },
      { line: 4, code: 'customer_not_found', column: 'Customer' },
    ]);
    const paid = payment({ customer: single.id, paidAt: unix('2026-06-01T00:00:00Z') });
    await story.happens(...paid.events);
    const { data } = await story.call<{ data: unknown[] }>('GET', `/v1/commissions?programKey=${programKey}`);
    expect(data).toHaveLength(1);
  });

  it('does not bind anew who is bound otherwise', async () => {
    const { programKey, code } = await story.referrer();
    const another = await story.code(programKey, await story.partner('Ben'));
    const file = (whose: string): string => `customer_id,code\n${'person-1'},${whose}\n`;

    expect(await send(story, `kind=customers&program=${programKey}`, file(code))).toMatchObject(brought(1));
    expect((await send(story, `kind=customers&program=${programKey}`, file(another))).results).toMatchObject([
      { line: 2, code: 'customer_bound', message: expect.stringContaining('POST /v1/attributions') },
    ]);
  });
});

describe('importing opening balances', () => {
  it('posts what is owed once, as a line of the next payout', async () => {
    const { partnerId } = await story.referrer();
    await story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'IBAN' });
    const file = `partner,amount,currency\n${partnerId},1234.50,USD\n`;
    const terms = 'kind=balances&source=rewardful';

    expect(await send(story, terms, file)).toMatchObject(brought(1));
    expect(await send(story, terms, file)).toMatchObject(brought(0, 1));
    expect((await send(story, terms, file.replace('1234.50', '1300'))).results).toMatchObject([
      { line: 2, code: 'opening_balance_posted', column: 'amount' },
    ]);

    expect(await story.balance(partnerId)).toMatchObject([{ currency: 'usd', dueMinor: 123_450, pendingMinor: 0 }]);
    expect(await story.postings(partnerId)).toEqual([{ kind: 'opening_balance', amountMinor: 123_450 }]);
    const run = await story.call<{ id: string }>('POST', '/v1/payout-runs', { currency: 'usd' });
    const { data } = await story.call<{ data: Array<{ amountMinor: number }> }>(
      'GET',
      `/v1/payouts?runId=${run.id}&partnerId=${partnerId}`,
    );
    expect(data).toMatchObject([{ amountMinor: 123_450 }]);
  });

  it.each([
    ['12,50', 'usd', 'invalid_field'],
    ['$12.50', 'usd', 'invalid_field'],
    ['-1', 'usd', 'invalid_field'],
    ['10.5', 'jpy', 'amount_too_fine'],
    ['10', 'xxx', 'unknown_currency'],
  ])('refuses %s %s with %s', async (amount, currency, code) => {
    const { partnerId } = await story.referrer();

    const { results } = await send(
      story,
      'kind=balances',
      `partner;amount;currency\n${partnerId};${amount};${currency}\n`,
    );

    expect(results).toMatchObject([{ line: 2, outcome: 'refused', code, message: expect.any(String) }]);
  });

  it('takes nothing owed for nothing to do, and whole yen', async () => {
    const { partnerId } = await story.referrer();

    const file = `partner\tamount\tcurrency\n${partnerId}\t0.00\tusd\n${partnerId}\t1500.00\tjpy\n`;
    expect(await send(story, 'kind=balances', file)).toMatchObject(brought(1, 1));
    expect(await story.balance(partnerId)).toMatchObject([{ currency: 'jpy', dueMinor: 1_500 }]);
  });
});

describe('a file as a whole', () => {
  it.each([
    ['', 'kind=partners', 'empty_file', 'file'],
    ['external_id,mail\nx,y\n', 'kind=partners', 'unknown_column', 'file'],
    ['email,Email\nx,y\n', 'kind=partners', 'duplicate_column', 'file'],
    ['Affiliate\nx\n', 'kind=partners&from=rewardful', 'missing_column', 'map'],
    ['Affiliate\nx\n', 'kind=partners&map=mail=Affiliate', 'unknown_field', 'map'],
    ['Affiliate\nx\n', 'kind=partners&map=email=Mail', 'column_not_found', 'map'],
    ['email\n"open\n', 'kind=partners', 'malformed_csv', 'file'],
    ['email\nx\n', 'kind=people', 'invalid_field', 'kind'],
    ['email\nx\n', 'kind=partners&from=elsewhere', 'invalid_field', 'from'],
    ['email\nx\n', 'kind=partners&limit=3', 'unknown_field', 'limit'],
  ])('%j with %s is refused: %s', async (file, query, code, field) => {
    const headers = { 'content-type': 'text/csv' };

    expect(await story.service.http('POST', `/v1/imports?${query}`, file, headers)).toMatchObject(
      refused(400, code, field),
    );
  });

  it('is CSV that whoever sends it may write, and not more than a request holds', async () => {
    const csv = { 'content-type': 'text/csv' };
    const reader = { authorization: `Bearer ${await story.service.newKey(['referrals:read'])}` };
    const big = `email\n${'x'.repeat(5_000_000)}`;

    expect(await story.service.http('POST', '/v1/imports?kind=partners', { a: 1 })).toMatchObject(
      refused(415, 'unsupported_media_type'),
    );
    expect(await story.service.http('POST', '/v1/programs', 'a', csv)).toMatchObject(
      refused(415, 'unsupported_media_type'),
    );
    expect(
      await story.service.http('POST', '/v1/imports?kind=partners', 'email\n', { ...csv, ...reader }),
    ).toMatchObject(refused(403, 'missing_scope'));
    expect(await story.service.http('POST', '/v1/imports?kind=partners', big, csv)).toMatchObject(
      refused(413, 'body_too_large'),
    );
  });

  it('tells of cells too many, of text that is no UTF-8, and of columns that nothing was taken from', async () => {
    const file = Buffer.concat([
      Buffer.from('﻿Email,Name,Country\na@example.com,A,DE,more\nb@example.com,'),
      Buffer.from([0xfc]),
      Buffer.from(',DE\n'),
    ]);

    const answer = await send(story, 'kind=partners&from=dub', file);

    expect(answer).toMatchObject({ ...brought(0, 0, 2), columnsLeftAside: ['Country'] });
    expect(answer.results).toMatchObject([
      { line: 2, code: 'wrong_cells' },
      { line: 3, code: 'not_utf8', column: 'Name' },
    ]);
  });

  it('is of one company alone', async () => {
    const stranger = `Bearer ${await story.service.newKey(['*'], { workspaceId: await story.service.newWorkspace() })}`;
    await send(story, 'kind=partners', 'external_id\nimp-own\n');
    const { programKey } = await story.referrer();

    const answer = await send(story, `kind=codes&program=${programKey}`, 'code,partner\nimp-own,imp-own\n', stranger);

    expect(answer.results).toMatchObject([{ line: 2, code: 'program_not_found' }]);
  });
});
