import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import { canonicalJson } from '../common/canonical-json.js';

/** One event's view of its object. `previous` are Stripe's `previous_attributes`: the values that the event replaced. */
export interface EventState {
  eventId: string;
  kind: 'created' | 'changed' | 'deleted';
  data: StripeData;
  previous: StripeData | null;
}

export interface Decision {
  newest: EventState;
  /** The events leave the order open; `newest` is then a choice that depends on the set alone. */
  undecided: boolean;
}

/** Beyond this many states of one object in one second nobody tries to order them; Stripe is asked. */
const MAX_STATES = 10;

interface Node {
  state: EventState;
  content: string;
}

/**
 * The newest of all stored events of one object and one second; `event.created` knows no smaller unit. In this order:
 * a deletion is last and a creation first; then the chain of previous values (B follows A when the values that B replaced
 * are A's); then a state that nothing can follow. The answer depends on the set of events only, never on its order. Pure.
 */
export function newestWithinSecond(events: readonly EventState[], isTerminal: (data: StripeData) => boolean): Decision {
  const [only] = events;
  if (only !== undefined && events.length === 1) return { newest: only, undecided: false };
  const deletion = lastById(events.filter((event) => event.kind === 'deleted'));
  if (deletion !== null) return { newest: deletion, undecided: false };

  const nodes = distinctStates(events);
  const created = nodes.filter((node) => node.state.kind === 'created');
  const later = nodes.filter((node) => node.state.kind !== 'created');
  const candidates = later.length === 0 ? nodes : later;
  const possible = possibleLasts(created, candidates);
  const open = possible.length === 0 ? candidates : possible;
  if (countContents(open) === 1) return { newest: lastState(open), undecided: false };

  const terminal = open.filter((node) => isTerminal(node.state.data));
  return {
    newest: lastState(terminal.length === 0 ? open : terminal),
    undecided: countContents(terminal) !== 1,
  };
}

/**
 * One node per state. Several events often report one change (`invoice.paid`, `invoice.updated`); those that say what they
 * replaced are kept, since only they can be chained.
 */
function distinctStates(events: readonly EventState[]): Node[] {
  const byContent = new Map<string, EventState[]>();
  for (const event of [...events].sort((a, b) => (a.eventId < b.eventId ? -1 : 1))) {
    const content = canonicalJson(event.data);
    const same = byContent.get(content);
    if (same === undefined) byContent.set(content, [event]);
    else same.push(event);
  }
  return [...byContent.entries()].flatMap(([content, same]) => {
    const chained = distinctBy(
      same.filter((event) => event.previous !== null),
      (event) => canonicalJson(event.previous),
    );
    const created = same.filter((event) => event.kind === 'created').slice(0, 1);
    const kept = [...created, ...chained];
    return (kept.length === 0 ? same.slice(0, 1) : kept).map((state) => ({ state, content }));
  });
}

/** Chained from the creation where that works: it tells a value that came back from one that was never left. */
function possibleLasts(created: readonly Node[], candidates: readonly Node[]): Node[] {
  if (candidates.length + created.length > MAX_STATES) return [];
  const anchored = created.length === 1 && candidates !== created ? lastInChain([...created, ...candidates], true) : [];
  return anchored.length > 0 ? anchored : lastInChain(candidates, false);
}

/**
 * The nodes that can be last when all are put in a row in which each follows from the one before it. Walks all subsets
 * (at most 2^MAX_STATES); empty when no such row exists, because an event is still missing or says too little.
 */
function lastInChain(nodes: readonly Node[], firstIsFixed: boolean): Node[] {
  const follows = nodes.map((b) =>
    nodes.map((a) => a !== b && b.state.previous !== null && matches(b.state.previous, a.state.data)),
  );
  const full = (1 << nodes.length) - 1;
  const lasts = new Array<number>(full + 1).fill(0);
  nodes.slice(0, firstIsFixed ? 1 : undefined).forEach((_, first) => (lasts[1 << first] = 1 << first));
  for (let visited = 1; visited <= full; visited++) {
    for (let last = 0; last < nodes.length; last++) {
      if (((lasts[visited] ?? 0) & (1 << last)) === 0) continue;
      for (let next = 0; next < nodes.length; next++) {
        if ((visited & (1 << next)) !== 0 || follows[next]?.[last] !== true) continue;
        const grown = visited | (1 << next);
        lasts[grown] = (lasts[grown] ?? 0) | (1 << next);
      }
    }
  }
  return nodes.filter((_, index) => ((lasts[full] ?? 0) & (1 << index)) !== 0);
}

/** Whether `value` holds everything that `previous` says; absent and null are the same, as in Stripe's own difference. */
export function matches(previous: unknown, value: unknown): boolean {
  if (!isRecord(previous)) return canonicalJson(previous ?? null) === canonicalJson(value ?? null);
  if (!isRecord(value)) return Object.values(previous).every((held) => held === null || held === undefined);
  return Object.entries(previous).every(([key, held]) => matches(held, value[key]));
}

function lastState(nodes: readonly Node[]): EventState {
  return lastById(nodes.map((node) => node.state)) as EventState;
}

function lastById(events: readonly EventState[]): EventState | null {
  return events.reduce<EventState | null>(
    (last, event) => (last === null || event.eventId > last.eventId ? event : last),
    null,
  );
}

function countContents(nodes: readonly Node[]): number {
  return new Set(nodes.map((node) => node.content)).size;
}

function distinctBy<T>(values: readonly T[], key: (value: T) => string): T[] {
  return [...new Map(values.map((value) => [key(value), value])).values()];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
