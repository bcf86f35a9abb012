import { randomBytes } from 'node:crypto';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { LedgerService, type NewTransaction } from '../../src/ledger/ledger.service.js';
import type { PayoutRunView } from '../../src/payouts/dto/payout-run.dto.js';
import type { PayoutDetail } from '../../src/payouts/dto/payout.dto.js';
import { PayoutSettlement } from '../../src/payouts/payout-settlement.service.js';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { LoggedRequest } from '../../sandbox/http/request-log.js';
import {
  startTestService,
  type HttpAnswer,
  type TestService,
  type TestServiceOptions,
} from '../support/test-service.js';

export interface ErrorBody {
  error: { code: string; message: string; field?: string };
}

export interface Balance {
  currency: string;
  pendingMinor: number;
  dueMinor: number;
  inPayoutMinor: number;
  paidMinor: number;
}

export interface Earned {
  dueAt?: Date;
  currency?: string;
  programId?: string;
  commissionId?: string;
}

let counter = 0;
export const unique = (prefix: string): string => `${prefix}_${++counter}${randomBytes(5).toString('hex')}`;

/** A company that owes partners money. One per test file; every test makes its own partners and a currency or program of its own. */
export class PayoutsStory {
  private constructor(readonly service: TestService) {}

  static async begin(options: TestServiceOptions = {}): Promise<PayoutsStory> {
    return new PayoutsStory(await startTestService({ sandbox: true, ...options }));
  }

  end(): Promise<void> {
    return this.service.stop();
  }

  get sandbox(): StripeSandbox {
    return this.service.sandbox as unknown as StripeSandbox;
  }

  get sender(): PollingWorker {
    return this.service.workers.get('payouts') as PollingWorker;
  }

  post<T = PayoutRunView>(path: string, body?: object, key = unique('key')): Promise<HttpAnswer<T>> {
    return this.service.http<T>('POST', path, body ?? {}, { 'idempotency-key': key });
  }

  async program(minPayoutMinor: number): Promise<string> {
    const key = unique('p').replace('_', '-').toLowerCase();
    const { status, body } = await this.post('/v1/programs', {
      ...{ key, name: 'Friends', currency: 'usd', reward: { type: 'percentage', rateBps: 2_000 }, minPayoutMinor },
    });
    if (status !== 201) throw new Error(JSON.stringify(body));
    const [row] = await this.service.db.query<{ id: string }[]>(
      `SELECT id FROM tributary.referral_program WHERE key = $1`,
      [key],
    );
    return row!.id;
  }

  /** A connected account that money can be transferred to. */
  async account(capabilities: object = { transfers: { requested: true } }): Promise<string> {
    const form = new URLSearchParams({ country: 'US', 'tos_acceptance[service_agreement]': 'recipient' });
    for (const name of Object.keys(capabilities)) form.set(`capabilities[${name}][requested]`, 'true');
    return String((await this.stripe('POST', '/v1/accounts', form)).id);
  }

  async stripe(method: string, path: string, form?: URLSearchParams): Promise<Record<string, unknown>> {
    const answer = await fetch(this.sandbox.url + path, {
      method,
      headers: { authorization: 'Bearer sk_test_story', 'content-type': 'application/x-www-form-urlencoded' },
      body: form?.toString(),
    });
    const body = (await answer.json()) as Record<string, unknown>;
    if (!answer.ok) throw new Error(JSON.stringify(body));
    return body;
  }

  /** A partner who is paid by hand, or to a Stripe account of their own. */
  async partner(method: 'manual' | 'stripe_connect' | 'none' = 'manual', account?: string): Promise<string> {
    const { body } = await this.post<{ id: string }>('/v1/partners', {
      ...{ externalId: unique('user'), email: 'ada@example.com', name: 'Ada' },
    });
    if (method === 'none') return body.id;
    const put =
      method === 'manual'
        ? { type: 'manual', details: 'IBAN' }
        : { type: 'stripe_connect', accountId: account ?? (await this.account()) };
    const { status } = await this.service.http('PUT', `/v1/partners/${body.id}/payout-method`, put);
    if (status >= 300) throw new Error(`payout method was answered ${status}`);
    return body.id;
  }

  /** Something the partner earned (or, negative, what was taken back). Answers the commission it belongs to. */
  async earned(partnerId: string, amountMinor: number, options: Earned = {}): Promise<string> {
    const { currency = 'usd', dueAt = new Date(0), programId } = options;
    const commissionId = options.commissionId ?? unique('commission');
    const common = { partnerId, currency, commissionId, programId };
    const transaction: NewTransaction = {
      workspaceId: this.service.workspaceId,
      kind: amountMinor < 0 ? 'reversal' : 'earning',
      factKey: unique('fact'),
      occurredAt: this.service.clock.now(),
      commissionId,
      cause: {},
      entries: [
        { ...common, account: 'earned', amountMinor, dueAt, payable: true },
        { ...common, account: 'expense', amountMinor: -amountMinor },
      ],
    };
    await this.service.db.transaction((tx) => this.service.app.get(LedgerService).post([transaction], tx));
    return commissionId;
  }

  async draft(currency = 'usd', cutoff?: Date): Promise<PayoutRunView> {
    const { status, body } = await this.post('/v1/payout-runs', { currency, cutoff: cutoff?.toISOString() });
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body;
  }

  async approved(currency = 'usd'): Promise<PayoutRunView> {
    const { id, revision } = await this.draft(currency);
    const { status, body } = await this.post(`/v1/payout-runs/${id}/approve`, { revision });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body;
  }

  /** A partner's approved payout by Stripe, not yet sent. */
  async approvedTransfer(amountMinor: number, account?: string): Promise<PayoutDetail> {
    const partnerId = await this.partner('stripe_connect', account);
    await this.earned(partnerId, amountMinor);
    const { payouts } = await this.approved();
    return this.payout(payouts.find((payout) => payout.partnerId === partnerId)!.id);
  }

  async run(id: string): Promise<PayoutRunView> {
    return (await this.service.http<PayoutRunView>('GET', `/v1/payout-runs/${id}`)).body;
  }

  async payout(id: string): Promise<PayoutDetail> {
    return (await this.service.http<PayoutDetail>('GET', `/v1/payouts/${id}`)).body;
  }

  async balance(partnerId: string): Promise<Balance> {
    const { body } = await this.service.http<{ balances: Balance[] }>('GET', `/v1/partners/${partnerId}/balance`);
    return body.balances[0]!;
  }

  joinDrafts(partnerId: string): Promise<void> {
    const { workspaceId, db, app } = this.service;
    return db.transaction((tx) => app.get(PayoutSettlement).joinDrafts(workspaceId, [partnerId], tx));
  }

  /** What was delivered is applied, and the transfer settled. */
  async settleTransfer(transferId: string, times = 1): Promise<void> {
    const { workspaceId, db, app, workers } = this.service;
    await this.sandbox.idle();
    await (workers.get('inbox') as PollingWorker).drain();
    const key = { workspaceId, account: '', kind: 'transfer' as const, id: transferId };
    for (let i = 0; i < times; i++) await db.transaction((tx) => app.get(PayoutSettlement).settle(key, tx));
  }

  /** Every pause and lease is over. */
  async waitIsOver(): Promise<void> {
    await this.service.db.query(
      `UPDATE tributary.payout SET available_at = now() - interval '1 second' WHERE available_at > now()`,
    );
  }

  /** The payout's transfers at Stripe. */
  async transfersOf(payoutId: string): Promise<Array<Record<string, unknown> & { id: string; amount: number }>> {
    const { data } = await this.stripe('GET', `/v1/transfers?transfer_group=${payoutId}`);
    return data as Array<Record<string, unknown> & { id: string; amount: number }>;
  }

  /** The calls that were made to pay the payout. */
  callsFor(payoutId: string): LoggedRequest[] {
    return this.sandbox.requests
      .list({ method: 'POST', path: '/v1/transfers' })
      .filter(({ body }) => body.includes(payoutId));
  }

  /** What was posted for the payout: kind and the amount that entered the account. */
  async postings(payoutId: string): Promise<Array<{ kind: string; account: string; amountMinor: number }>> {
    const rows = await this.service.db.query<{ kind: string; account: string; amount: string }[]>(
      `SELECT t.kind, e.account, e.amount_minor AS amount FROM tributary.ledger_transaction t
         JOIN tributary.ledger_entry e ON e.workspace_id = t.workspace_id AND e.transaction_id = t.id
        WHERE t.payout_id = $1 AND e.account <> 'earned' ORDER BY t.id, e.id`,
      [payoutId],
    );
    return rows.map(({ kind, account, amount }) => ({ kind, account, amountMinor: Number(amount) }));
  }

  /** The reversal of what was sent, as Stripe tells it. */
  async reverse(transferId: string, amount: number): Promise<void> {
    await this.stripe('POST', `/v1/transfers/${transferId}/reversals`, new URLSearchParams({ amount: String(amount) }));
  }
}
