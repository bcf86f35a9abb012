import { isObject } from './shapes.js';
import type { StripeData } from './stripe-model.entity.js';

/** What tells one means of payment from another, whatever its kind and however old; null where the kind has no such thing. */
export interface InstrumentDetails {
  /** `card`, `sepa_debit`, `us_bank_account`, `link`: Stripe's own word for the kind. */
  kind: string;
  /** The card's network, or the wallet or bank behind it: `visa`, `paypal`, `STRIPE TEST BANK`. */
  brand: string | null;
  last4: string | null;
  expMonth: number | null;
  expYear: number | null;
  /** Equal for the same card or account, whoever it was given by. */
  fingerprint: string | null;
}

/** Kinds that are one brand themselves. */
const BRANDED = new Set([
  ...['affirm', 'afterpay_clearpay', 'alipay', 'alma', 'amazon_pay', 'billie', 'bizum', 'blik', 'boleto', 'cashapp'],
  ...['grabpay', 'kakao_pay', 'klarna', 'konbini', 'link', 'mb_way', 'mobilepay', 'multibanco', 'naver_pay', 'oxxo'],
  ...['pay_by_bank', 'payco', 'paynow', 'paypal', 'paypay', 'payto', 'pix', 'promptpay', 'revolut_pay', 'samsung_pay'],
  ...['satispay', 'scalapay', 'sequra', 'sunbit', 'swish', 'twint', 'upi', 'wechat', 'wechat_pay', 'zip'],
]);

/**
 * The details of a payment method (`pm_`), an old card (`card_`), source (`src_`) or bank account (`ba_`). Cards and bank
 * accounts carry them themselves, the others below the name of their kind. Pure.
 */
export function instrumentDetailsOf(data: StripeData): InstrumentDetails {
  const kind = kindOf(data);
  const below = data[kind];
  const details = data.object === 'card' || data.object === 'bank_account' ? data : isObject(below) ? below : {};
  return {
    kind,
    brand: brandOf(kind, details),
    last4: textOf(details.last4) ?? textOf(details.dynamic_last4),
    expMonth: numberOf(details.exp_month),
    expYear: numberOf(details.exp_year),
    fingerprint: textOf(details.fingerprint),
  };
}

function kindOf({ object, type }: StripeData): string {
  if (object === 'card' || object === 'bank_account') return object;
  return typeof type === 'string' ? type : 'unknown';
}

function brandOf(kind: string, details: StripeData): string | null {
  const { brand, display_brand: displayed, display_name: named, bank_name: bankName, bank } = details;
  const wallet = BRANDED.has(kind) ? kind : null;
  return textOf(displayed) ?? brandText(brand) ?? textOf(named) ?? textOf(bankName) ?? textOf(bank) ?? wallet;
}

/** Old cards write `American Express` and `Visa` where payment methods write `amex` and `visa`. */
function brandText(brand: unknown): string | null {
  const text = textOf(brand);
  if (text === null) return null;
  const plain = text.toLowerCase().replaceAll(/[\s']+/g, '_');
  return OLD_BRANDS[plain] ?? plain;
}

const OLD_BRANDS: Readonly<Record<string, string>> = {
  american_express: 'amex',
  diners_club: 'diners',
  china_unionpay: 'unionpay',
  union_pay: 'unionpay',
};

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Sources carry the year as a text now and then. */
function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : null;
}
