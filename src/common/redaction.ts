/** What stands in place of a secret or of personal data. */
export const REDACTED = '[redacted]';

const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
const MAX_TEXT_CHARS = 20_000;

/** Every repetition before a fixed character is bounded, so that a hostile text costs linear time. */
const REPLACEMENTS: readonly [RegExp, string][] = [
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,128}):[^\s@/]{1,256}@/gi, `$1:${REDACTED}@`],
  [/\b([srp]k_(?:test|live|org)_)\w+/g, `$1${REDACTED}`],
  [/\bwhsec_[\w+/=-]+/g, `whsec_${REDACTED}`],
  [/\b(trb_[0-9A-Za-z]{1,64}_)\w+/g, `$1${REDACTED}`],
  [/\b(\w{3,64}_secret_)\w+/g, `$1${REDACTED}`],
  [/\b(authorization["']?\s{0,4}[:=]\s{0,4}["']?)(?:(?:bearer|basic)\s+)?[^\s"',;]+/gi, `$1${REDACTED}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [/[\p{L}\p{N}._%+'-]{1,64}(?:@|%40)[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu, REDACTED],
];

const IBAN = /\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b/gi;

/** Fields that are never shown, whatever they hold. Compared without case, dashes and underscores. */
const HIDDEN_FIELDS = new Set(
  (
    'authorization proxyauthorization cookie setcookie stripesignature password passwd secret clientsecret ' +
    'webhooksecret apikey token accesstoken refreshtoken secretkey stripesecretkey stripewebhooksecrets databaseurl ' +
    'encryptionkey privatekey email customeremail receiptemail phone address shipping billingdetails ' +
    'customeraddress customername fullname firstname lastname iban accountnumber routingnumber parameters'
  ).split(' '),
);

/** `text` without secrets, e-mail addresses and bank account numbers. */
export function redactText(text: string): string {
  let clean = text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}… (cut)` : text;
  for (const [pattern, replacement] of REPLACEMENTS) clean = clean.replace(pattern, replacement);
  return clean.replace(IBAN, (candidate) => (isIban(candidate) ? REDACTED : candidate));
}

/** A copy of `value` that may be logged: plain, bounded in depth and size, without secrets or personal data. */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Buffer.isBuffer(value) || ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof URL) return redactText(value.href);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactValue(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return redactValue([...value], depth);
  return redactFields(value, depth);
}

function redactFields(value: object, depth: number): Record<string, unknown> {
  const plain: object = 'toJSON' in value && typeof value.toJSON === 'function' ? Object(value.toJSON()) : value;
  const clean: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(plain).slice(0, MAX_ITEMS)) {
    const hidden = HIDDEN_FIELDS.has(name.replaceAll(/[-_]/g, '').toLowerCase()) && field != null;
    clean[redactText(name)] = hidden ? REDACTED : redactValue(field, depth + 1);
  }
  return clean;
}

/** Only what an error says of itself: database errors carry the statement's parameters and the row in further fields. */
function redactError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    name,
    message: redactText(message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(stack ? { stack: redactText(stack) } : {}),
    ...(cause !== undefined && depth < MAX_DEPTH ? { cause: redactValue(cause, depth + 1) } : {}),
  };
}

/** ISO 13616: the letters become numbers, the first four characters go last, and the rest of 97 is 1. */
function isIban(candidate: string): boolean {
  const compact = candidate.replaceAll(/[ -]/g, '').toUpperCase();
  if (compact.length < 15 || compact.length > 34) return false;
  let rest = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    for (const digit of Number.parseInt(character, 36).toString()) rest = (rest * 10 + Number(digit)) % 97;
  }
  return rest === 1;
}
