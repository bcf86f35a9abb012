const REPLACEMENT = '\ufffd';

/**
 * JSON text that PostgreSQL's jsonb accepts. It refuses the character U+0000 and halves of surrogate pairs, which people do
 * type into names and metadata; each becomes U+FFFD here, and the untouched original stays in the inbox.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  // Both arrive as \u escapes in serialised text, so that almost every object passes this one check.
  if (!/\\u(?:0000|d[89a-f])/i.test(text)) return text;
  return JSON.stringify(value, (_key, held: unknown) => (isObject(held) ? cleanKeys(held) : clean(held)));
}

function clean(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\u0000', REPLACEMENT).toWellFormed() : value;
}

function cleanKeys(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [String(clean(key)), held]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
