import { createAccount, type CapabilityName } from '../../billing/accounts.js';
import { PLATFORM, type Scope } from '../../core/scope.js';

type Hash = Record<string, unknown>;

const isHash = (value: unknown): value is Hash => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields that are null until `include` asks for them. */
const INCLUDABLE = ['configuration', 'defaults', 'future_requirements', 'identity', 'requirements'];

/** An account as it is answered: only the parts that were asked for. */
export function shownAccount(account: Hash, include: readonly string[]): Hash {
  const shown: Hash = { ...account };
  for (const field of INCLUDABLE) {
    if (include.includes(field)) continue;
    const parts = include.filter((name) => name.startsWith(`${field}.`)).map((name) => name.slice(field.length + 1));
    const whole = account[field];
    shown[field] =
      parts.length > 0 && isHash(whole) ? Object.fromEntries(parts.map((part) => [part, whole[part] ?? null])) : null;
  }
  return shown;
}

/** A capability that is asked for is granted at once, as in the rest of the sandbox. */
export function granted(value: unknown): unknown {
  if (!isHash(value)) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, granted(part)]));
  return value.requested === true ? { status: 'active', status_details: [], ...inner } : inner;
}

/** What was sent over what was there, hash by hash; null clears. */
export function merged(old: unknown, sent: unknown): unknown {
  if (!isHash(old) || !isHash(sent)) return sent;
  const names = new Set([...Object.keys(old), ...Object.keys(sent)]);
  return Object.fromEntries([...names].map((name) => [name, name in sent ? merged(old[name], sent[name]) : old[name]]));
}

/** An account of v2 is one of v1 too, under the same id: the one that transfers go to. Answers that id. */
export function twinOf(scope: Scope, fields: Hash): string {
  const configuration = (fields.configuration ?? {}) as Record<string, Hash | undefined>;
  const requested: CapabilityName[] = [];
  if (JSON.stringify(configuration.merchant?.capabilities ?? {}).includes('"requested":true')) {
    requested.push('card_payments');
  }
  if (JSON.stringify(configuration.recipient?.capabilities ?? {}).includes('"requested":true')) {
    requested.push('transfers');
  }
  const email = typeof fields.contact_email === 'string' ? fields.contact_email : null;
  return createAccount(scope.in(PLATFORM), { email, type: 'none' }, requested).id;
}
