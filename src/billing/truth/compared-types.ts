import { invalidField, type DomainError } from '../../common/errors.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES, typeOfTable } from '../objects/registry.js';
import { unknownTypeText } from '../objects/unknown-type.js';

/** What Stripe lists, for the workspace itself or for a connected account. */
export function listedTypes(account: string): StripeObjectType[] {
  return STRIPE_OBJECT_TYPES.filter((type) => type.lists.length > 0 && (account === '' || !type.platformOnly));
}

/**
 * The types of these names; all that can be compared when none is given. Errors: `unknown_type`, `not_listable`, which name
 * the field that the caller wrote them in.
 */
export function comparedTypes(
  tables: readonly string[] | null,
  account: string,
  field: 'type' | 'types' = 'types',
): StripeObjectType[] {
  const refused = (code: string, message: string): DomainError => invalidField(field, code, message);
  if (tables === null || tables.length === 0) return listedTypes(account);
  return [...new Set(tables)].map((table) => {
    const type = typeOfTable(table);
    if (type === null) throw refused('unknown_type', unknownTypeText(table));
    if (type.lists.length === 0) {
      throw refused(
        'not_listable',
        `Stripe has no list of ${table} by themselves; they are compared with what they belong to`,
      );
    }
    if (account !== '' && type.platformOnly) {
      throw refused(
        'not_listable',
        `${table} belong to the platform, not to a connected account; leave the account out`,
      );
    }
    return type;
  });
}
