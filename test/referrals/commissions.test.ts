import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LedgerService, movement } from '../../src/ledger/ledger.service.js';
import type { NewTransaction } from '../../src/ledger/ledger.service.js';
import { ReferralSettlement } from '../../src/referrals/referral-settlement.service.js';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenCode, givenStranger, made, refused, unique } from './given.js';
import type { GivenCode } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

type Row = Record<string, unknown> & { id: string; state: string };
type List = { data: Row[]; nextCursor: string | null };

const get = async (path: string) => (await service.http('GET', path)).body;
const list = async (query: string) => (await service.http<List>('GET', `/v1/commissions?${query}`)).body;
const agoIso = (days: number) => new Date(service.clock.now().getTime() - days * 86_400_000).toISOString();

/** A settled sale by the code; answers its commission's id. */
async function givenCommission(code: string, sale: object = {}): Promise<string> {
  const { id } = await made(service, '/v1/sales', {
    externalId: unique('order'),
    customer: { externalId: unique('customer') },
    amountMinor: 10_000,
    currency: 'usd',
    code,
    ...sale,
  });
  const key = { workspaceId: service.workspaceId, account: '', kind: 'sale' as const, id: String(id) };
  await service.db.transaction((tx) => service.app.get(ReferralSettlement, { strict: false }).settle(key, tx));
  const [commission] = await service.db.query('SELECT id FROM tributary.commission WHERE sale_id = $1', [id]);
  return commission.id;
}

const post = (...transactions: NewTransaction[]) =>
  service.db.transaction((tx) => service.app.get(LedgerService, { strict: false }).post(transactions, tx));

function posting(kind: NewTransaction['kind'], entries: NewTransaction['entries'], more = {}): NewTransaction {
  const { workspaceId, clock } = service;
  return {
    workspaceId,
    kind,
    factKey: unique('fact'),
    occurredAt: clock.now(),
    cause: { by: 'test' },
    entries,
    ...more,
  };
}

const line = (partnerId: string, amountMinor: number) => {
  return { partnerId, currency: 'usd', amountMinor, dueAt: service.clock.now(), payable: false };
};

function takenBack(commissionId: string, partnerId: string, amountMinor: number): NewTransaction {
  const common = { partnerId, commissionId, currency: 'usd' };
  const dueAt = service.clock.now();
  return posting('reversal', [
    { ...common, account: 'earned', amountMinor: -amountMinor, dueAt, payable: true },
    { ...common, account: 'expense', amountMinor },
  ]);
}

/** Makes the partner's payable entries the lines of a payout, as a run does. */
async function givenPayout(partnerId: string): Promise<{ payoutId: string; amountMinor: number }> {
  const payoutId = unique('payout');
  const lines = await service.db.query<Array<{ amount_minor: string }>>(
    `INSERT INTO tributary.ledger_reservation (workspace_id, entry_id, payout_id, amount_minor)
     SELECT workspace_id, id, $1, amount_minor FROM tributary.ledger_entry WHERE partner_id = $2 AND payable
     RETURNING amount_minor`,
    [payoutId, partnerId],
  );
  const amountMinor = lines.reduce((sum, row) => sum + Number(row.amount_minor), 0);
  await post(posting('reserve', movement('earned', 'in_payout', line(partnerId, amountMinor)), { payoutId }));
  return { payoutId, amountMinor };
}

describe('a commission', () => {
  let given: GivenCode;
  let id: string;
  const occurredAt = '2026-01-01T00:00:00.000Z';

  beforeAll(async () => {
    given = await givenCode(service);
    id = await givenCommission(given.code, { externalId: 'order-told', customer: { externalId: 'ada' }, occurredAt });
  });

  it('shows what was earned, by whom and for what', async () => {
    const { status, body } = await service.http('GET', `/v1/commissions/${id}`);

    expect({ status, body }).toEqual({
      status: 200,
      body: {
        id,
        ...given,
        programVersion: 1,
        customerId: expect.stringMatching(/^customer_/),
        customerExternalId: 'ada',
        source: 'external',
        sourceId: 'order-told',
        state: expect.stringMatching(/^(due|pending)$/),
        ...{ amountMinor: 2_000, reversedMinor: 0, netMinor: 2_000, currency: 'usd' },
        occurredAt,
        dueAt: '2026-01-31T00:00:00.000Z',
        createdAt: expect.any(String),
      },
    });
  });

  it('is explained in figures and sentences', async () => {
    const { status, body } = await service.http('GET', `/v1/commissions/${id}/explanation`);

    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        id,
        amountMinor: 2_000,
        sale: { source: 'external', sourceId: 'order-told', occurredAt, cashMinor: 10_000, currency: 'usd' },
        evidence: [{ kind: 'link', partnerId: given.partnerId, verdict: 'bound' }],
        explanation: { netMinor: 10_000, reward: { type: 'percentage', rateBps: 2_000 }, rounding: 'none' },
        ledger: [{ kind: 'earning', amountMinor: 2_000, occurredAt }],
      },
    });
    expect(body.steps).toContain('Version 1 of the program, rule reward, pays 20 % (2000 basis points) of 100.00 USD.');
  });

  it('is not there for another company', async () => {
    const stranger = await givenStranger(service);

    for (const path of [id, `${id}/explanation`, 'commission_0']) {
      const answer = await service.http('GET', `/v1/commissions/${path}`, undefined, stranger);
      expect(answer).toMatchObject(refused(404, 'commission_not_found', 'id'));
    }
    const all = await service.http('GET', '/v1/commissions', undefined, stranger);
    expect(all.body).toEqual({ data: [], nextCursor: null });
  });
});

describe('the state of a commission', () => {
  const stateOf = async (id: string) => (await get(`/v1/commissions/${id}`)).state;

  it('goes from pending to due by the clock alone', async () => {
    const { code } = await givenCode(service);

    expect(await stateOf(await givenCommission(code, { occurredAt: agoIso(29) }))).toBe('pending');
    expect(await stateOf(await givenCommission(code, { occurredAt: agoIso(30) }))).toBe('due');
  });

  it('tells what was taken back, and when it was everything', async () => {
    const { code, partnerId } = await givenCode(service);
    const id = await givenCommission(code);
    await post(takenBack(id, partnerId, 700));

    const partly = await get(`/v1/commissions/${id}`);
    await post(takenBack(id, partnerId, 1_300));

    expect(partly).toMatchObject({ amountMinor: 2_000, reversedMinor: 700, netMinor: 1_300, state: 'pending' });
    expect(await get(`/v1/commissions/${id}`)).toMatchObject({ reversedMinor: 2_000, netMinor: 0, state: 'reversed' });
    const { steps, ledger } = await get(`/v1/commissions/${id}/explanation`);
    expect(steps).toContain('20.00 USD of it was taken back, which leaves 0.00 USD.');
    expect((ledger as Row[]).map((row) => row.amountMinor)).toEqual([2_000, -700, -1_300]);
  });

  it('is held while the ledger holds it', async () => {
    const { code, partnerId } = await givenCode(service);
    const id = await givenCommission(code);
    const held = { ...line(partnerId, 2_000), commissionId: id };

    await post(posting('hold', movement('earned', 'held', held)));
    expect(await stateOf(id)).toBe('held');
    await post(posting('release', movement('held', 'earned', held)));
    expect(await stateOf(id)).toBe('pending');
  });

  it('follows its payout: reserved, paid, returned', async () => {
    const { code, partnerId } = await givenCode(service);
    const id = await givenCommission(code, { occurredAt: agoIso(60) });
    const { payoutId, amountMinor } = await givenPayout(partnerId);
    expect(amountMinor).toBe(2_000);

    expect(await stateOf(id)).toBe('in_payout');
    await post(posting('pay', movement('in_payout', 'paid', line(partnerId, 2_000)), { payoutId }));
    expect(await stateOf(id)).toBe('paid');
    await post(posting('return', movement('paid', 'earned', line(partnerId, 500)), { payoutId }));
    expect(await stateOf(id)).toBe('paid');
    await post(posting('return', movement('paid', 'earned', line(partnerId, 1_500)), { payoutId }));
    expect(await stateOf(id)).toBe('due');
  });

  it('is due again when the draft is given up', async () => {
    const { code, partnerId } = await givenCode(service);
    const id = await givenCommission(code, { occurredAt: agoIso(60) });
    const { payoutId } = await givenPayout(partnerId);

    await service.db.query('UPDATE tributary.ledger_reservation SET released_at = now() WHERE payout_id = $1', [
      payoutId,
    ]);

    expect(await stateOf(id)).toBe('due');
  });

  it('waits for a rate when the sale is in another currency', async () => {
    const { code } = await givenCode(service);
    const id = await givenCommission(code, { currency: 'eur' });

    expect(await get(`/v1/commissions/${id}`)).toMatchObject({ state: 'pending_fx', reversedMinor: 0 });
    const { steps, ledger } = await get(`/v1/commissions/${id}/explanation`);
    expect(ledger).toEqual([]);
    expect((steps as string[]).at(-1)).toMatch(/^Nothing is posted yet/);
  });

  it('is reversed when another partner has it now', async () => {
    const { code } = await givenCode(service);
    const id = await givenCommission(code);
    await service.db.query(`UPDATE tributary.commission SET status = 'superseded' WHERE id = $1`, [id]);

    expect(await stateOf(id)).toBe('reversed');
  });
});

describe('the list of commissions', () => {
  it('is narrowed by partner, program and state, page by page', async () => {
    const { code, partnerId, programKey } = await givenCode(service);
    const other = await givenCommission((await givenCode(service)).code);
    const pending = await givenCommission(code);
    const due = await givenCommission(code, { occurredAt: agoIso(60) });

    const first = await list(`partnerId=${partnerId}&limit=1`);
    const next = await list(`partnerId=${partnerId}&limit=1&cursor=${first.nextCursor}`);

    expect([...first.data, ...next.data].map((row) => row.id)).toEqual([due, pending]);
    expect(next.nextCursor).toBeNull();
    expect((await list(`programKey=${programKey}&state=due`)).data).toMatchObject([{ id: due, state: 'due' }]);
    expect((await list(`programKey=${programKey}&state=paid`)).data).toEqual([]);
    expect((await list('limit=100')).data.map((row) => row.id)).toContain(other);
  });

  it.each([
    ['state=lost', 'invalid_field', 'state'],
    ['limit=0', 'invalid_field', 'limit'],
    ['limit=101', 'invalid_field', 'limit'],
    ['cursor=x', 'invalid_cursor', 'cursor'],
    ['customer=x', 'unknown_field', 'customer'],
  ])('is refused for %s', async (query, code, field) => {
    expect(await service.http('GET', `/v1/commissions?${query}`)).toMatchObject(refused(400, code, field));
  });
});
