import { at, isObject, isoOf, secondsOf } from './shapes.js';
import type { StripeData } from './stripe-model.entity.js';

export const ABILITIES = ['charges', 'transfers', 'payouts'] as const;
export const ABILITY_STATES = ['active', 'pending', 'restricted', 'unrequested', 'unknown'] as const;

export interface AccountAbility {
  ability: (typeof ABILITIES)[number];
  state: (typeof ABILITY_STATES)[number];
  /** Stripe's reasons, as it names them; empty where it gives none. */
  reasons: string[];
}

export interface AccountRequirement {
  /** What is asked for, as Stripe names it. */
  requirement: string;
  due: 'past_due' | 'currently_due' | 'eventually_due' | 'pending_verification';
  /** When not having it begins to hurt. */
  deadline: string | null;
  /** Who must act: `user`, or `stripe` for what is being checked. */
  awaiting: string | null;
  /** Abilities that end without it, as Stripe names them. */
  restricts: string[];
  errors: string[];
}

export interface AccountStatus {
  /** The version of the API in whose shape the account is read. */
  api: 'v1' | 'v2';
  abilities: AccountAbility[];
  disabledReason: string | null;
  /** The next deadline of all. */
  deadline: string | null;
  requirements: AccountRequirement[];
  branding: AccountBranding;
}

export interface AccountBranding {
  name: string | null;
  url: string | null;
  icon: string | null;
  logo: string | null;
  primaryColor: string | null;
  secondaryColor: string | null;
}

/** What an account can do and what it still has to bring. `capabilities` are its rows of that type, for their reasons. Pure. */
export function accountStatus(account: StripeData, capabilities: readonly StripeData[] = []): AccountStatus {
  return account.object === 'v2.core.account' ? statusOfV2(account) : statusOfV1(account, capabilities);
}

function statusOfV1(account: StripeData, capabilities: readonly StripeData[]): AccountStatus {
  const disabledReason =
    textOf(at(account, 'requirements', 'disabled_reason')) ?? textOf(at(account, 'verification', 'disabled_reason'));
  const ability = (name: AccountAbility['ability'], ids: readonly string[], enabled: unknown): AccountAbility => {
    const said = ids.flatMap((id) => textOf(at(account, 'capabilities', id)) ?? []);
    const rows = capabilities.filter((row) => ids.includes(String(row.id)));
    const state = stateOfV1(said, enabled);
    const reasons = [
      ...rows.flatMap((row) => textOf(at(row, 'requirements', 'disabled_reason')) ?? []),
      disabledReason,
    ];
    return { ability: name, state, reasons: state === 'active' ? [] : distinct(reasons) };
  };
  return {
    api: 'v1',
    abilities: [
      ability('charges', ['card_payments', 'legacy_payments'], account.charges_enabled),
      ability('transfers', ['transfers', 'legacy_payments'], undefined),
      ability('payouts', [], account.payouts_enabled),
    ],
    disabledReason,
    deadline: deadlineOfV1(account),
    requirements: requirementsOfV1(account),
    branding: brandingOfV1(account),
  };
}

/** The capability's own word goes first; the flags of the account say the rest. */
function stateOfV1(said: readonly string[], enabled: unknown): AccountAbility['state'] {
  if (enabled === false) return said.includes('pending') ? 'pending' : 'restricted';
  if (said.includes('active')) return 'active';
  if (said.includes('pending')) return 'pending';
  if (said.includes('inactive')) return 'restricted';
  if (said.includes('unrequested')) return 'unrequested';
  if (enabled === undefined) return 'unknown';
  return enabled === true ? 'active' : 'restricted';
}

/** Before 2019-02-19 an account had `verification` instead of `requirements`. */
function deadlineOfV1(account: StripeData): string | null {
  const seconds =
    secondsOf(at(account, 'requirements', 'current_deadline')) ?? secondsOf(at(account, 'verification', 'due_by'));
  return isoOf(seconds);
}

function requirementsOfV1(account: StripeData): AccountRequirement[] {
  const deadline = deadlineOfV1(account);
  const { requirements } = account;
  if (!isObject(requirements)) {
    const needed = textsOf(at(account, 'verification', 'fields_needed'));
    return needed.map((requirement) => ({ ...asked(requirement, 'currently_due'), deadline, awaiting: 'user' }));
  }
  const errors = Array.isArray(requirements.errors) ? requirements.errors.filter(isObject) : [];
  const seen = new Set<string>();
  return (['past_due', 'currently_due', 'pending_verification', 'eventually_due'] as const).flatMap((due) =>
    textsOf(requirements[due]).flatMap((requirement) => {
      // What is past due is currently due as well, and what is due now is due eventually.
      if (seen.has(requirement)) return [];
      seen.add(requirement);
      const codes = errors.filter((error) => error.requirement === requirement).map(({ code }) => String(code));
      return [
        {
          ...asked(requirement, due),
          deadline: due === 'eventually_due' ? null : deadline,
          awaiting: due === 'pending_verification' ? 'stripe' : 'user',
          errors: codes,
        },
      ];
    }),
  );
}

function brandingOfV1(account: StripeData): AccountBranding {
  const branding = at(account, 'settings', 'branding');
  const name =
    textOf(at(account, 'business_profile', 'name')) ??
    textOf(at(account, 'settings', 'dashboard', 'display_name')) ??
    textOf(account.display_name) ??
    textOf(account.business_name);
  const url = textOf(at(account, 'business_profile', 'url')) ?? textOf(account.business_url);
  return { name, url, ...imagery(isObject(branding) ? branding : { logo: account.business_logo }) };
}

function statusOfV2(account: StripeData): AccountStatus {
  const recipient = at(account, 'configuration', 'recipient', 'capabilities');
  const merchant = at(account, 'configuration', 'merchant', 'capabilities');
  const requirements = requirementsOfV2(account);
  const deadlines = requirements.flatMap(({ deadline }) => deadline ?? []).sort();
  return {
    api: 'v2',
    abilities: [
      abilityOfV2('charges', account, [within(merchant, 'card_payments')]),
      abilityOfV2('transfers', account, [within(recipient, 'stripe_balance', 'stripe_transfers')]),
      abilityOfV2('payouts', account, [
        within(recipient, 'stripe_balance', 'payouts'),
        within(merchant, 'stripe_balance', 'payouts'),
      ]),
    ],
    disabledReason: account.closed === true ? 'closed' : null,
    deadline: textOf(at(account, 'requirements', 'summary', 'minimum_deadline', 'time')) ?? deadlines[0] ?? null,
    requirements,
    branding: brandingOfV2(account),
  };
}

const within = (held: unknown, ...path: string[]): unknown => (isObject(held) ? at(held, ...path) : undefined);

/** Parts of a v2 account that were not asked for are null, which says nothing about them. */
function abilityOfV2(
  ability: AccountAbility['ability'],
  account: StripeData,
  capabilities: readonly unknown[],
): AccountAbility {
  const held = capabilities.filter(isObject);
  const active = held.find(({ status }) => status === 'active');
  const [capability] = active === undefined ? held : [active];
  if (capability === undefined) {
    return { ability, state: isObject(account.configuration) ? 'unrequested' : 'unknown', reasons: [] };
  }
  const details = Array.isArray(capability.status_details) ? capability.status_details.filter(isObject) : [];
  const word = String(capability.status);
  const state = word === 'active' || word === 'pending' ? word : 'restricted';
  const codes = details.flatMap(({ code }) => textOf(code) ?? []);
  // `rejected` and `unsupported` are reasons in themselves.
  return { ability, state, reasons: distinct(word === state ? codes : [word, ...codes]) };
}

function requirementsOfV2(account: StripeData): AccountRequirement[] {
  const entries = at(account, 'requirements', 'entries');
  return (Array.isArray(entries) ? entries.filter(isObject) : []).map((entry) => {
    const status = textOf(at(entry, 'minimum_deadline', 'status'));
    const due = status === 'past_due' || status === 'eventually_due' ? status : 'currently_due';
    const restricts = at(entry, 'impact', 'restricts_capabilities');
    const errors = Array.isArray(entry.errors) ? entry.errors.filter(isObject) : [];
    return {
      requirement: textOf(entry.description) ?? 'unnamed',
      due: entry.awaiting_action_from === 'stripe' ? 'pending_verification' : due,
      deadline: textOf(at(entry, 'minimum_deadline', 'time')),
      awaiting: textOf(entry.awaiting_action_from),
      restricts: (Array.isArray(restricts) ? restricts.filter(isObject) : []).map(({ capability }) =>
        String(capability),
      ),
      errors: errors.map(({ code }) => String(code)),
    };
  });
}

function brandingOfV2(account: StripeData): AccountBranding {
  const branding = at(account, 'configuration', 'merchant', 'branding');
  return {
    name: textOf(account.display_name) ?? textOf(at(account, 'defaults', 'profile', 'doing_business_as')),
    url: textOf(at(account, 'defaults', 'profile', 'business_url')),
    ...imagery(isObject(branding) ? branding : {}),
  };
}

function imagery(branding: StripeData): Omit<AccountBranding, 'name' | 'url'> {
  return {
    icon: textOf(branding.icon),
    logo: textOf(branding.logo),
    primaryColor: textOf(branding.primary_color),
    secondaryColor: textOf(branding.secondary_color),
  };
}

function asked(requirement: string, due: AccountRequirement['due']): AccountRequirement {
  return { requirement, due, deadline: null, awaiting: null, restricts: [], errors: [] };
}

function distinct(values: ReadonlyArray<string | null>): string[] {
  return [...new Set(values.filter((value): value is string => value !== null))];
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
