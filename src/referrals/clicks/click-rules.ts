const ADDRESS_CHARS_MAX = 2_048;
const UTM_CHARS_MAX = 255;

/** Fetchers that say what they are: link previews, search engines, monitors. One that lies is counted as a person. */
const BOTS =
  /(?<!cu)bot\b|bot[/;_-]|crawl|spider|slurp|scrape|preview|facebookexternalhit|whatsapp|embedly|quora link|outbrain|pinterest\/|vkshare|w3c_validator|headlesschrome|lighthouse|pingdom|uptime|monitor|archiver|mediapartners/i;

export const VISITORS = ['person', 'bot', 'prefetch'] as const;
/** A person, a program that says so, or a browser that fetches a page before it may be shown. */
export type Visitor = (typeof VISITORS)[number];

export const UTM_FIELDS = ['source', 'medium', 'campaign', 'term', 'content'] as const;
/** The campaign that a link names, by the names of its parameters without `utm_`. */
export type Utm = Partial<Record<(typeof UTM_FIELDS)[number], string>>;

/** What a request says of whoever makes it. */
export interface Agent {
  userAgent?: string;
  /** `Sec-Purpose` or `Purpose`: browsers that fetch ahead say so. */
  purpose?: string;
}

/** Pure. */
export function visitorOf({ userAgent = '', purpose = '' }: Agent): Visitor {
  if (BOTS.test(userAgent)) return 'bot';
  return /prefetch|prerender|preview/i.test(purpose) ? 'prefetch' : 'person';
}

/** The campaign in a query, or null when it names none; of a parameter that comes twice, the first. Pure. */
export function utmOf(query: URLSearchParams): Utm | null {
  const named = UTM_FIELDS.map((field) => [field, textOf(query.get(`utm_${field}`))] as const);
  const told = named.filter(([, value]) => value !== '');
  return told.length === 0 ? null : Object.fromEntries(told);
}

/** Without control characters, which PostgreSQL and the tools that campaigns are counted by cannot all hold. */
function textOf(value: string | null): string {
  const text = (value ?? '').replace(/\p{Cc}/gu, '').trim();
  return text.toWellFormed().slice(0, UTM_CHARS_MAX).toWellFormed();
}

/** What stands behind an address' first `?`; empty when it cannot be read. Pure. */
export function queryOf(address: string | null | undefined): URLSearchParams {
  const [, query = ''] = /\?([^#]*)/.exec(address ?? '') ?? [];
  return new URLSearchParams(query);
}

/** An address without query, fragment and credentials, all of which may name people; null when nothing is left. Pure. */
export function bareAddress(address: string | null | undefined): string | null {
  const path = (address ?? '').split(/[?#]/, 1)[0] ?? '';
  const withoutUser = path.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1').trim();
  return withoutUser === '' ? null : withoutUser.slice(0, ADDRESS_CHARS_MAX);
}
