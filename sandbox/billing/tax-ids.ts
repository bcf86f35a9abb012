import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';

type TaxId = Kinds['tax_id'];

/** Only these are looked up in the tax authorities' registers. */
const VERIFIED_TYPES = ['eu_vat', 'gb_vat', 'au_abn'];
/** Stripe's test values and what the register says of them. */
const TEST_OUTCOMES: Record<string, 'verified' | 'unverified'> = { '000000000': 'verified', '111111111': 'unverified' };

export interface TaxIdFields {
  type: string;
  value: string;
  /** The platform's own when absent. */
  customer?: string;
}

/** A country's number in the shape that Stripe checks: `eu_vat` names its country first, as most names of types do. */
export function createTaxId(scope: Scope, { type, value, customer }: TaxIdFields): TaxId {
  if (
    !/^[a-z]{2}_[a-z_]+$/.test(type) ||
    !/^[\w.\-/ ]{4,}$/.test(value) ||
    (type === 'eu_vat' && !EU_VAT.test(value))
  ) {
    throw invalidRequest(`Invalid value for ${type}.`, { code: 'tax_id_invalid', param: 'value' });
  }
  const country = type === 'eu_vat' ? value.slice(0, 2) : type.slice(0, 2).toUpperCase();
  const taxId: TaxId = {
    id: stripeId('txi'),
    object: 'tax_id',
    country,
    created: scope.now,
    customer: customer ?? null,
    customer_account: null,
    livemode: false,
    owner: customer ? { type: 'customer', customer, customer_account: null } : { type: 'self', customer_account: null },
    type,
    value,
    verification: customer
      ? {
          status: VERIFIED_TYPES.includes(type) ? 'pending' : 'unavailable',
          verified_address: null,
          verified_name: null,
        }
      : null,
  };
  scope.insert('tax_id', taxId, customer && 'customer.tax_id.created');
  return verified(scope, taxId);
}

const EU_VAT = /^[A-Z]{2}[0-9A-Z]{2,12}$/;

/** The register answers a moment later, which is an update of its own. */
function verified(scope: Scope, taxId: TaxId): TaxId {
  const status = TEST_OUTCOMES[taxId.value.replace(/^[A-Z]{2}/, '')];
  if (!status || taxId.verification?.status !== 'pending') return taxId;
  return scope.update(
    'tax_id',
    taxId,
    { verification: { ...taxId.verification, status, verified_name: status === 'verified' ? 'Sandbox Ltd' : null } },
    'customer.tax_id.updated',
  );
}

export function deleteTaxId(scope: Scope, taxId: TaxId): object {
  return scope.remove('tax_id', taxId, taxId.customer ? 'customer.tax_id.deleted' : undefined);
}
