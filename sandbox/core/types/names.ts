import { BANKING_TYPES } from './banking-types.js';
import { PAYMENT_TYPES } from './payment-types.js';
import { PLATFORM_TYPES } from './platform-types.js';
import { PRODUCT_TYPES } from './product-types.js';
import type { StoredType } from './stored-type.js';
import { V2_TYPES } from './v2-types.js';

/** Every type that is stored, listed and retrieved without more being known of it. Rows of one type stand for its lists. */
export const STORED_TYPES: readonly StoredType[] = [
  ...PAYMENT_TYPES,
  ...PRODUCT_TYPES,
  ...PLATFORM_TYPES,
  ...BANKING_TYPES,
];

/** What ids begin with, for the types that the sandbox itself makes. The first prefix of a type is the one for new ids. */
const PREFIXES_OF_MODELLED: Record<string, string | readonly string[]> = {
  account: 'acct',
  balance_transaction: 'txn',
  charge: ['ch', 'py'],
  'checkout.session': ['cs'],
  coupon: [],
  credit_note: 'cn',
  credit_note_line_item: 'cnli',
  customer: 'cus',
  customer_balance_transaction: 'cbtxn',
  dispute: ['du', 'dp'],
  invoice: 'in',
  invoice_payment: 'inpay',
  invoiceitem: 'ii',
  line_item: 'il',
  payment_intent: 'pi',
  payment_method: 'pm',
  payout: 'po',
  price: 'price',
  product: 'prod',
  promotion_code: 'promo',
  'radar.early_fraud_warning': 'issfr',
  refund: ['re', 'pyr'],
  shipping_rate: 'shr',
  subscription: 'sub',
  subscription_item: 'si',
  tax_rate: 'txr',
  'test_helpers.test_clock': 'clock',
  topup: 'tu',
  transfer: 'tr',
  transfer_reversal: 'trr',
  webhook_endpoint: 'we',
};

const ROW_BY_OBJECT = new Map([...STORED_TYPES, ...V2_TYPES].map((type) => [type.object, type]));
const OBJECT_BY_PREFIX = new Map<string, string>();
for (const { object, prefix } of STORED_TYPES) if (prefix !== null) OBJECT_BY_PREFIX.set(prefix, object);
// What the sandbox itself makes goes first where two types share a prefix.
for (const [object, prefixes] of Object.entries(PREFIXES_OF_MODELLED)) {
  for (const prefix of [prefixes].flat()) OBJECT_BY_PREFIX.set(prefix, object);
}

export const storedType = (object: string): StoredType | undefined => ROW_BY_OBJECT.get(object);

/** The type that an id belongs to, by its longest known prefix: `sub_sched_…` is no subscription. */
export function objectOfId(id: string): string | undefined {
  for (let end = id.lastIndexOf('_'); end > 0; end = id.lastIndexOf('_', end - 1)) {
    const object = OBJECT_BY_PREFIX.get(id.slice(0, end));
    if (object) return object;
  }
  return undefined;
}

/** For a new id of this type; null where ids are words, or belong to a type that nobody knows. */
export function prefixOf(object: string): string | null {
  const modelled = PREFIXES_OF_MODELLED[object];
  if (modelled !== undefined) return [modelled].flat()[0] ?? null;
  return storedType(object)?.prefix ?? null;
}

/** Modelled types without `created` or `livemode`, as `lacks` of a row has it. */
const LACKS_OF_MODELLED: Record<string, string> = {
  account: 'livemode',
  balance_transaction: 'livemode',
  credit_note_line_item: 'created',
  invoiceitem: 'created',
  line_item: 'created',
  refund: 'livemode',
  subscription_item: 'livemode',
  transfer_reversal: 'livemode',
};

export function hasField(object: string, field: 'id' | 'created' | 'livemode'): boolean {
  const lacks = storedType(object)?.lacks ?? LACKS_OF_MODELLED[object] ?? '';
  return !lacks.split(' ').includes(field);
}

const EVENT_STEMS: Record<string, string> = {
  bank_account: 'account.external_account',
  card: 'account.external_account',
  discount: 'customer.discount',
  dispute: 'charge.dispute',
  fee_refund: 'application_fee.refund',
  'issuing.authorization': 'issuing_authorization',
  'issuing.card': 'issuing_card',
  'issuing.cardholder': 'issuing_cardholder',
  'issuing.dispute': 'issuing_dispute',
  'issuing.personalization_design': 'issuing_personalization_design',
  'issuing.token': 'issuing_token',
  'issuing.transaction': 'issuing_transaction',
  scheduled_query_run: 'sigma.scheduled_query_run',
  source_transaction: 'source.transaction',
  subscription: 'customer.subscription',
  tax_id: 'customer.tax_id',
};
const OF_CUSTOMERS = ['bank_account', 'card', 'source'];

/** `created` of a subscription is `customer.subscription.created`; a type that has a dot is one already. */
export function eventType(object: { object: string; customer?: unknown }, word: string): string {
  if (word.includes('.')) return word;
  const ofCustomer = OF_CUSTOMERS.includes(object.object) && typeof object.customer === 'string';
  const stem = ofCustomer ? 'customer.source' : (EVENT_STEMS[object.object] ?? object.object);
  return `${stem}.${word}`;
}
