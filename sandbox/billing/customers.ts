import { humanCode, stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';

type Customer = Kinds['customer'];

export const NO_INVOICE_SETTINGS: Customer['invoice_settings'] = {
  custom_fields: null,
  default_payment_method: null,
  footer: null,
  rendering_options: null,
};

export function newCustomer(scope: Scope, fields: Partial<Customer>): Customer {
  return scope.insert(
    'customer',
    {
      id: stripeId('cus', 14),
      object: 'customer',
      address: null,
      balance: 0,
      created: scope.now,
      currency: null,
      customer_account: null,
      default_source: null,
      delinquent: false,
      description: null,
      discount: null,
      email: null,
      invoice_prefix: humanCode(8),
      invoice_settings: NO_INVOICE_SETTINGS,
      livemode: false,
      metadata: {},
      name: null,
      next_invoice_sequence: 1,
      phone: null,
      preferred_locales: [],
      shipping: null,
      tax_exempt: 'none',
      test_clock: null,
      ...fields,
    },
    'customer.created',
  );
}
