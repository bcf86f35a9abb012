import type { ListRule, StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES, typeOfObject, typeOfTable } from '../objects/registry.js';
import { PLAN_ACCOUNTS } from './task.js';

/** A task as it is first written down. */
export interface PlannedTask {
  account: string;
  table: string;
  rule: number;
  /** Tables whose tasks of the same account come first. */
  after: string[];
}

const ACCOUNTS = 'accounts';
/** Where connected accounts are found, in both versions of the API. */
const LISTS_OF_ACCOUNTS = [ACCOUNTS, 'v2_core_accounts'];

/**
 * The types that must be listed to have the given tables whole: also those they come inside of, those whose objects their
 * lists go through, and those that complete them (an invoice's payments). In the registry's order; null means all. Pure.
 */
export function typesToList(tables: readonly string[] | null): StripeObjectType[] {
  const listed = STRIPE_OBJECT_TYPES.filter((type) => type.lists.length > 0);
  if (tables === null) return listed;
  const wanted = new Set<StripeObjectType>();
  const queue = tables.flatMap((table) => typeOfTable(table) ?? []);
  for (let type = queue.pop(); type !== undefined; type = queue.pop()) {
    if (wanted.has(type)) continue;
    wanted.add(type);
    queue.push(...neededBy(type));
  }
  return listed.filter((type) => wanted.has(type));
}

/** Whether objects of the type can be reached at all, by lists of their own or inside of others. */
export function isReachable(type: StripeObjectType): boolean {
  return typesToList([type.table]).length > 0;
}

function neededBy(type: StripeObjectType): StripeObjectType[] {
  const parents = type.lists.flatMap((rule) => (rule.of === null ? [] : sourcesOf(rule.of)));
  return [...parents, ...carriersOf(type), ...completionsOf(type)];
}

/** Where the rows of a type come from: its own lists, and the types that carry it where it has none. */
function sourcesOf(object: string): StripeObjectType[] {
  const type = typeOfObject(object);
  return [type, ...carriersOf(type)];
}

/** Types inside of which this one comes, as far as that is needed: by expansion, or because it has no list of its own. */
function carriersOf(type: StripeObjectType): StripeObjectType[] {
  const hasOwnList = type.lists.some((rule) => rule.of === null);
  return STRIPE_OBJECT_TYPES.filter((carrier) =>
    carrier.embedded.some(
      (rule) =>
        rule.objects.includes(type.object) &&
        (!hasOwnList || carrier.lists.some(({ expand }) => expand.includes(rule.field))),
    ),
  );
}

/** What an object of the type shows in part only and is listed by itself: payments of an invoice, refunds of a charge. */
function completionsOf(type: StripeObjectType): StripeObjectType[] {
  return type.embedded
    .filter((rule) => !rule.owned && rule.list !== undefined)
    .flatMap((rule) => rule.objects.map(typeOfObject))
    .filter((member) => member.lists.some((rule) => rule.of === null));
}

/** The tasks of one account: every list of every type, those over another type's objects after that type. Pure. */
export function tasksOfAccount(types: readonly StripeObjectType[], account: string): PlannedTask[] {
  return types
    .filter((type) => account === '' || !type.platformOnly)
    .flatMap((type) =>
      type.lists.map((rule, index) => ({ account, table: type.table, rule: index, after: tablesBefore(type, rule) })),
    );
}

function tablesBefore(type: StripeObjectType, rule: ListRule): string[] {
  if (rule.of === null) return [];
  return [...new Set(sourcesOf(rule.of).map(({ table }) => table))].filter((table) => table !== type.table);
}

/** What a job begins with: the platform's tasks and, where connected accounts belong to it, the one that plans theirs. */
export function firstTasks(tables: readonly string[] | null, account: string | null): PlannedTask[] {
  const types = typesToList(tables);
  if (account === 'platform') return tasksOfAccount(types, '');
  if (account !== null) return tasksOfAccount(types, account);
  const withAccounts = types.some(({ platformOnly }) => !platformOnly) ? withListOfAccounts(types) : types;
  const plan = { account: '', table: ACCOUNTS, rule: PLAN_ACCOUNTS, after: LISTS_OF_ACCOUNTS };
  return [...tasksOfAccount(withAccounts, ''), ...(withAccounts === types && !types.some(isAccounts) ? [] : [plan])];
}

const isAccounts = ({ table }: StripeObjectType): boolean => table === ACCOUNTS;

function withListOfAccounts(types: readonly StripeObjectType[]): StripeObjectType[] {
  return types.some(isAccounts) ? [...types] : [...STRIPE_OBJECT_TYPES.filter(isAccounts), ...types];
}
