import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DomainError } from '../../common/errors.js';
import { BillingReader } from '../billing-reader.service.js';
import { accountStatus } from '../objects/account-status.js';
import { Account } from '../objects/account.entity.js';
import { at, isoOf, secondsOf } from '../objects/shapes.js';
import type { StripeData, StripeModel } from '../objects/stripe-model.entity.js';
import type { AccountLinkView, AccountStatusView, OnboardingLinkDto } from './accounts.dto.js';
import { StripeWriter } from './stripe-writer.service.js';
import { defined } from './subscriptions-params.js';
import type { WriteCall } from './write-call.js';

/** Both APIs name what a link is for alike. */
const USE_CASES = { onboarding: 'account_onboarding', update: 'account_update' } as const;

@Injectable()
export class AccountsService {
  constructor(
    private readonly db: DataSource,
    private readonly reader: BillingReader,
    private readonly writer: StripeWriter,
  ) {}

  /** What an account can do and what it still has to bring, out of the mirror alone. Errors: `object_not_found`. */
  async status(workspaceId: string, id: string): Promise<AccountStatusView> {
    const row = await this.newestOf(workspaceId, id);
    if (row === null) {
      const text = `the mirror has no ${id} among the accounts and v2_core_accounts, and Stripe was not asked: read the object in accounts (gRPC: GetObject) with fresh=true, which asks it`;
      throw new DomainError('not_found', 'object_not_found', text, { field: 'id' });
    }
    const { data } = row;
    const status = accountStatus(data, await this.capabilitiesOf(workspaceId, id));
    const deleted = row.deletedAt !== null;
    const transfers = status.abilities.find(({ ability }) => ability === 'transfers');
    return {
      id,
      ...status,
      deleted,
      country: textOf(data.country) ?? textOf(at(data, 'identity', 'country')),
      currency: textOf(data.default_currency) ?? textOf(at(data, 'defaults', 'currency')),
      canReceiveTransfers: row instanceof Account ? row.canReceiveTransfers : !deleted && transfers?.state === 'active',
    };
  }

  /** A page of Stripe's on which the account's owner gives what is missing. Never stored. */
  async onboardingLink(call: WriteCall, id: string, request: OnboardingLinkDto): Promise<AccountLinkView> {
    const api = request.api ?? (await this.apiOf(call.workspaceId, id));
    const write = api === 'v2' ? v2Link(id, request) : v1Link(id, request);
    const { body } = await this.writer.send(call, { method: 'POST', ...write });
    return linkView(id, body);
  }

  /** The owner's own dashboard at Stripe, for accounts that have the Express one. Never stored. */
  async loginLink(call: WriteCall, id: string): Promise<AccountLinkView> {
    const path = `/v1/accounts/${encodeURIComponent(id)}/login_links`;
    const { body } = await this.writer.send(call, { method: 'POST', path });
    return linkView(id, body);
  }

  private async apiOf(workspaceId: string, id: string): Promise<'v1' | 'v2'> {
    const v1 = await this.reader.find(Account, workspaceId, id, '');
    if (v1 !== null) return 'v1';
    return (await this.findV2(workspaceId, id)) === null ? 'v1' : 'v2';
  }

  /** An account of the second API is one of the first, too, under the same id; which of both was seen last differs. */
  private async newestOf(workspaceId: string, id: string): Promise<StripeModel | null> {
    const [v1, v2] = await Promise.all([this.reader.find(Account, workspaceId, id), this.findV2(workspaceId, id)]);
    if (v1 === null || v2 === null) return v1 ?? v2;
    // Parts of a v2 account are there only when they were asked for.
    const isWhole = at(v2.data, 'configuration') != null && at(v2.data, 'requirements') != null;
    return isWhole && v2.sourceUpdatedAt > v1.sourceUpdatedAt ? v2 : v1;
  }

  private findV2(workspaceId: string, id: string): Promise<StripeModel | null> {
    return this.reader.find(this.reader.typeOf('v2_core_accounts').model, workspaceId, id);
  }

  private async capabilitiesOf(workspaceId: string, account: string): Promise<StripeData[]> {
    const rows = (await this.db.query(
      `SELECT data FROM stripe.capabilities WHERE workspace_id = $1 AND connected_account = $2 AND deleted_at IS NULL ORDER BY id`,
      [workspaceId, account],
    )) as Array<{ data: StripeData }>;
    return rows.map(({ data }) => data);
  }
}

function v1Link(account: string, { refreshUrl, returnUrl, type, collect }: OnboardingLinkDto) {
  const params = {
    account,
    type: USE_CASES[type ?? 'onboarding'],
    refresh_url: refreshUrl,
    return_url: returnUrl,
    ...(collect === undefined ? {} : { collection_options: { fields: collect } }),
  };
  return { path: '/v1/account_links', params };
}

function v2Link(account: string, { refreshUrl, returnUrl, type, collect }: OnboardingLinkDto) {
  const useCase = USE_CASES[type ?? 'onboarding'];
  const details = defined({
    refresh_url: refreshUrl,
    return_url: returnUrl,
    collection_options: collect && { fields: collect },
  });
  return { path: '/v2/core/account_links', params: { account, use_case: { type: useCase, [useCase]: details } } };
}

/** v1 counts seconds, v2 writes an instant. */
function linkView(id: string, { url, expires_at: expiry }: StripeData): AccountLinkView {
  return { id, url: String(url), expiresAt: textOf(expiry) ?? isoOf(secondsOf(expiry)) };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
