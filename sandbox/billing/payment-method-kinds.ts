import { createHash } from 'node:crypto';
import { invalidRequest, missingParam } from '../core/errors.js';
import { randomText } from '../core/ids.js';
import type { Kinds } from '../core/wire.js';

type PaymentMethod = Kinds['payment_method'];
type Details = Partial<PaymentMethod> & { type: PaymentMethod['type'] };
/** What was sent for the kind itself. */
type Sent = Record<string, string>;

/** The same number has the same fingerprint, which is how self-referrals are found. */
export const fingerprintOf = (...parts: string[]): string =>
  createHash('sha256').update(parts.join('')).digest('hex').slice(0, 16);

const last4 = (number: string): string => number.slice(-4);

function need(kind: string, sent: Sent, name: string): string {
  const value = sent[name];
  if (value === undefined || value === '') throw missingParam(`${kind}[${name}]`);
  return value;
}

/** What each kind shows of the account behind it: never a whole number. */
const BUILDERS: Record<string, (sent: Sent) => Partial<PaymentMethod>> = {
  sepa_debit: (sent) => {
    const iban = need('sepa_debit', sent, 'iban').replaceAll(' ', '').toUpperCase();
    if (!/^[A-Z]{2}\d{2}[0-9A-Z]{11,30}$/.test(iban)) {
      throw invalidRequest('The IBAN you provided is invalid.', {
        code: 'invalid_bank_account_iban',
        param: 'sepa_debit[iban]',
      });
    }
    return {
      sepa_debit: {
        bank_code: iban.slice(4, 12),
        branch_code: null,
        country: iban.slice(0, 2),
        fingerprint: fingerprintOf(iban),
        generated_from: { charge: null, setup_attempt: null },
        last4: last4(iban),
      },
    };
  },
  us_bank_account: (sent) => {
    const account = need('us_bank_account', sent, 'account_number');
    const routing = need('us_bank_account', sent, 'routing_number');
    if (!/^\d{9}$/.test(routing)) {
      throw invalidRequest('Routing number must have 9 digits', {
        code: 'routing_number_invalid',
        param: 'us_bank_account[routing_number]',
      });
    }
    return {
      us_bank_account: {
        account_holder_type: sent.account_holder_type ?? 'individual',
        account_type: sent.account_type ?? 'checking',
        bank_name: 'STRIPE TEST BANK',
        financial_connections_account: null,
        fingerprint: fingerprintOf(routing, account),
        last4: last4(account),
        networks: { preferred: 'ach', supported: ['ach'] },
        routing_number: routing,
        status_details: {},
      },
    };
  },
  bacs_debit: (sent) => {
    const account = need('bacs_debit', sent, 'account_number');
    const sortCode = need('bacs_debit', sent, 'sort_code');
    return {
      bacs_debit: { fingerprint: fingerprintOf(sortCode, account), last4: last4(account), sort_code: sortCode },
    };
  },
  au_becs_debit: (sent) => {
    const account = need('au_becs_debit', sent, 'account_number');
    const bsb = need('au_becs_debit', sent, 'bsb_number');
    return { au_becs_debit: { bsb_number: bsb, fingerprint: fingerprintOf(bsb, account), last4: last4(account) } };
  },
  acss_debit: (sent) => {
    const account = need('acss_debit', sent, 'account_number');
    const institution = need('acss_debit', sent, 'institution_number');
    const transit = need('acss_debit', sent, 'transit_number');
    return {
      acss_debit: {
        bank_name: 'STRIPE TEST BANK',
        fingerprint: fingerprintOf(institution, transit, account),
        institution_number: institution,
        last4: last4(account),
        transit_number: transit,
      },
    };
  },
  link: () => ({ link: { email: null } }),
  paypal: () => ({ paypal: { country: 'US', payer_email: null, payer_id: randomText(13).toUpperCase() } }),
  cashapp: () => ({ cashapp: { buyer_id: null, cashtag: null } }),
  klarna: () => ({ klarna: {} }),
  ideal: (sent) => ({ ideal: { bank: sent.bank ?? null, bic: null } }),
  amazon_pay: () => ({ amazon_pay: {} }),
  revolut_pay: () => ({ revolut_pay: {} }),
  bancontact: () => ({ bancontact: {} }),
};

export const OTHER_KINDS = Object.keys(BUILDERS);

/** The part of a payment method that its kind alone has. Wallets take the payer's address from the billing details. */
export function kindDetails(type: string, sent: Sent, email: string | null): Details {
  const build = BUILDERS[type];
  if (!build) throw invalidRequest(`The sandbox knows no payment method of type ${type}.`, { param: 'type' }, 501);
  const details = build(sent);
  if (details.link) details.link = { ...details.link, email };
  if (details.paypal) details.paypal = { ...details.paypal, payer_email: email };
  return { ...details, type };
}

/** Test names of methods that are no cards. */
export const TEST_METHODS: Record<string, { type: string; sent: Sent }> = {
  pm_usBankAccount: { type: 'us_bank_account', sent: { account_number: '000123456789', routing_number: '110000000' } },
  pm_usBankAccount_success: {
    type: 'us_bank_account',
    sent: { account_number: '000123456789', routing_number: '110000000' },
  },
};
