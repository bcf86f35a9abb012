import { asAccount } from '../billing/accounts.js';
import {
  addExternalAccount,
  changeExternalAccount,
  externalAccountOf,
  externalAccountsOf,
  removeExternalAccount,
} from '../billing/external-accounts.js';
import { invalidRequest } from '../core/errors.js';
import { randomText } from '../core/ids.js';
import { previousAttributes } from '../core/previous-attributes.js';
import { newestFirst, page, paging } from '../http/listing.js';
import { bool, mergeMetadata, metadata, object, oneOf, required, text } from '../http/params.js';
import { route, same, type Route } from '../http/router.js';
import {
  accountOf,
  addPerson,
  externalAccount,
  own,
  personFields,
  personOf,
  personPatch,
  relationship,
} from './account-fields.js';

const ACCOUNT_LINK_SECONDS = 300;
const EXTERNAL = '/v1/accounts/:id/external_accounts';
const PERSONS = '/v1/accounts/:id/persons';

export const accountPartRoutes: Route[] = [
  route(
    'POST',
    '/v1/account_links',
    {
      account: required(text),
      collect: oneOf('currently_due', 'eventually_due'),
      collection_options: object({ fields: text, future_requirements: text }),
      refresh_url: text,
      return_url: text,
      type: required(oneOf('account_onboarding', 'account_update')),
    },
    (scope, params) => {
      const { id } = accountOf(scope, params.account);
      return {
        object: 'account_link',
        created: scope.now,
        expires_at: scope.now + ACCOUNT_LINK_SECONDS,
        url: `https://connect.stripe.com/setup/e/${id}/${randomText(12)}`,
      };
    },
  ),
  route('POST', '/v1/accounts/:id/login_links', {}, (scope, _params, id) => {
    const { controller, type } = accountOf(scope, id);
    if (type !== 'express' && controller?.stripe_dashboard?.type !== 'express') {
      throw invalidRequest(`Cannot create a login link for ${id}: it has no Express Dashboard.`, { param: 'account' });
    }
    return {
      object: 'login_link',
      created: scope.now,
      url: `https://connect.stripe.com/express/${id}/${randomText(12)}`,
    };
  }),
  route(
    'POST',
    EXTERNAL,
    { default_for_currency: bool, external_account: required(externalAccount), metadata },
    (scope, params, id) =>
      addExternalAccount(own(scope), accountOf(scope, id), params.external_account, {
        metadata: mergeMetadata({}, params.metadata),
        isDefault: params.default_for_currency,
      }),
  ),
  route('GET', EXTERNAL, { ...paging, object: text }, (scope, params, id) => {
    const rows = externalAccountsOf(own(scope), accountOf(scope, id).id);
    return page(
      rows.filter((row) => same(row.object, params.object)),
      params,
      `/v1/accounts/${id}/external_accounts`,
      'external account',
    );
  }),
  route('GET', `${EXTERNAL}/:second`, {}, (scope, _params, id, second) =>
    externalAccountOf(own(scope), accountOf(scope, id).id, second),
  ),
  route(
    'POST',
    `${EXTERNAL}/:second`,
    { account_holder_name: text, default_for_currency: bool, metadata },
    (scope, params, id, second) => {
      const row = externalAccountOf(own(scope), accountOf(scope, id).id, second);
      const { metadata: sent, ...rest } = params;
      return changeExternalAccount(own(scope), accountOf(scope, id), row, {
        ...rest,
        ...(sent && { metadata: mergeMetadata(row.metadata ?? {}, sent) }),
      });
    },
  ),
  route('DELETE', `${EXTERNAL}/:second`, {}, (scope, _params, id, second) =>
    removeExternalAccount(own(scope), accountOf(scope, id), externalAccountOf(own(scope), id, second)),
  ),
  route('POST', PERSONS, personFields, (scope, params, id) => addPerson(scope, accountOf(scope, id).id, params)),
  route('GET', PERSONS, { ...paging, relationship: object(relationship) }, (scope, params, id) => {
    const wanted = Object.entries(params.relationship ?? {}) as [keyof typeof relationship, unknown][];
    const rows = own(scope).all(
      'person',
      (row) => row.account === id && wanted.every(([name, value]) => row.relationship?.[name] === value),
    );
    return page(newestFirst(rows), params, `/v1/accounts/${accountOf(scope, id).id}/persons`, 'person');
  }),
  route('GET', `${PERSONS}/:second`, {}, (scope, _params, id, second) =>
    personOf(scope, accountOf(scope, id).id, second),
  ),
  route('POST', `${PERSONS}/:second`, personFields, (scope, params, id, second) => {
    const person = personOf(scope, accountOf(scope, id).id, second);
    const changed = own(scope).update('person', person, personPatch(person, params));
    const previous = previousAttributes(person, changed);
    if (previous) asAccount(scope, id).emit('person.updated', changed, previous);
    return changed;
  }),
  route('DELETE', `${PERSONS}/:second`, {}, (scope, _params, id, second) => {
    const person = personOf(scope, accountOf(scope, id).id, second);
    const gone = own(scope).remove('person', person);
    asAccount(scope, id).emit('person.deleted', person);
    return gone;
  }),
];
