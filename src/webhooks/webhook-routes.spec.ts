import { describe, expect, it } from '@jest/globals';
import { STRIPE_OBJECT_TYPES, typeOfObject } from '../billing/objects/registry.js';
import { eventKind, keysOfEvent, owningAccount, routeOf, subjectOf, WEBHOOK_ROUTES } from './webhook-routes.js';

/** An object in which every reference is set, so that a type's touches come out in full. */
const everything = {
  customer: 'cus_1',
  invoice: 'in_1',
  charge: 'ch_1',
  payment_intent: 'pi_1',
  payment: { payment_intent: 'pi_1' },
};

describe('the page of routes', () => {
  // That an event about an account's standing settles it follows from the account that the event names (`keysOfEvent`).
  it.each(
    WEBHOOK_ROUTES.filter(({ writes, settles }) => writes === 'account' || !settles.includes('account')).map(
      (route) => [route.events, route] as const,
    ),
  )('%s settles what the registry says a row of its type touches', (_, route) => {
    const kinds = typeOfObject(route.writes)
      .touches(everything, 'obj_1')
      .map(({ kind }) => kind);
    expect([...new Set(kinds)].sort()).toEqual([...route.settles].sort());
  });

  it('has a family for every type whose rows settle something', () => {
    // A reversal comes inside its transfer, and a v2 account by an event that only names it.
    const withoutEvents = ['transfer_reversal', 'v2.core.account'];
    const missing = STRIPE_OBJECT_TYPES.filter(
      (type) =>
        type.touches({ ...everything, transfer: 'tr_1' }, 'obj_1').length > 0 &&
        !withoutEvents.includes(type.object) &&
        !WEBHOOK_ROUTES.some(({ writes }) => writes === type.object),
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

  it('keeps what has no id of its own under what it belongs to', () => {
    expect(subjectOf({ object: 'balance', available: [] })?.id).toBe('balance');
    expect(subjectOf({ object: 'cash_balance', customer: 'cus_1' })?.id).toBe('cus_1');
    expect(subjectOf({ object: 'capability', id: 'transfers', account: 'acct_1' })?.id).toBe('acct_1:transfers');
  });

  it('keeps what describes an account with the platform, and its customers’ cards with the account', () => {
    const card = { object: 'card', id: 'card_1' };
    const owner = (data: Record<string, unknown>) => owningAccount(typeOfObject(data.object), data, 'acct_1');
    expect(owner({ ...card, account: 'acct_1' })).toBe('');
    expect(owner({ ...card, customer: 'cus_1' })).toBe('acct_1');
    expect(owner({ object: 'person', id: 'person_1', account: 'acct_1' })).toBe('');
    expect(owner({ object: 'invoice', id: 'in_1' })).toBe('acct_1');
  });

  it('mirrors nothing that has no id', () => {
    expect(subjectOf({ object: 'billing.alert_triggered', value: 1 })).toBeNull();
    expect(subjectOf({ object: 'invoice', id: null })).toBeNull();
    expect(subjectOf('in_1')).toBeNull();
  });
});
