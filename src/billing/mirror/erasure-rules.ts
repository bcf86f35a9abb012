import { isObject } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';

/** Fields that say who somebody is or where to find them, wherever they stand in an object of a customer's. */
const PERSONAL = new Set([
  ...['name', 'individual_name', 'business_name', 'email', 'phone', 'address', 'shipping', 'preferred_locales'],
  ...['customer_name', 'customer_email', 'customer_phone', 'customer_address', 'customer_shipping', 'customer_tax_ids'],
  ...['billing_details', 'customer_details', 'shipping_details', 'shipping_address', 'collected_information', 'owner'],
  ...['individual', 'receipt_email', 'receipt_url', 'hosted_invoice_url', 'invoice_pdf', 'client_secret'],
  ...[
    'account_holder_name',
    'payer_name',
    'payer_email',
    'payer_id',
    'verified_name',
    'verified_email',
    'verification',
  ],
  ...[
    'last4',
    'dynamic_last4',
    'fingerprint',
    'iin',
    'exp_month',
    'exp_year',
    'routing_number',
    'sort_code',
    'bank_code',
  ],
  ...['branch_code', 'iban_last4', 'address_line1', 'address_line2', 'address_city', 'address_state', 'address_zip'],
  ...['ip', 'ip_address', 'client_ip', 'user_agent', 'customer_email_address', 'customer_purchase_ip'],
  ...['customer_communication', 'customer_signature', 'customer_reference', 'cardholder_name', 'cashtag', 'buyer_id'],
  ...['billing_address', 'buyer_address', 'registered_address', 'registered_name', 'registration_number', 'tax_id'],
  ...[
    'account_number',
    'account_numbers',
    'account_number_last4',
    'bsb_number',
    'transit_number',
    'iban',
    'refund_iban',
  ],
  ...['refund_routing_number', 'refund_account_holder_name', 'refund_account_holder_address_line1', 'sender_name'],
  ...['refund_account_holder_address_line2', 'refund_account_holder_address_city', 'account_holder_address'],
  ...['refund_account_holder_address_postal_code', 'shipping_address_zip', 'shipping_first_name', 'shipping_last_name'],
  ...[
    'payer_details',
    'verified_phone_last4',
    'instructions_email',
    'email_sent_to',
    'ip_address_location',
    'evidence',
  ],
  ...['first_name', 'last_name', 'dob', 'id_number', 'document', 'selfie', 'verified_outputs', 'provided_details'],
  ...['hosted_voucher_url', 'hosted_instructions_url', 'hosted_verification_url', 'confirmation_secret'],
  ...['tax_ids', 'sources', 'custom_fields', 'client_reference_id', 'mandate_url', 'mandate_reference'],
]);

/** Free text about the person on some objects, a product's name on others. */
const DESCRIBED = new Set(['customer', 'charge', 'payment_intent', 'setup_intent', 'invoice', 'subscription', 'quote']);

/** What belongs to the company and not to the person, though it stands inside. */
const NOT_PERSONAL = new Set([
  ...['price', 'plan', 'product', 'coupon', 'promotion_code', 'discount', 'tax_rate', 'application', 'account'],
]);

/**
 * Metadata that sales are attributed by. It names a partner and a click, not the customer, and a rebuilt commission must
 * come out as it was.
 */
export const KEPT_METADATA = new Set(['tributary_click', 'tributary_code', 'referral_code']);

/** Where a checkout names a click or a sign-up of ours, which is evidence for a sale and says nothing of the person. */
const OWN_REFERENCE = /^(?:click|referral)_[0-9a-z]+$/;

/** Of these the country is left, which a program's rules may ask for. */
const LOCATED = new Set(['customer_address', 'customer_shipping', 'customer_details']);

/** `name=value` of metadata that stays although it names no click or code: what rules decide by. */
export type KeptPairs = ReadonlySet<string>;

export const pairOf = (name: string, value: unknown): string => `${name}=${String(value)}`;

/** What keeps a purchase from earning. */
export const ALWAYS_KEPT: KeptPairs = new Set([pairOf('referral', 'false')]);

/**
 * A Stripe object without the person: personal fields are null, lists of them empty, metadata keeps its names without
 * values. Ids, amounts, times and states stay, and so do the pairs of metadata in `kept`. Twice is the same as once. Pure.
 */
export function withoutPerson<T>(value: T, kept: KeptPairs = ALWAYS_KEPT): T {
  return erased(value, '', kept) as T;
}

/** An event's payload without the person; what the event says it replaced is part of its object. Pure. */
export function eventWithoutPerson(payload: StripeData, kept: KeptPairs = ALWAYS_KEPT): StripeData {
  if (!isObject(payload.data)) return payload;
  const { object, previous_attributes: previous } = payload.data;
  const within = isObject(object) && typeof object.object === 'string' ? object.object : '';
  const data = { ...payload.data, object: withoutPerson(object, kept) };
  return {
    ...payload,
    data: previous === undefined ? data : { ...data, previous_attributes: erased(previous, within, kept) },
  };
}

function erased(value: unknown, within: string, kept: KeptPairs): unknown {
  if (Array.isArray(value)) return value.map((member) => erased(member, within, kept));
  if (!isObject(value)) return value;
  const object = typeof value.object === 'string' ? value.object : within;
  if (NOT_PERSONAL.has(object) && typeof value.object === 'string') return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, held]) => [field, erasedField(field, held, object, kept)]),
  );
}

function erasedField(field: string, held: unknown, object: string, kept: KeptPairs): unknown {
  if (held === null) return null;
  if (field === 'metadata' && isObject(held)) return withoutValues(held, kept);
  if (field === 'client_reference_id' && OWN_REFERENCE.test(String(held))) return held;
  if (LOCATED.has(field)) return countryIn(held);
  if (PERSONAL.has(field)) return emptied(held);
  if (field === 'description' && DESCRIBED.has(object)) return null;
  if (field === 'value' && object === 'tax_id') return null;
  return erased(held, object, kept);
}

/** Of an address, or of what holds one, with nothing beside it. */
function countryIn(held: unknown): unknown {
  if (!isObject(held)) return null;
  if (isObject(held.address)) {
    const address = countryIn(held.address);
    return address === null ? null : { address };
  }
  return typeof held.country === 'string' ? { country: held.country } : null;
}

/** Of the shape that the field has when it holds nothing. */
function emptied(held: unknown): unknown {
  if (Array.isArray(held)) return [];
  return isObject(held) && held.object === 'list' ? { ...held, data: [], has_more: false } : null;
}

function withoutValues(metadata: StripeData, kept: KeptPairs): StripeData {
  const isKept = (name: string, value: unknown): boolean => KEPT_METADATA.has(name) || kept.has(pairOf(name, value));
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, isKept(name, value) ? value : '']));
}
