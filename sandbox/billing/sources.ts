import { invalidRequest, noSuch } from '../core/errors.js';
import { randomText, stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { without } from '../core/without.js';
import { newestFirst } from '../http/listing.js';
import { fingerprintOf } from './payment-method-kinds.js';
import { detach, newCard, testCard } from './payment-methods.js';

type Customer = Kinds['customer'];
type Card = Kinds['card'];
type BankAccount = Kinds['bank_account'];
type Source = Kinds['source'];
/** What customers paid with before there were payment methods. */
export type LegacySource = Card | BankAccount | Source;

/** Bank account tokens and whether the account counts as verified from the start. */
const BANK_TOKENS: Record<string, 'new' | 'verified'> = { btok_us: 'new', btok_us_verified: 'verified' };

/** Newest first. Neither cards nor bank accounts say when they were made, so that the order of each kind is kept. */
export function sourcesOf(scope: Scope, customer: string): LegacySource[] {
  const own = (row: { customer?: string | null }): boolean => row.customer === customer;
  const cards = [...scope.all('card', own), ...scope.all('bank_account', own)].reverse();
  return [...newestFirst(scope.all('source', own)), ...cards];
}

export function sourceOf(scope: Scope, customer: string, id: string): LegacySource {
  const found = scope.maybe('card', id) ?? scope.maybe('bank_account', id) ?? scope.maybe('source', id);
  if (found?.customer !== customer) throw noSuch('source', id);
  return found;
}

/** Saves a token or a source to the customer; the first one becomes the default. */
export function addSource(
  scope: Scope,
  customer: Customer,
  token: string,
  metadata: Record<string, string>,
): LegacySource {
  const source = saved(scope, customer, token, metadata);
  scope.emit('customer.source.created', source);
  const current = scope.get('customer', customer.id);
  if (current.default_source === null) {
    scope.update('customer', current, { default_source: source.id }, 'customer.updated');
  }
  return source;
}

function saved(scope: Scope, customer: Customer, token: string, metadata: Record<string, string>): LegacySource {
  const known = scope.maybe('source', token);
  if (known) {
    if (known.customer) {
      throw invalidRequest(`The source ${token} has already been attached to a customer.`, { param: 'source' });
    }
    return scope.update('source', known, { customer: customer.id });
  }
  const status = BANK_TOKENS[token];
  if (status) return scope.insert('bank_account', bankAccount({ customer: customer.id, status, metadata }));
  const card = testCard(token);
  if (!card) throw invalidRequest(`No such token: '${token}'`, { code: 'resource_missing', param: 'source' });
  const method = newCard(scope, card, {
    id: stripeId('card'),
    customer: customer.id,
    email: customer.email,
    name: customer.name,
    metadata,
  });
  return scope.insert('card', cardFields(method, { customer: customer.id, metadata }));
}

/** A legacy card over its payment method: both have the same id, and either face may be used. */
function cardFields(method: Kinds['payment_method'], owner: Partial<Card>): Card {
  const { card } = method;
  return {
    ...NO_CARD,
    ...owner,
    id: method.id,
    metadata: method.metadata,
    fingerprint: card?.fingerprint ?? null,
    last4: card?.last4 ?? '',
    brand: titled(card?.brand ?? 'visa'),
  };
}

const titled = (brand: string): string =>
  ({ visa: 'Visa', mastercard: 'MasterCard', amex: 'American Express' })[brand] ?? 'Unknown';

/** A debit card of a connected account, to which its payouts may go. */
export function accountCard(account: string, token: string, metadata: Record<string, string>): Card | null {
  const card = testCard(token);
  if (!card) return null;
  return {
    ...NO_CARD,
    id: stripeId('card'),
    account,
    available_payout_methods: ['standard', 'instant'],
    brand: titled(card.brand),
    currency: 'usd',
    default_for_currency: false,
    fingerprint: fingerprintOf(card.brand, card.last4),
    funding: 'debit',
    last4: card.last4,
    metadata,
  };
}

const NO_CARD: Card = {
  id: '',
  object: 'card',
  address_city: null,
  address_country: null,
  address_line1: null,
  address_line1_check: null,
  address_line2: null,
  address_state: null,
  address_zip: null,
  address_zip_check: null,
  allow_redisplay: 'unspecified',
  brand: 'Visa',
  country: 'US',
  cvc_check: 'pass',
  dynamic_last4: null,
  exp_month: 12,
  exp_year: 2040,
  funding: 'credit',
  last4: '',
  metadata: {},
  name: null,
  regulated_status: 'unregulated',
  tokenization_method: null,
};

export interface BankFields {
  customer?: string;
  account?: string;
  status?: string;
  metadata: Record<string, string>;
  number?: string;
  routing?: string;
  country?: string;
  currency?: string;
  holder?: string | null;
  holderType?: string | null;
}

export function bankAccount(fields: BankFields): BankAccount {
  const { number = '000123456789', routing = '110000000' } = fields;
  return {
    id: stripeId('ba'),
    object: 'bank_account',
    ...(fields.account && {
      account: fields.account,
      available_payout_methods: ['standard'],
      default_for_currency: false,
    }),
    account_holder_name: fields.holder ?? null,
    account_holder_type: fields.holderType ?? null,
    account_type: null,
    bank_name: 'STRIPE TEST BANK',
    country: fields.country ?? 'US',
    currency: fields.currency ?? 'usd',
    ...(fields.customer && { customer: fields.customer }),
    fingerprint: fingerprintOf(routing, number),
    last4: number.slice(-4),
    metadata: fields.metadata,
    routing_number: routing,
    status: fields.status ?? 'new',
  };
}

export function createSource(
  scope: Scope,
  fields: { type: string; currency?: string; email?: string | null; metadata: Record<string, string> },
): Source {
  const id = stripeId('src');
  const owner = { address: null, email: fields.email ?? null, name: null, phone: null };
  const source: Source = {
    id,
    object: 'source',
    allow_redisplay: 'unspecified',
    amount: null,
    client_secret: `${id}_secret_${randomText(24)}`,
    created: scope.now,
    currency: fields.currency ?? null,
    flow: 'none',
    livemode: false,
    metadata: fields.metadata,
    owner: { ...owner, verified_address: null, verified_email: null, verified_name: null, verified_phone: null },
    statement_descriptor: null,
    status: 'chargeable',
    type: fields.type,
    usage: 'reusable',
    ...sourceDetails(fields.type),
  };
  return scope.insert('source', source, 'source.chargeable');
}

function sourceDetails(type: string): Partial<Source> {
  if (type === 'card') {
    return {
      card: {
        brand: 'Visa',
        country: 'US',
        exp_month: 12,
        exp_year: 2040,
        fingerprint: fingerprintOf('visa', '4242'),
        funding: 'credit',
        last4: '4242',
        three_d_secure: 'optional',
      },
    };
  }
  return {
    sepa_debit: {
      bank_code: '37040044',
      branch_code: '',
      country: 'DE',
      fingerprint: fingerprintOf('DE89370400440532013000'),
      last4: '3000',
      mandate_reference: randomText(16).toUpperCase(),
      mandate_url: 'https://hooks.stripe.com/adapter/sepa_debit/file/src_mandate',
    },
  };
}

/** A card or bank account is gone, a source is used up; the next newest source becomes the default. */
export function removeSource(scope: Scope, customer: Customer, source: LegacySource): object {
  const answer = taken(scope, source);
  scope.emit('customer.source.deleted', source);
  const current = scope.get('customer', customer.id);
  if (current.default_source === source.id) {
    const next = sourcesOf(scope, customer.id)[0]?.id ?? null;
    scope.update('customer', current, { default_source: next }, 'customer.updated');
  }
  return answer;
}

function taken(scope: Scope, source: LegacySource): object {
  if (source.object === 'source') {
    const consumed = scope.update('source', source, { status: 'consumed' });
    const free = without(consumed, 'customer');
    scope.world.store.put(scope.account, 'source', free);
    return free;
  }
  if (source.object === 'bank_account') return scope.remove('bank_account', source);
  const method = scope.maybe('payment_method', source.id);
  if (method?.customer) detach(scope, method);
  return scope.remove('card', source);
}
