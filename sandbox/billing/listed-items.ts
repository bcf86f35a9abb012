import { asRow, kindOf, setLinks, type StripeObject } from '../core/objects.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';

/** Keeps the line items that a payment link or a quote lists and its object does not show, in place of those before. */
export function keepItems(
  home: Scope,
  owner: Pick<StripeObject, 'id' | 'object'>,
  items: Kinds['sandbox.items']['items'],
): void {
  const { store } = home.world;
  for (const { id } of home.maybe('sandbox.items', owner.id)?.items ?? []) store.bury(home.account, kindOf('item'), id);
  store.put(home.account, 'sandbox.items', { id: owner.id, object: 'sandbox.items', created: home.now, items });
  for (const item of items) {
    store.put(home.account, kindOf('item'), asRow(item as unknown as StripeObject));
    setLinks(home, 'item', item.id, { [owner.object]: owner.id });
  }
}
