import {
  capabilityObject,
  changeAccount,
  createAccount,
  setCapability,
  type CapabilityName,
} from '../billing/accounts.js';
import { invalidRequest } from '../core/errors.js';
import { PLATFORM, type Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { bool, clearable, currency, mergeMetadata, metadata, object, oneOf, required, text } from '../http/params.js';
import { listing, route, type Route } from '../http/router.js';

type Account = Kinds['account'];

const NAMES: CapabilityName[] = ['card_payments', 'transfers'];
const wish = object({ requested: bool });

const fields = {
  business_profile: object({ name: text, url: text, mcc: text, product_description: text, support_email: text }),
  business_type: oneOf('company', 'government_entity', 'individual', 'non_profit'),
  capabilities: object({ card_payments: wish, transfers: wish }),
  default_currency: currency,
  email: clearable(text),
  metadata,
  tos_acceptance: object({ service_agreement: oneOf('full', 'recipient') }),
};

/** Accounts belong to the platform, whoever asks. */
const own = (scope: Scope): Scope => scope.in(PLATFORM);

function accountOf(scope: Scope, id: string): Account {
  const platform = scope.world.platformAccount();
  if (id === platform.id) return platform;
  const account = own(scope).maybe('account', id);
  if (account && !scope.world.isDeauthorized(id)) return account;
  throw invalidRequest(
    `The provided key does not have access to account '${id}' (or that account does not exist). Application access may have been revoked.`,
    { code: 'account_invalid' },
    403,
  );
}

const requestedOf = (sent: { [name in CapabilityName]?: { requested?: boolean } } | undefined): CapabilityName[] =>
  NAMES.filter((name) => sent?.[name]?.requested);

export const accountRoutes: Route[] = [
  route('GET', '/v1/account', {}, (scope) =>
    scope.account === PLATFORM ? scope.world.platformAccount() : accountOf(scope, scope.account),
  ),
  route(
    'POST',
    '/v1/accounts',
    {
      ...fields,
      controller: object({
        fees: object({ payer: oneOf('account', 'application') }),
        losses: object({ payments: oneOf('application', 'stripe') }),
        requirement_collection: oneOf('application', 'stripe'),
        stripe_dashboard: object({ type: oneOf('express', 'full', 'none') }),
      }),
      country: text,
      type: oneOf('custom', 'express', 'standard'),
    },
    (scope, params) => {
      const {
        controller,
        business_profile: profile,
        tos_acceptance: tos,
        capabilities,
        metadata: sent,
        ...rest
      } = params;
      const requested = requestedOf(capabilities);
      if (tos?.service_agreement === 'recipient' && requested.includes('card_payments')) {
        throw invalidRequest('Accounts under the recipient agreement cannot request the card_payments capability.', {
          param: 'capabilities[card_payments]',
        });
      }
      const patch: Partial<Account> = {
        ...rest,
        metadata: mergeMetadata({}, sent),
        type: params.type ?? 'none',
        controller: {
          fees: { payer: controller?.fees?.payer ?? 'application' },
          is_controller: true,
          losses: { payments: controller?.losses?.payments ?? 'application' },
          requirement_collection: controller?.requirement_collection ?? 'stripe',
          stripe_dashboard: { type: controller?.stripe_dashboard?.type ?? 'express' },
          type: 'application',
        },
        tos_acceptance: { date: null, ip: null, user_agent: null, service_agreement: tos?.service_agreement ?? 'full' },
      };
      const account = createAccount(own(scope), patch, requested);
      return profile
        ? scope.update('account', account, {
            business_profile: { ...account.business_profile, ...profile } as Account['business_profile'],
          })
        : account;
    },
  ),
  route('GET', '/v1/accounts/:id', {}, (scope, _params, id) => accountOf(scope, id)),
  route('POST', '/v1/accounts/:id', fields, (scope, params, id) => {
    const account = accountOf(scope, id);
    const { business_profile: profile, tos_acceptance: tos, capabilities, metadata: sent, ...rest } = params;
    const patch: Partial<Account> = { ...rest, metadata: mergeMetadata(account.metadata ?? {}, sent) };
    if (tos) patch.tos_acceptance = { ...account.tos_acceptance, ...tos };
    if (profile) patch.business_profile = { ...account.business_profile, ...profile } as Account['business_profile'];
    let changed = changeAccount(own(scope), account, patch);
    for (const name of requestedOf(capabilities)) changed = setCapability(own(scope), changed, name, 'active');
    return changed;
  }),
  route('DELETE', '/v1/accounts/:id', {}, (scope, _params, id) => own(scope).remove('account', accountOf(scope, id))),
  route('GET', '/v1/accounts/:id/capabilities', {}, (scope, _params, id) => {
    const account = accountOf(scope, id);
    const data = NAMES.filter((name) => account.capabilities?.[name]).map((name) => capabilityObject(account, name));
    return { object: 'list', data, has_more: false, url: `/v1/accounts/${id}/capabilities` };
  }),
  route('GET', '/v1/accounts/:id/capabilities/:second', {}, (scope, _params, id, second) =>
    capabilityObject(accountOf(scope, id), capabilityName(second)),
  ),
  route(
    'POST',
    '/v1/accounts/:id/capabilities/:second',
    { requested: required(bool) },
    (scope, { requested }, id, second) => {
      const name = capabilityName(second);
      const account = setCapability(own(scope), accountOf(scope, id), name, requested ? 'active' : 'inactive');
      return capabilityObject(account, name);
    },
  ),
  listing('/v1/accounts', 'account', {}, (row, _params, scope) => !scope.world.isDeauthorized(row.id)),
];

function capabilityName(sent: string): CapabilityName {
  const name = NAMES.find((known) => known === sent);
  if (!name) throw invalidRequest(`The sandbox knows no capability '${sent}'.`, { param: 'capability' }, 501);
  return name;
}
