import { keepItems } from '../billing/listed-items.js';
import type { StripeObject } from '../core/objects.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';

/**
 * Keeps what Stripe lists below an object and shows in it in part or not at all: all lines of an invoice, the items of a
 * subscription, a Checkout Session, a payment link or a quote. Without `children` it is what the object shows.
 */
export function putChildren(home: Scope, object: StripeObject, children?: readonly StripeObject[]): void {
  const { store } = home.world;
  const rows = children ?? shownIn(object);
  if (object.object === 'invoice') {
    const known = store.get(home.account, 'sandbox.invoice', object.id);
    const fresh = { taxRates: {}, shipping: null, payment: null };
    const lines = rows as unknown as Kinds['line_item'][];
    const created = Number(object.created);
    store.put(home.account, 'sandbox.invoice', {
      ...fresh,
      ...known,
      id: object.id,
      object: 'sandbox.invoice',
      created,
      lines,
    });
  } else if (object.object === 'checkout.session') {
    const items = rows as unknown as Kinds['sandbox.checkout']['items'];
    const nothing = { lines: [], subscriptionData: {}, paymentIntentData: {}, shippingAmount: 0 };
    const known = store.get(home.account, 'sandbox.checkout', object.id);
    const created = Number(object.created);
    store.put(home.account, 'sandbox.checkout', {
      ...nothing,
      ...known,
      id: object.id,
      object: 'sandbox.checkout',
      created,
      items,
    });
  } else if (object.object === 'subscription') {
    for (const row of rows) store.put(home.account, 'subscription_item', row as unknown as Kinds['subscription_item']);
  } else if (object.object === 'payment_link' || object.object === 'quote') {
    keepItems(home, object, rows as unknown as Kinds['sandbox.items']['items']);
  } else if (children) {
    throw new Error(`A ${object.object} has no children that the sandbox knows of.`);
  }
}

function shownIn(object: StripeObject): readonly StripeObject[] {
  const list = (object.lines ?? object.items ?? object.line_items) as { data?: StripeObject[] } | undefined;
  return list?.data ?? [];
}
