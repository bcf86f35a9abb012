import { STRIPE_OBJECT_TYPES } from './registry.js';

const ALIKE_MAX = 5;
const STEM_CHARS = 4;

/** What is said of a name that no type has: those that sound alike, the nearest first, and where all of them stand. */
export function unknownTypeText(asked: string): string {
  const alike = alikeTypes(asked);
  const hint = alike.length === 0 ? ';' : `; did you mean ${alike.join(', ')}?`;
  return `the mirror has no type "${asked}"${hint} GET /v1/billing (gRPC: ListObjectTypes) lists all`;
}

/** Types whose names share the beginning of a word with what was asked for. */
function alikeTypes(asked: string): string[] {
  const stems = asked.split('_').map((word) => word.slice(0, STEM_CHARS));
  const shares = (table: string): boolean =>
    table.split('_').some((word) => stems.some((stem) => stem.length === STEM_CHARS && word.startsWith(stem)));
  return STRIPE_OBJECT_TYPES.map((type) => type.table)
    .filter(shares)
    .map((table) => ({ table, shared: sharedChars(table, asked) }))
    .sort((a, b) => b.shared - a.shared || a.table.length - b.table.length)
    .slice(0, ALIKE_MAX)
    .map(({ table }) => table);
}

function sharedChars(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
