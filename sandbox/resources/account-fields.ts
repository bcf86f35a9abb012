import { asAccount } from '../billing/accounts.js';
import { invalidRequest, noSuch } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import { PLATFORM, type Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import {
  bool,
  clearable,
  decimal,
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
import { address } from './shared.js';

type Account = Kinds['account'];
type Person = Kinds['person'];

/** Accounts belong to the platform, whoever asks. */
export const own = (scope: Scope): Scope => scope.in(PLATFORM);

export function accountOf(scope: Scope, id: string): Account {
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

const bankDetails = object({
  object: text,
  country: text,
  currency: text,
  account_number: text,
  routing_number: text,
  account_holder_name: text,
  account_holder_type: text,
});
/** A token, or the account itself. */
export const externalAccount: Param<string | ReturnType<typeof bankDetails.read>> = {
  read: (value, path) => (typeof value === 'string' ? value : bankDetails.read(value, path)),
};

export const relationship = {
  authorizer: bool,
  director: bool,
  executive: bool,
  legal_guardian: bool,
  owner: bool,
  percent_ownership: clearable(decimal),
  representative: bool,
  title: clearable(text),
};
export const personFields = {
  address,
  dob: clearable(object({ day: required(int), month: required(int), year: required(int) })),
  email: text,
  first_name: text,
  id_number: text,
  last_name: text,
  metadata,
  nationality: text,
  phone: text,
  political_exposure: oneOf('existing', 'none'),
  relationship: object(relationship),
  ssn_last_4: text,
};

const NO_RELATIONSHIP: NonNullable<Person['relationship']> = {
  authorizer: false,
  director: false,
  executive: false,
  legal_guardian: false,
  owner: false,
  percent_ownership: null,
  representative: false,
  title: null,
};

export function personOf(scope: Scope, account: string, id: string): Person {
  const person = own(scope).maybe('person', id);
  if (person?.account !== account) throw noSuch('person', id);
  return person;
}

/** Numbers that identify a person are taken and never shown again. */
export function personPatch(old: Partial<Person>, sent: Values<typeof personFields>): Partial<Person> {
  const { dob, id_number: number, ssn_last_4: ssn, metadata: words, relationship: role, ...rest } = sent;
  return {
    ...rest,
    ...(dob && { dob }),
    ...(number !== undefined && { id_number_provided: true }),
    ...(ssn !== undefined && { ssn_last_4_provided: true }),
    metadata: mergeMetadata(old.metadata ?? {}, words),
    relationship: { ...NO_RELATIONSHIP, ...old.relationship, ...role },
  };
}

export function addPerson(scope: Scope, account: string, sent: Values<typeof personFields>): Person {
  const person: Person = {
    id: stripeId('person'),
    object: 'person',
    account,
    created: scope.now,
    id_number_provided: false,
    ssn_last_4_provided: false,
    verification: { status: 'unverified' },
    ...personPatch({}, sent),
  };
  own(scope).insert('person', person);
  asAccount(scope, account).emit('person.created', person);
  return person;
}
