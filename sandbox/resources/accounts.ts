import {
  capabilityObject,
  changeAccount,
  createAccount,
  rejectAccount,
  requirementsOf,
  setCapability,
  unrejectAccount,
  type CapabilityName,
} from '../billing/accounts.js';
import { invalidRequest } from '../core/errors.js';
import { PLATFORM, type Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { without } from '../core/without.js';
import { fundsByCurrency } from '../money/balance.js';
import {
  bool,
  clearable,
  currency,
  int,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  required,
  text,
  type Param,
  type Values,
} from '../http/params.js';
import { addExternalAccount } from '../billing/external-accounts.js';
import { accountOf, addPerson, externalAccount, own, personFields } from './account-fields.js';
import { address } from './shared.js';
import { listing, route, type Route } from '../http/router.js';

type Account = Kinds['account'];

const OTHER_NAMES = ['card_issuing', 'legacy_payments', 'transfers', 'treasury'];
const isCapability = (name: string): name is CapabilityName =>
  /^[a-z_]+_payments$/.test(name) || name.startsWith('tax_reporting_us_') || OTHER_NAMES.includes(name);

/** Names of capabilities, each with whether it is wanted. */
const capabilities: Param<Map<CapabilityName, boolean>> = {
  read(value, path) {
    const wishes = new Map<CapabilityName, boolean>();
    for (const [name, wish] of Object.entries(typeof value === 'string' ? {} : value)) {
      const at = `${path}[${name}]`;
      if (!isCapability(name))
        throw invalidRequest(`Received unknown parameter: ${at}`, { code: 'parameter_unknown', param: at });
      wishes.set(name, object({ requested: bool }).read(wish, at).requested ?? false);
    }
    return wishes;
  },
};

const fields = {
  business_profile: object({
    mcc: clearable(text),
    name: clearable(text),
    product_description: clearable(text),
    support_email: clearable(text),
    support_phone: clearable(text),
    support_url: clearable(text),
    url: clearable(text),
  }),
  business_type: oneOf('company', 'government_entity', 'individual', 'non_profit'),
  capabilities,
  company: object({ address, name: text, phone: text, structure: clearable(text), tax_id: text, vat_id: text }),
  default_currency: currency,
  email: clearable(text),
  external_account: externalAccount,
  individual: object(personFields),
  metadata,
  settings: object({
    branding: object({ icon: text, logo: text, primary_color: text, secondary_color: text }),
    dashboard: object({ display_name: text, timezone: text }),
    payments: object({ statement_descriptor: text }),
    payouts: object({
      debit_negative_balances: bool,
      schedule: object({ delay_days: int, interval: oneOf('daily', 'manual', 'monthly', 'weekly') }),
      statement_descriptor: text,
    }),
  }),
  tos_acceptance: object({ date: int, ip: text, service_agreement: oneOf('full', 'recipient'), user_agent: text }),
};
type Sent = Values<typeof fields>;

const requestedOf = (sent: Sent['capabilities']): CapabilityName[] =>
  [...(sent ?? [])].flatMap(([name, wanted]) => (wanted ? [name] : []));

/** What an account takes over as it was sent. */
function patchOf(old: Account, sent: Sent): Partial<Account> {
  const {
    business_type,
    default_currency,
    email,
    business_profile: profile,
    company,
    settings,
    tos_acceptance: tos,
  } = sent;
  const patch: Partial<Account> = {
    ...(business_type && { business_type }),
    ...(default_currency && { default_currency }),
    ...(email !== undefined && { email }),
    metadata: mergeMetadata(old.metadata ?? {}, sent.metadata),
  };
  if (profile) patch.business_profile = { ...old.business_profile, ...profile } as Account['business_profile'];
  if (tos) patch.tos_acceptance = { ...old.tos_acceptance, ...tos };
  if (company) {
    const { tax_id: taxId, vat_id: vatId, ...shown } = company;
    const provided = {
      ...(taxId !== undefined && { tax_id_provided: true }),
      ...(vatId !== undefined && { vat_id_provided: true }),
    };
    patch.company = {
      ...old.company,
      ...(without(shown, 'structure') as object),
      ...(shown.structure && { structure: shown.structure }),
      ...provided,
    };
  }
  if (settings && old.settings) patch.settings = settingsOf(old.settings, settings);
  return patch;
}

function settingsOf(
  old: NonNullable<Account['settings']>,
  sent: NonNullable<Sent['settings']>,
): NonNullable<Account['settings']> {
  const { schedule, ...payouts } = sent.payouts ?? {};
  const oldPayouts = old.payouts ?? NO_PAYOUT_SETTINGS;
  return {
    ...old,
    branding: { ...old.branding, ...sent.branding },
    dashboard: { ...old.dashboard, ...sent.dashboard },
    payments: { ...old.payments, ...sent.payments },
    ...(sent.payouts && { payouts: { ...oldPayouts, ...payouts, schedule: { ...oldPayouts.schedule, ...schedule } } }),
  };
}

const NO_PAYOUT_SETTINGS: NonNullable<NonNullable<Account['settings']>['payouts']> = {
  debit_negative_balances: true,
  schedule: { delay_days: 2, interval: 'daily' },
  statement_descriptor: null,
};

/** What is an object of its own: the person and the bank account that came with the account. */
function takeParts(scope: Scope, account: Account, sent: Sent): void {
  if (sent.individual) {
    const known = account.individual;
    const person = known
      ? undefined
      : addPerson(scope, account.id, { ...sent.individual, relationship: { representative: true } });
    if (person) changeAccount(own(scope), account, { individual: person });
  }
  if (sent.external_account !== undefined) {
    addExternalAccount(own(scope), account, sent.external_account, { metadata: {}, isDefault: true });
  }
}

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
      const { controller, tos_acceptance: tos } = params;
      const requested = requestedOf(params.capabilities);
      if (tos?.service_agreement === 'recipient' && requested.includes('card_payments')) {
        throw invalidRequest('Accounts under the recipient agreement cannot request the card_payments capability.', {
          param: 'capabilities[card_payments]',
        });
      }
      const ours = params.type === 'custom' ? 'application' : 'stripe';
      const account = createAccount(
        own(scope),
        {
          ...(params.country && { country: params.country }),
          type: params.type ?? 'none',
          controller: {
            fees: { payer: controller?.fees?.payer ?? 'application' },
            is_controller: true,
            losses: { payments: controller?.losses?.payments ?? 'application' },
            requirement_collection: controller?.requirement_collection ?? ours,
            stripe_dashboard: { type: controller?.stripe_dashboard?.type ?? dashboardOf(params.type) },
            type: 'application',
          },
          tos_acceptance: {
            date: null,
            ip: null,
            user_agent: null,
            service_agreement: tos?.service_agreement ?? 'full',
          },
        },
        requested,
      );
      // Stripe has no event for a new account, and so none for what it is made with.
      const patch = patchOf(account, params);
      const requirements = requirementsOf({ ...account, ...patch });
      const filled = own(scope).update('account', account, { ...patch, requirements });
      takeParts(scope, filled, params);
      return accountOf(scope, account.id);
    },
  ),
  route('GET', '/v1/accounts/:id', {}, (scope, _params, id) => accountOf(scope, id)),
  route('POST', '/v1/accounts/:id', fields, (scope, params, id) => {
    const account = accountOf(scope, id);
    changeAccount(own(scope), account, patchOf(account, params));
    for (const [name, wanted] of params.capabilities ?? []) {
      setCapability(own(scope), accountOf(scope, id), name, wanted ? 'active' : 'inactive');
    }
    takeParts(scope, accountOf(scope, id), params);
    return accountOf(scope, id);
  }),
  route('DELETE', '/v1/accounts/:id', {}, (scope, _params, id) => {
    const account = accountOf(scope, id);
    const funds = [...fundsByCurrency(scope.in(id)).values()];
    if (funds.some(({ available, pending }) => available + pending !== 0)) {
      throw invalidRequest(`Account ${id} cannot be deleted while it has a balance.`, {
        code: 'balance_invalid_parameter',
      });
    }
    return own(scope).remove('account', account);
  }),
  route(
    'POST',
    '/v1/accounts/:id/reject',
    { payouts_action: oneOf('none', 'pause'), reason: required(text) },
    (scope, { reason }, id) => rejectAccount(own(scope), accountOf(scope, id), reason),
  ),
  route('POST', '/v1/accounts/:id/unreject', {}, (scope, _params, id) =>
    unrejectAccount(own(scope), accountOf(scope, id)),
  ),
  route('GET', '/v1/accounts/:id/capabilities', {}, (scope, _params, id) => {
    const account = accountOf(scope, id);
    const names = Object.keys(account.capabilities ?? {}) as CapabilityName[];
    const data = names.toSorted().map((name) => capabilityObject(account, name));
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

const dashboardOf = (type: string | undefined): 'express' | 'full' | 'none' =>
  type === 'standard' ? 'full' : type === 'custom' ? 'none' : 'express';

function capabilityName(sent: string): CapabilityName {
  if (isCapability(sent)) return sent;
  throw invalidRequest(`No such capability: '${sent}'`, { code: 'resource_missing', param: 'capability' }, 404);
}
