import { changeBalance } from '../billing/customer-balance.js';
import { newCustomer } from '../billing/customers.js';
import { deletedDiscount, endDiscount } from '../billing/discounts.js';
import { attach, detach, resolvePaymentMethod } from '../billing/payment-methods.js';
import { endSubscription } from '../billing/subscription-cancel.js';
import { invalidRequest, noSuch } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { newestFirst, page, paging } from '../http/listing.js';
import {
  clearable,
  currency,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  required,
  text,
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
  invoice_settings: object({ default_payment_method: clearable(text), footer: clearable(text) }),
  metadata,
  name: clearable(text),
  next_invoice_sequence: int,
  phone: clearable(text),
  preferred_locales: list(text),
  tax_exempt: oneOf('exempt', 'none', 'reverse'),
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
    { ...fields, payment_method: text, test_clock: text },
    (scope, { payment_method, invoice_settings, test_clock, metadata: sent, address: place, ...params }) => {
      const clock = test_clock === undefined ? null : scope.get('test_helpers.test_clock', test_clock, 'test_clock');
      const time = clock ? scope.at(clock.frozen_time) : scope;
      const customer = newCustomer(time, {
        ...params,
        address: place ?? null,
        metadata: mergeMetadata({}, sent),
        test_clock: clock?.id ?? null,
      });
      if (payment_method === undefined) return customer;
      const method = resolvePaymentMethod(time, payment_method, customer.email, customer.name ?? null);
      attach(time, time.get('payment_method', method), customer);
      // A test card's name stands for the method that was just attached.
      const wanted = invoice_settings?.default_payment_method;
      if (!wanted) return customer;
      const settings = {
        ...customer.invoice_settings,
        default_payment_method: wanted === payment_method ? method : attachedMethod(time, wanted, customer.id),
      };
      return time.update('customer', customer, { invoice_settings: settings }, 'customer.updated');
    },
  ),
  route('GET', '/v1/customers/:id', {}, (scope, _params, id) => customerOrTombstone(scope, id)),
  route(
    'POST',
    '/v1/customers/:id',
    fields,
    (scope, { invoice_settings: settings, metadata: sent, address: place, ...params }, id) => {
      const customer = scope.get('customer', id);
      const time = scope.forCustomer(id);
      const patch: Partial<Customer> = {
        ...params,
        ...(place !== undefined && { address: place }),
        metadata: mergeMetadata(customer.metadata, sent),
      };
      if (settings) {
        const method = settings.default_payment_method;
        patch.invoice_settings = {
          ...customer.invoice_settings,
          ...(settings.footer !== undefined && { footer: settings.footer }),
          ...(method !== undefined && { default_payment_method: method && attachedMethod(time, method, id) }),
        };
      }
      return time.update('customer', customer, patch, 'customer.updated');
    },
  ),
  route('DELETE', '/v1/customers/:id', {}, (scope, _params, id) => {
    const customer = scope.get('customer', id);
    const time = scope.forCustomer(id);
    const alive = time.all(
      'subscription',
      (row) => row.customer === id && !['canceled', 'incomplete_expired'].includes(row.status),
    );
    for (const subscription of alive) endSubscription(time, subscription, 'cancellation_requested');
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
    'POST',
    '/v1/customers/:id/balance_transactions',
    { amount: required(int), currency: required(currency), description: text, metadata },
    (scope, { amount, currency: code, description, metadata: sent }, id) => {
      const customer = scope.get('customer', id);
      if (customer.currency !== null && customer.currency !== code) {
        throw invalidRequest(`The customer's currency is ${customer.currency}.`, { param: 'currency' });
      }
      const change = {
        amount,
        currency: code,
        type: 'adjustment' as const,
        description,
        metadata: mergeMetadata({}, sent),
      };
      return changeBalance(scope.forCustomer(id), customer, change);
    },
  ),
  route('GET', '/v1/customers/:id/balance_transactions', paging, (scope, params, id) => {
    const rows = scope.all('customer_balance_transaction', ({ customer }) => customer === scope.get('customer', id).id);
    return page(newestFirst(rows), params, `/v1/customers/${id}/balance_transactions`, 'balance transaction');
  }),
  route('GET', '/v1/customers/:id/balance_transactions/:second', {}, (scope, _params, id, second) => {
    scope.get('customer', id);
    return scope.get('customer_balance_transaction', second);
  }),
  route('GET', '/v1/customers/:id/payment_methods', { ...paging, type: text }, (scope, params, id) => {
    scope.get('customer', id);
    const rows = scope.all('payment_method', (row) => row.customer === id && same(row.type, params.type));
    return page(newestFirst(rows), params, `/v1/customers/${id}/payment_methods`, 'payment_method');
  }),
  route('GET', '/v1/customers/:id/payment_methods/:second', {}, (scope, _params, id, second) => {
    const method = scope.get('payment_method', second);
    if (method.customer !== id) throw noSuch('PaymentMethod', second);
    return method;
  }),
];

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
