import { DomainError } from '../../common/errors.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES, typeOfTable } from '../objects/registry.js';

/** Names the workspace's own objects, where a connected account could be named. */
export const OWN_ACCOUNT = 'platform';

/** What Stripe lists, for the workspace itself or for a connected account. */
export function listedTypes(account: string): StripeObjectType[] {
  return STRIPE_OBJECT_TYPES.filter((type) => type.lists.length > 0 && (account === '' || !type.platformOnly));
}

/** The types of these names; all that can be compared when none is given. Errors: `unknown_type`, `not_listable`. */
export function comparedTypes(tables: readonly string[] | null, account: string): StripeObjectType[] {
  if (tables === null || tables.length === 0) return listedTypes(account);
  return [...new Set(tables)].map((table) => {
    const type = typeOfTable(table);
    if (type === null)
      throw refused('unknown_type', `there is no type ${table}; give names such as customers, invoices`);
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

function refused(code: string, message: string): DomainError {
  return new DomainError('invalid_argument', code, message, { field: 'types' });
}
