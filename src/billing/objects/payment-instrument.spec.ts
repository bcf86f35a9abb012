import { describe, expect, it } from '@jest/globals';
import { instrumentDetailsOf } from './payment-instrument.js';

const NOTHING = { brand: null, last4: null, expMonth: null, expYear: null, fingerprint: null };

describe('what tells one means of payment from another', () => {
  it.each([
    [
      'card',
      {
        object: 'payment_method',
        type: 'card',
        card: { brand: 'visa', last4: '4242', exp_month: 4, exp_year: 2030, fingerprint: 'f1' },
      },
      { kind: 'card', brand: 'visa', last4: '4242', expMonth: 4, expYear: 2030, fingerprint: 'f1' },
    ],
    [
      'card of two networks, shown under the chosen one',
      {
        object: 'payment_method',
        type: 'card',
        card: { brand: 'visa', display_brand: 'cartes_bancaires', last4: '0001' },
      },
      { ...NOTHING, kind: 'card', brand: 'cartes_bancaires', last4: '0001' },
    ],
    [
      'card at a reader',
      {
        object: 'payment_method',
        type: 'card_present',
        card_present: { brand: 'amex', last4: '0005', exp_month: 1, exp_year: 2031, fingerprint: 'f2' },
      },
      { kind: 'card_present', brand: 'amex', last4: '0005', expMonth: 1, expYear: 2031, fingerprint: 'f2' },
    ],
    ...['us_bank_account', 'acss_debit', 'nz_bank_account'].map((type) => [
      type,
      { object: 'payment_method', type, [type]: { bank_name: 'FIRST BANK', last4: '6789', fingerprint: 'f3' } },
      { ...NOTHING, kind: type, brand: 'FIRST BANK', last4: '6789', fingerprint: 'f3' },
    ]),
    ...['sepa_debit', 'bacs_debit', 'au_becs_debit'].map((type) => [
      type,
      { object: 'payment_method', type, [type]: { bank_code: '37040044', last4: '3000', fingerprint: 'f4' } },
      { ...NOTHING, kind: type, last4: '3000', fingerprint: 'f4' },
    ]),
    [
      'link',
      { object: 'payment_method', type: 'link', link: { email: 'a@b.c' } },
      { ...NOTHING, kind: 'link', brand: 'link' },
    ],
    [
      'paypal',
      { object: 'payment_method', type: 'paypal', paypal: {} },
      { ...NOTHING, kind: 'paypal', brand: 'paypal' },
    ],
    [
      'ideal',
      { object: 'payment_method', type: 'ideal', ideal: { bank: 'ing' } },
      { ...NOTHING, kind: 'ideal', brand: 'ing' },
    ],
    [
      'custom',
      { object: 'payment_method', type: 'custom', custom: { display_name: 'Vouchers' } },
      { ...NOTHING, kind: 'custom', brand: 'Vouchers' },
    ],
    [
      'old card',
      { object: 'card', brand: 'American Express', last4: '8431', exp_month: 8, exp_year: 2027, fingerprint: 'f5' },
      { kind: 'card', brand: 'amex', last4: '8431', expMonth: 8, expYear: 2027, fingerprint: 'f5' },
    ],
    [
      'old bank account',
      { object: 'bank_account', bank_name: 'STRIPE TEST BANK', last4: '6789', fingerprint: 'f6' },
      { ...NOTHING, kind: 'bank_account', brand: 'STRIPE TEST BANK', last4: '6789', fingerprint: 'f6' },
    ],
    [
      'old source of a card',
      {
        object: 'source',
        type: 'card',
        card: { brand: 'Visa', last4: '4242', exp_month: '9', exp_year: '2028', fingerprint: 'f7' },
      },
      { kind: 'card', brand: 'visa', last4: '4242', expMonth: 9, expYear: 2028, fingerprint: 'f7' },
    ],
    [
      'old source of a debit',
      { object: 'source', type: 'sepa_debit', sepa_debit: { last4: '3000', fingerprint: 'f8' } },
      { ...NOTHING, kind: 'sepa_debit', last4: '3000', fingerprint: 'f8' },
    ],
    ['a kind of tomorrow', { object: 'payment_method', type: 'telepathy' }, { ...NOTHING, kind: 'telepathy' }],
  ] as Array<[string, Record<string, unknown>, object]>)('%s', (_name, data, details) => {
    expect(instrumentDetailsOf(data)).toEqual(details);
  });
});
