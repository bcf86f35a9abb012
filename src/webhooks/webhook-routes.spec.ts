import { describe, expect, it } from '@jest/globals';
import { STRIPE_OBJECT_TYPES, typeOfObject } from '../billing/objects/registry.js';
import { eventKind, keysOfEvent, routeOf, subjectOf, WEBHOOK_ROUTES } from './webhook-routes.js';

/** An object in which every reference is set, so that a type's touches come out in full. */
const everything = {
  customer: 'cus_1',
  invoice: 'in_1',
  charge: 'ch_1',
  payment_intent: 'pi_1',
  payment: { payment_intent: 'pi_1' },
};

describe('the page of routes', () => {
  it.each(
    WEBHOOK_ROUTES.filter(({ writes }) => typeOfObject(writes).object !== '').map(
      (route) => [route.events, route] as const,
    ),
  )('%s settles what the registry says a row of its type touches', (_, route) => {
    const kinds = typeOfObject(route.writes)
      .touches(everything, 'obj_1')
      .map(({ kind }) => kind);
    expect([...new Set(kinds)].sort()).toEqual([...route.settles].sort());
  });

  it('has a family for every mirrored type that has events of its own', () => {
    const withoutEvents = ['balance_transaction', 'subscription_item', 'line_item', ''];
    const missing = STRIPE_OBJECT_TYPES.filter(
      ({ object }) => !withoutEvents.includes(object) && !WEBHOOK_ROUTES.some(({ writes }) => writes === object),
    );
    expect(missing.map(({ object }) => object)).toEqual([]);
  });

  it('finds the narrowest family', () => {
    expect(routeOf('charge.dispute.created')?.writes).toBe('dispute');
    expect(routeOf('charge.refunded')?.writes).toBe('charge');
    expect(routeOf('customer.subscription.deleted')?.writes).toBe('subscription');
    expect(routeOf('nobody.knows')).toBeNull();
  });

  it('takes the end of a subscription for a change, since Stripe still answers for it', () => {
    expect(eventKind('customer.subscription.deleted')).toBe('changed');
    expect(eventKind('customer.deleted')).toBe('deleted');
    expect(eventKind('customer.created')).toBe('created');
    expect(eventKind('invoice.paid')).toBe('changed');
  });

  it('settles the account that an event about its standing names', () => {
    expect(keysOfEvent('account.application.deauthorized', 'acct_1')).toEqual([{ kind: 'account', id: 'acct_1' }]);
    expect(keysOfEvent('invoice.paid', 'acct_1')).toEqual([]);
  });

  it('mirrors nothing that has no id', () => {
    expect(subjectOf({ object: 'balance', available: [] })).toBeNull();
    expect(subjectOf({ object: 'invoice', id: null })).toBeNull();
    expect(subjectOf('in_1')).toBeNull();
  });
});
