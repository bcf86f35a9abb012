import { invalidRequest, noSuch } from '../core/errors.js';
import { PLATFORM, type Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { embedded } from '../http/listing.js';
import { asAccount, changeAccount } from './accounts.js';
import { accountCard, bankAccount } from './sources.js';

type Account = Kinds['account'];
/** Where an account's payouts go. The platform keeps them; their events are the account's. */
export type ExternalAccount = Kinds['bank_account'] | Kinds['card'];

export interface BankDetails {
  object?: string;
  country?: string;
  currency?: string;
  account_number?: string;
  routing_number?: string;
  account_holder_name?: string;
  account_holder_type?: string;
}

export function externalAccountsOf(scope: Scope, account: string): ExternalAccount[] {
  const own = (row: { account?: string | null }): boolean => row.account === account;
  const there = scope.in(PLATFORM);
  return [...there.all('bank_account', own), ...there.all('card', own)].reverse();
}

export function externalAccountOf(scope: Scope, account: string, id: string): ExternalAccount {
  const there = scope.in(PLATFORM);
  const found = there.maybe('bank_account', id) ?? there.maybe('card', id);
  if (found?.account !== account) throw noSuch('external account', id);
  return found;
}

/** From a token or from bank details; the first of a currency is its default. */
export function addExternalAccount(
  scope: Scope,
  account: Account,
  sent: string | BankDetails,
  options: { metadata: Record<string, string>; isDefault?: boolean },
): ExternalAccount {
  const made = built(account, sent, options.metadata);
  const others = externalAccountsOf(scope, account.id).filter(({ currency }) => currency === made.currency);
  const isDefault = options.isDefault === true || others.length === 0;
  const stored = store(scope, { ...made, default_for_currency: isDefault });
  if (isDefault) takeDefault(scope, stored);
  asAccount(scope, account.id).emit('account.external_account.created', stored);
  showIn(scope, account);
  return stored;
}

function built(account: Account, sent: string | BankDetails, metadata: Record<string, string>): ExternalAccount {
  if (typeof sent === 'string') {
    const card = accountCard(account.id, sent, metadata);
    if (card) return card;
    if (sent.startsWith('btok_')) return bankAccount({ account: account.id, metadata });
    throw invalidRequest(`No such token: '${sent}'`, { code: 'resource_missing', param: 'external_account' });
  }
  if (sent.account_number === undefined) {
    const param = 'external_account[account_number]';
    throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }
  return bankAccount({
    account: account.id,
    metadata,
    number: sent.account_number,
    routing: sent.routing_number,
    country: sent.country,
    currency: sent.currency,
    holder: sent.account_holder_name,
    holderType: sent.account_holder_type,
  });
}

function store(scope: Scope, row: ExternalAccount): ExternalAccount {
  const there = scope.in(PLATFORM);
  return row.object === 'card' ? there.insert('card', row) : there.insert('bank_account', row);
}

export function changeExternalAccount(
  scope: Scope,
  account: Account,
  row: ExternalAccount,
  patch: { metadata?: Record<string, string>; default_for_currency?: boolean; account_holder_name?: string },
): ExternalAccount {
  const event = 'account.external_account.updated';
  const there = asAccount(scope, account.id);
  const before = row;
  const after = store(scope, { ...row, ...patch } as ExternalAccount);
  if (patch.default_for_currency) takeDefault(scope, after);
  const old = before as unknown as Record<string, unknown>;
  const changed = Object.keys(patch).filter(
    (name) => old[name] !== (after as unknown as Record<string, unknown>)[name],
  );
  if (changed.length > 0)
    there.emit(event, after, Object.fromEntries(changed.map((name) => [name, old[name] ?? null])));
  showIn(scope, account);
  return after;
}

function takeDefault(scope: Scope, row: ExternalAccount): void {
  for (const other of externalAccountsOf(scope, row.account ?? '')) {
    if (other.id !== row.id && other.currency === row.currency && other.default_for_currency) {
      store(scope, { ...other, default_for_currency: false });
    }
  }
}

export function removeExternalAccount(scope: Scope, account: Account, row: ExternalAccount): object {
  if (row.default_for_currency && row.currency === account.default_currency) {
    throw invalidRequest(
      'You cannot delete the default external account for your default currency. Please make another external account the default using the `default_for_currency` param, and then delete this one.',
      { param: 'id' },
    );
  }
  const there = scope.in(PLATFORM);
  const gone = row.object === 'card' ? there.remove('card', row) : there.remove('bank_account', row);
  asAccount(scope, account.id).emit('account.external_account.deleted', row);
  showIn(scope, account);
  return gone;
}

function showIn(scope: Scope, account: Account): void {
  const url = `/v1/accounts/${account.id}/external_accounts`;
  const list = embedded(externalAccountsOf(scope, account.id), url) as Account['external_accounts'];
  changeAccount(scope, account, { external_accounts: list });
}
