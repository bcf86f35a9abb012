import { readFileSync } from 'node:fs';
import { CURRENCY_EXPONENTS } from '../../src/common/money.js';

/** What a block of a recipe sends: ```json POST /v1/programs */
export interface RecipeRequest {
  method: string;
  path: string;
  body: string;
}

export interface RecipeMoney {
  minor: number;
  currency: string;
}

export interface RecipeItem extends RecipeMoney {
  interval: string | null;
  product: string | null;
  lessMinor: number;
}

/** A row of a recipe's table. */
export interface RecipeRow {
  /** Noon of the day. */
  at: string;
  customer: string;
  country: string | null;
  code: string;
  what: { kind: 'trial' } | { kind: 'refund'; of: RecipeMoney } | { kind: 'payment'; items: RecipeItem[] };
  /** One for each commission that changes. */
  earns: RecipeMoney[];
}

export interface Recipe {
  title: string;
  requests: RecipeRequest[];
  rows: RecipeRow[];
}

const MONEY = String.raw`([−-]?)([\d,]+)(?:\.(\d+))? ([A-Z]{3})`;
const ITEM = new RegExp(`^${MONEY}(?: a (day|week|month|year))?(?: for \`(\\w+)\`)?(?: less ${MONEY})?$`);

/** The recipes of docs/cookbook.md. Throws at the first row that it cannot read. */
export function recipes(): Recipe[] {
  const page = readFileSync(new URL('../../docs/cookbook.md', import.meta.url), 'utf8');
  return page
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      title: section.slice(0, section.indexOf('\n')),
      requests: [...section.matchAll(/^```json (\w+) (\S+)\n([^]*?)^```$/gm)].map(
        ([, method = '', path = '', body = '']) => ({ method, path, body }),
      ),
      rows: [...section.matchAll(/^\| \d.*$/gm)].map(([line]) => rowOf(line)),
    }));
}

function rowOf(line: string): RecipeRow {
  const [day = '', person = '', code = '', what = '', earns = ''] = line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
  const [, customer = '', country = null] = /^(\w+)(?: \((\w\w)\))?$/.exec(person) ?? unreadable(line);
  const earned = earns === 'nothing' ? [] : earns.split(' + ').map(moneyOf);
  return { at: `${day}T12:00:00Z`, customer, country, code, what: whatOf(what), earns: earned };
}

function whatOf(what: string): RecipeRow['what'] {
  if (what === 'starts a trial') return { kind: 'trial' };
  const [, verb, rest = ''] = /^(pays|is refunded) (.*)$/.exec(what) ?? unreadable(what);
  if (verb === 'is refunded') return { kind: 'refund', of: moneyOf(rest) };
  return { kind: 'payment', items: rest.split(/, (?=\d)/).map(itemOf) };
}

function itemOf(text: string): RecipeItem {
  const [, , whole, part, currency, interval, product, , offWhole, offPart, offCurrency] =
    ITEM.exec(text) ?? unreadable(text);
  const off = offCurrency === undefined ? 0 : minorOf(offWhole, offPart, offCurrency);
  return {
    ...{ minor: minorOf(whole, part, currency), currency: String(currency).toLowerCase(), lessMinor: off },
    ...{ interval: interval ?? null, product: product ?? null },
  };
}

function moneyOf(text: string): RecipeMoney {
  const [, sign, whole, part, currency] = new RegExp(`^${MONEY}$`).exec(text) ?? unreadable(text);
  const minor = minorOf(whole, part, currency);
  return { minor: sign ? -minor : minor, currency: String(currency).toLowerCase() };
}

function minorOf(whole = '', part = '', currency = ''): number {
  const exponent = CURRENCY_EXPONENTS.get(currency.toLowerCase());
  if (exponent !== part.length) unreadable(`${whole}.${part} ${currency}`);
  return Number(whole.replaceAll(',', '') + part);
}

function unreadable(text: string): never {
  throw new Error(`docs/cookbook.md says something that cannot be read: ${text}`);
}
