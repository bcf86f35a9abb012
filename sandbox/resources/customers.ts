import { recordChange } from '../billing/customer-balance.js';
import { newCustomer, NO_INVOICE_SETTINGS } from '../billing/customers.js';
import { deletedDiscount, endDiscount } from '../billing/discounts.js';
import { attach, detach, resolvePaymentMethod } from '../billing/payment-methods.js';
import { addSource, removeSource, sourceOf, sourcesOf } from '../billing/sources.js';
import { createTaxId } from '../billing/tax-ids.js';
import { endSubscription } from '../billing/subscription-cancel.js';
import { invalidRequest, noSuch } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { without } from '../core/without.js';
import { newestFirst, page, paging } from '../http/listing.js';
import {
  clearable,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  required,
  text,
  type Values,
} from '../http/params.js';
import { listing, route, same, type Route } from '../http/router.js';
import { address } from './shared.js';

type Customer = Kinds['customer'];

const fields = {
  address: clearable(address),
  balance: int,
  description: clearable(text),
  email: clearable(text),
  invoice_prefix: text,
  business_name: text,
  individual_name: text,
  invoice_settings: object({
    custom_fields: clearable(list(object({ name: required(text), value: required(text) }))),
    default_payment_method: clearable(text),
    footer: clearable(text),
  }),
  metadata,
  name: clearable(text),
  next_invoice_sequence: int,
  phone: clearable(text),
  preferred_locales: list(text),
  shipping: clearable(object({ address: required(address), name: required(text), phone: clearable(text) })),
  source: text,
  tax_exempt: clearable(oneOf('exempt', 'none', 'reverse')),
};

/** The customer, or its tombstone: Stripe still answers for one that was deleted. */
function customerOrTombstone(scope: Scope, id: string): object {
  const known = scope.maybe('customer', id);
  if (known) return known;
  if (scope.world.store.buried(scope.account, 'customer', id)) return { id, object: 'customer', deleted: true };
  throw noSuch('customer', id);
}

export const customerRoutes: Route[] = [
  route(
    'POST',
    '/v1/customers',
    {
      ...fields,
      payment_method: text,
      tax_id_data: list(object({ type: required(text), value: required(text) })),
      test_clock: text,
    },
    (scope, { payment_method, test_clock, tax_id_data, source, ...params }) => {
      const clock = test_clock === undefined ? null : scope.get('test_helpers.test_clock', test_clock, 'test_clock');
      const time = clock ? scope.at(clock.frozen_time) : scope;
      const customer = newCustomer(time, {
        ...loosePatch(params),
        address: params.address ?? null,
        balance: params.balance ?? 0,
        invoice_settings: { ...NO_INVOICE_SETTINGS, ...looseSettings(params.invoice_settings) },
        metadata: mergeMetadata({}, params.metadata),
        test_clock: clock?.id ?? null,
      });
      for (const taxId of tax_id_data ?? []) createTaxId(time, { ...taxId, customer: customer.id });
      if (source !== undefined) addSource(time, customer, source, {});
      takeFirstMethod(time, customer, payment_method, params.invoice_settings?.default_payment_method);
      return time.get('customer', customer.id);
    },
  ),
  route('GET', '/v1/customers/:id', {}, (scope, _params, id) => customerOrTombstone(scope, id)),
  route('POST', '/v1/customers/:id', { ...fields, default_source: text }, (scope, { source, ...params }, id) => {
    const time = scope.forCustomer(id);
    const before = scope.get('customer', id);
    if (source !== undefined) {
      const added = addSource(time, before, source, {});
      time.update('customer', time.get('customer', id), { default_source: added.id }, 'customer.updated');
    }
    const customer = time.get('customer', id);
    const { default_source: wanted, invoice_settings: settings, balance } = params;
    const method = settings?.default_payment_method;
    const patch: Partial<Customer> = {
      ...loosePatch(params),
      ...(params.address !== undefined && { address: params.address }),
      ...(wanted !== undefined && { default_source: sourceOf(time, id, wanted).id }),
      ...(balance !== undefined && { balance: adjusted(time, customer, balance) }),
      invoice_settings: {
        ...customer.invoice_settings,
        ...looseSettings(settings),
        ...(method !== undefined && { default_payment_method: method && attachedMethod(time, method, id) }),
      },
      metadata: mergeMetadata(customer.metadata, params.metadata),
    };
    return time.update('customer', customer, patch, 'customer.updated');
  }),
  route('DELETE', '/v1/customers/:id', {}, (scope, _params, id) => {
    const customer = scope.get('customer', id);
    const time = scope.forCustomer(id);
    const alive = time.all(
      'subscription',
      (row) => row.customer === id && !['canceled', 'incomplete_expired'].includes(row.status),
    );
    for (const subscription of alive) endSubscription(time, subscription, 'cancellation_requested');
    for (const source of sourcesOf(time, id)) removeSource(time, customer, source);
    for (const method of time.all('payment_method', (row) => row.customer === id)) detach(time, method);
    return time.remove('customer', time.get('customer', customer.id), 'customer.deleted');
  }),
  listing(
    '/v1/customers',
    'customer',
    { email: text, test_clock: text },
    (row, params) => same(row.email, params.email) && same(row.test_clock, params.test_clock),
  ),
  route('DELETE', '/v1/customers/:id/discount', {}, (scope, _params, id) => {
    const customer = scope.get('customer', id);
    const { discount } = customer;
    if (!discount) throw invalidRequest(`No active discount for customer: ${id}`, { code: 'resource_missing' }, 404);
    scope.update('customer', customer, { discount: null }, 'customer.updated');
    endDiscount(scope, discount.id);
    return deletedDiscount(discount);
  }),
  route(
    'GET',
    '/v1/customers/:id/payment_methods',
    { ...paging, allow_redisplay: text, type: text },
    (scope, params, id) => {
      scope.get('customer', id);
      const rows = scope.all('payment_method', (row) => row.customer === id && same(row.type, params.type));
      return page(newestFirst(rows), params, `/v1/customers/${id}/payment_methods`, 'payment_method');
    },
  ),
  route('GET', '/v1/customers/:id/payment_methods/:second', {}, (scope, _params, id, second) => {
    const method = scope.get('payment_method', second);
    if (method.customer !== id) throw noSuch('PaymentMethod', second);
    return method;
  }),
];

type Sent = Omit<Values<typeof fields>, 'source'>;

/** What is stored as it was sent. */
function loosePatch(sent: Sent): Partial<Customer> {
  const { shipping, ...names } = without(sent, 'address', 'balance', 'invoice_settings', 'metadata');
  return {
    ...names,
    ...(shipping !== undefined && { shipping: shipping && { ...shipping, phone: shipping.phone ?? '' } }),
  };
}

function looseSettings(sent: Sent['invoice_settings']): Partial<Customer['invoice_settings']> {
  return {
    ...(sent?.custom_fields !== undefined && { custom_fields: sent.custom_fields }),
    ...(sent?.footer !== undefined && { footer: sent.footer }),
  };
}

/** Setting the balance leaves the same trace as a transaction of the difference. */
function adjusted(scope: Scope, customer: Customer, balance: number): number {
  const amount = balance - customer.balance;
  if (amount !== 0) recordChange(scope, customer, { amount, currency: customer.currency ?? 'usd', type: 'adjustment' });
  return balance;
}

function takeFirstMethod(scope: Scope, customer: Customer, sent: string | undefined, wanted?: string | null): void {
  if (sent === undefined) return;
  const method = resolvePaymentMethod(scope, sent, customer.email, customer.name ?? null);
  attach(scope, scope.get('payment_method', method), customer);
  if (!wanted) return;
  // A test card's name stands for the method that was just attached.
  const id = wanted === sent ? method : attachedMethod(scope, wanted, customer.id);
  const settings = { ...customer.invoice_settings, default_payment_method: id };
  scope.update('customer', customer, { invoice_settings: settings }, 'customer.updated');
}

/** A default must belong to the customer already. */
function attachedMethod(scope: Scope, id: string, customer: string): string {
  const method = scope.get('payment_method', id, 'invoice_settings[default_payment_method]');
  if (method.customer === customer) return id;
  throw invalidRequest(
    `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
    {
      param: 'invoice_settings[default_payment_method]',
      code: 'resource_missing',
    },
  );
}
