/**
 * What `data.previous_attributes` of an event holds: the old values of changed fields only, nested objects partially,
 * arrays whole. A field that did not exist before is `null`.
 */
export function previousAttributes(before: object, after: object): Record<string, unknown> | null {
  const old = before as Record<string, unknown>;
  const now = after as Record<string, unknown>;
  const changed: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const difference = oldValueOf(old[key], now[key]);
    if (difference !== UNCHANGED) changed[key] = difference;
  }
  return Object.keys(changed).length > 0 ? changed : null;
}

const UNCHANGED = Symbol('unchanged');

function oldValueOf(old: unknown, now: unknown): unknown {
  if (old === now) return UNCHANGED;
  if (isPlain(old) && isPlain(now)) {
    // A list is told whole: its elements have no names of their own.
    if (old.object === 'list') return JSON.stringify(old) === JSON.stringify(now) ? UNCHANGED : old;
    return previousAttributes(old, now) ?? UNCHANGED;
  }
  if (Array.isArray(old) && Array.isArray(now) && JSON.stringify(old) === JSON.stringify(now)) return UNCHANGED;
  return old ?? null;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
