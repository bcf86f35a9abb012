import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PayoutsStory, type ErrorBody } from './payouts-story.js';

const DUE = new Date('2026-03-01T12:00:00Z');
const SECOND_BEFORE = new Date(DUE.getTime() - 1_000);

let story: PayoutsStory;

beforeAll(async () => {
  story = await PayoutsStory.begin();
});
afterAll(() => story?.end());

describe('drafting a run', () => {
  it('scenario 65: takes what is due at the cut-off, and nothing that is due a second later', async () => {
    const partnerId = await story.partner();
    await story.earned(partnerId, 700, { currency: 'eur', dueAt: DUE });

    const early = await story.post<ErrorBody>('/v1/payout-runs', {
      currency: 'eur',
      cutoff: SECOND_BEFORE.toISOString(),
    });
    const run = await story.draft('eur', DUE);

    expect(early).toMatchObject({ status: 409, body: { error: { code: 'nothing_due' } } });
    expect(run).toMatchObject({ state: 'draft', revision: 1, totalMinor: 700, cutoff: DUE.toISOString() });
    expect(await story.balance(partnerId)).toMatchObject({ dueMinor: 0, inPayoutMinor: 700, paidMinor: 0 });
  });

  it('scenario 66: leaves out who is below the minimum of the programs, and says so', async () => {
    const programId = await story.program(5_000);
    const [poor, rich] = [await story.partner(), await story.partner()];
    await story.earned(poor, 4_999, { currency: 'gbp', programId });
    await story.earned(rich, 5_000, { currency: 'gbp', programId });

    const run = await story.draft('gbp');

    expect(run.payouts).toMatchObject([{ partnerId: rich, amountMinor: 5_000, state: 'draft', method: 'manual' }]);
    expect(run.skipped).toEqual([{ partnerId: poor, amountMinor: 4_999, reason: 'below_minimum' }]);
    expect(await story.balance(poor)).toMatchObject({ dueMinor: 4_999, inPayoutMinor: 0 });
    expect((await story.run(run.id)).skipped).toEqual(run.skipped);
  });

  it('leaves out who has no method, whose account is not ready, and who owes', async () => {
    const account = await story.account();
    story.sandbox.setCapability(account, 'transfers', 'inactive');
    await story.service.db.query(
      `INSERT INTO stripe.accounts (workspace_id, account, id, data, source_updated_at, source_rank)
       VALUES ($1, '', $2, $3, now(), 0)`,
      [story.service.workspaceId, account, { id: account, object: 'account', capabilities: { transfers: 'inactive' } }],
    );
    const [bare, unready, owing, paid] = [
      await story.partner('none'),
      await story.partner('stripe_connect', account),
      await story.partner(),
      await story.partner(),
    ];
    for (const partnerId of [bare, unready, paid]) await story.earned(partnerId, 100, { currency: 'chf' });
    await story.earned(owing, -100, { currency: 'chf' });

    const { payouts, skipped } = await story.draft('chf');

    expect(payouts.map(({ partnerId }) => partnerId)).toEqual([paid]);
    expect(new Map(skipped.map(({ partnerId, reason }) => [partnerId, reason]))).toEqual(
      new Map([
        [bare, 'no_payout_method'],
        [unready, 'account_not_ready'],
        [owing, 'negative_balance'],
      ]),
    );
  });

  it('scenario 75: pays an account that cannot charge', async () => {
    const payout = await story.approvedTransfer(1_000);
    story.sandbox.addFunds(1_000);

    await story.sender.drain();

    expect(await story.payout(payout.id)).toMatchObject({ state: 'sent' });
  });

  it('gives every entry to one of eight runs made at once', async () => {
    const partnerId = await story.partner();
    await story.earned(partnerId, 500, { currency: 'dkk' });

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => story.post<ErrorBody>('/v1/payout-runs', { currency: 'dkk' })),
    );

    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(7);
    expect(new Set(refused.map(({ status, body }) => `${status} ${body.error.code}`))).toEqual(
      new Set(['409 nothing_due']),
    );
  });

  it.each([
    [{ currency: 'xyz' }, 400, 'unknown_currency'],
    [{ currency: 'usd', cutoff: '2126-01-01T00:00:00Z' }, 400, 'cutoff_in_future'],
    [{ currency: 'usd', cutoff: 'yesterday' }, 400, 'invalid_field'],
    [{ currency: 'usd', amount: 5 }, 400, 'unknown_field'],
    [{ currency: 'sek' }, 409, 'nothing_due'],
  ])('refuses %j', async (body, status, code) => {
    expect(await story.post('/v1/payout-runs', body)).toMatchObject({ status, body: { error: { code } } });
  });

  it('demands an idempotency key', async () => {
    expect(await story.service.http('POST', '/v1/payout-runs', { currency: 'usd' })).toMatchObject({
      status: 400,
      body: { error: { code: 'idempotency_key_required' } },
    });
  });

  it('scenario 35: carries what Stripe cannot transfer to the next payout', async () => {
    const partnerId = await story.partner('stripe_connect');
    await story.earned(partnerId, 1_234, { currency: 'kwd' });

    const run = await story.approved('kwd');

    const payout = await story.payout(run.payouts[0]!.id);
    expect(payout).toMatchObject({ amountMinor: 1_230, currency: 'kwd' });
    expect(payout.lines.map(({ amountMinor }) => amountMinor).sort((a, b) => b - a)).toEqual([1_234, -4]);
    expect(await story.balance(partnerId)).toMatchObject({ dueMinor: 4, inPayoutMinor: 1_230 });
    await story.earned(partnerId, 6, { currency: 'kwd' });
    expect((await story.draft('kwd')).payouts).toMatchObject([{ amountMinor: 10 }]);
  });
});

describe('a draft', () => {
  it('scenario 67: takes in what was taken back, and is approved only at the revision that shows it', async () => {
    const [a, b] = [await story.partner(), await story.partner()];
    await story.earned(a, 5_000, { currency: 'nok' });
    await story.earned(b, 5_000, { currency: 'nok' });
    const commissionId = await story.earned(b, 2_000, { currency: 'nok' });
    const draft = await story.draft('nok');
    await story.earned(b, -2_000, { currency: 'nok', commissionId });
    await story.joinDrafts(b);
    await story.joinDrafts(b);

    const stale = await story.post<ErrorBody>(`/v1/payout-runs/${draft.id}/approve`, { revision: draft.revision });
    const seen = await story.run(draft.id);
    const { body: approved } = await story.post(`/v1/payout-runs/${draft.id}/approve`, { revision: 2 });

    expect(draft.totalMinor).toBe(12_000);
    expect(stale).toMatchObject({ status: 409, body: { error: { code: 'run_changed', field: 'revision' } } });
    expect(stale.body.error.message).toContain('revision 2: 100.00 NOK in 2 payouts');
    expect(seen).toMatchObject({ state: 'draft', revision: 2, totalMinor: 10_000 });
    expect(approved).toMatchObject({ state: 'approved', totalMinor: 10_000 });
    expect(approved.payouts.map(({ amountMinor, state }) => [amountMinor, state])).toEqual([
      [5_000, 'approved'],
      [5_000, 'approved'],
    ]);
  });

  it('scenario 67: notices at the approval what nobody made join, and keeps the new revision', async () => {
    const partnerId = await story.partner();
    const commissionId = await story.earned(partnerId, 5_000, { currency: 'pln' });
    const { id } = await story.draft('pln');
    await story.earned(partnerId, -1_000, { currency: 'pln', commissionId });

    const refused = await story.post<ErrorBody>(`/v1/payout-runs/${id}/approve`, { revision: 1 });

    expect(refused).toMatchObject({ status: 409, body: { error: { code: 'run_changed' } } });
    expect(await story.run(id)).toMatchObject({ revision: 2, totalMinor: 4_000, state: 'draft' });
    expect(await story.post(`/v1/payout-runs/${id}/approve`, { revision: 2 })).toMatchObject({ status: 200 });
    expect(await story.balance(partnerId)).toMatchObject({ dueMinor: 0, inPayoutMinor: 4_000 });
  });

  it('loses a payout that sinks below its minimum, and is canceled with its last', async () => {
    const programId = await story.program(1_000);
    const partnerId = await story.partner();
    const commissionId = await story.earned(partnerId, 1_500, { currency: 'czk', programId });
    const { id } = await story.draft('czk');
    await story.earned(partnerId, -600, { currency: 'czk', programId, commissionId });
    await story.joinDrafts(partnerId);

    const run = await story.run(id);
    const refused = await story.post<ErrorBody>(`/v1/payout-runs/${id}/approve`, { revision: run.revision });

    expect(run).toMatchObject({ state: 'canceled', totalMinor: 0, payouts: [{ state: 'canceled' }] });
    expect(run.skipped).toEqual([{ partnerId, amountMinor: 900, reason: 'below_minimum' }]);
    expect(refused).toMatchObject({ status: 409, body: { error: { code: 'run_not_draft' } } });
    expect(await story.balance(partnerId)).toMatchObject({ dueMinor: 900, inPayoutMinor: 0 });
  });

  it('lets go of everything when it is canceled, once', async () => {
    const partnerId = await story.partner();
    await story.earned(partnerId, 2_000, { currency: 'aud' });
    const { id } = await story.draft('aud');

    const first = await story.post(`/v1/payout-runs/${id}/cancel`);
    const second = await story.post(`/v1/payout-runs/${id}/cancel`);

    expect(first).toMatchObject({ status: 200, body: { state: 'canceled', totalMinor: 0 } });
    expect(second).toMatchObject({ status: 409, body: { error: { code: 'run_not_draft' } } });
    expect(await story.balance(partnerId)).toMatchObject({ dueMinor: 2_000, inPayoutMinor: 0 });
    expect((await story.draft('aud')).payouts).toMatchObject([{ partnerId, amountMinor: 2_000 }]);
  });

  it('failure 39: is approved once by a double click, and answers the same key the same', async () => {
    const partnerId = await story.partner();
    await story.earned(partnerId, 2_000, { currency: 'nzd' });
    const { id } = await story.draft('nzd');
    const path = `/v1/payout-runs/${id}/approve`;

    const clicks = await Promise.all([1, 2].map(() => story.post<ErrorBody>(path, { revision: 1 }, `double-${id}`)));
    const again = await story.post(path, { revision: 1 }, `double-${id}`);
    const otherBody = await story.post<ErrorBody>(path, { revision: 2 }, `double-${id}`);
    const otherKey = await story.post<ErrorBody>(path, { revision: 1 });

    expect(clicks.map(({ status }) => status)).toContain(200);
    for (const { status, body } of clicks) {
      if (status !== 200)
        expect({ status, code: body.error.code }).toEqual({ status: 409, code: 'idempotency_in_flight' });
    }
    expect(again).toMatchObject({ status: 200, body: { state: 'approved' } });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(otherBody).toMatchObject({ status: 409, body: { error: { code: 'idempotency_mismatch' } } });
    expect(otherKey).toMatchObject({ status: 409, body: { error: { code: 'run_not_draft' } } });
    expect(await story.post(`/v1/payout-runs/${id}/cancel`)).toMatchObject({ status: 409 });
  });

  it('failure 39: of many approvals with keys of their own one is accepted', async () => {
    const partnerId = await story.partner();
    await story.earned(partnerId, 2_000, { currency: 'ron' });
    const { id } = await story.draft('ron');

    const answers = await Promise.all(
      Array.from({ length: 15 }, () => story.post(`/v1/payout-runs/${id}/approve`, { revision: 1 })),
    );

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 14 }, () => 409)]);
  });

  it('is not seen from another workspace', async () => {
    const partnerId = await story.partner();
    await story.earned(partnerId, 2_000, { currency: 'mxn' });
    const { id, payouts } = await story.draft('mxn');
    const workspaceId = await story.service.newWorkspace();
    const authorization = `Bearer ${await story.service.newKey(['*'], { workspaceId })}`;
    const ask = (method: string, path: string, body?: object) =>
      story.service.http(method, path, body, { authorization, 'idempotency-key': `other-${path.length}` });

    expect(await ask('GET', `/v1/payout-runs/${id}`)).toMatchObject({ status: 404 });
    expect(await ask('GET', `/v1/payouts/${payouts[0]!.id}`)).toMatchObject({ status: 404 });
    expect(await ask('POST', `/v1/payout-runs/${id}/approve`, { revision: 1 })).toMatchObject({ status: 404 });
    expect(await ask('POST', `/v1/payouts/${payouts[0]!.id}/retry`)).toMatchObject({ status: 404 });
    expect((await ask('GET', '/v1/payouts')).body).toEqual({ data: [], nextCursor: null });
  });
});

describe('the database', () => {
  it('keeps an approved payout as it was approved', async () => {
    const partnerId = await story.partner();
    await story.earned(partnerId, 2_500, { currency: 'zar' });
    const { payouts } = await story.approved('zar');
    const change = (set: string) =>
      story.service.db.query(`UPDATE tributary.payout SET ${set} WHERE id = $1`, [payouts[0]!.id]);

    await expect(change('amount_minor = 2600')).rejects.toThrow('frozen');
    await expect(change(`destination = 'elsewhere'`)).rejects.toThrow('frozen');
    await expect(change(`state = 'lost'`)).rejects.toThrow('payout_state');
    await expect(change(`state = 'sending'`)).rejects.toThrow('payout_lease');
    await expect(change(`state = 'sent'`)).rejects.toThrow('payout_reference');
  });

  it('lists runs and payouts by filter and page', async () => {
    const partnerId = await story.partner();
    await story.earned(partnerId, 1_000, { currency: 'brl' });
    const { id, payouts } = await story.draft('brl');
    await story.post(`/v1/payout-runs/${id}/cancel`);
    await story.earned(partnerId, 1_000, { currency: 'brl' });
    const second = await story.draft('brl');
    const get = async (path: string) =>
      (await story.service.http<{ data: { id: string }[]; nextCursor: string | null }>('GET', path)).body;

    const first = await get(`/v1/payouts?partnerId=${partnerId}&limit=1`);
    const rest = await get(`/v1/payouts?partnerId=${partnerId}&limit=1&cursor=${first.nextCursor}`);

    expect(first.data).toMatchObject([{ id: second.payouts[0]!.id }]);
    expect(rest).toMatchObject({ data: [{ id: payouts[0]!.id }], nextCursor: null });
    expect((await get(`/v1/payouts?runId=${id}&state=canceled`)).data).toHaveLength(1);
    expect((await get('/v1/payout-runs?limit=1')).data).toMatchObject([
      { id: second.id, totalMinor: 2_000, payoutCount: 1, state: 'draft' },
    ]);
    expect((await story.service.http('GET', '/v1/payouts?state=lost')).status).toBe(400);
  });
});
