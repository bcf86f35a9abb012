import { invalidRequest } from '../../core/errors.js';
import { kindOf, type StripeObject } from '../../core/objects.js';
import type { Scope } from '../../core/scope.js';
import { storedPage } from '../../http/listing.js';
import type { Range } from '../../http/params.js';

export interface V2Page {
  data: unknown[];
  next_page_url: string | null;
  previous_page_url: string | null;
}

export interface V2List {
  object: string;
  /** With the parent's id in it, if it has one. */
  path: string;
  /** What was sent, without `page`: the links to other pages carry it on. */
  query: URLSearchParams;
  page?: string;
  limit?: number;
  created?: Range;
  matches(row: StripeObject): boolean;
}

const DEFAULT_LIMIT = 20;

interface Cursor {
  after?: string;
  before?: string;
}

/** A page as v2 lists: no cursors to write oneself, but links to the pages around. */
export function v2Page(scope: Scope, list: V2List): V2Page {
  const cursor = list.page === undefined ? {} : readCursor(list.page);
  const answer = storedPage(
    scope,
    kindOf(list.object),
    { limit: list.limit ?? DEFAULT_LIMIT, starting_after: cursor.after, ending_before: cursor.before },
    {
      url: list.path,
      noun: list.object,
      created: list.created,
      matches: (row) => list.matches(row as unknown as StripeObject),
    },
  );
  const data = answer.data as unknown as StripeObject[];
  const link = (to: Cursor): string => {
    const query = new URLSearchParams(list.query);
    query.set('page', Buffer.from(JSON.stringify(to)).toString('base64url'));
    return `${list.path}?${query.toString()}`;
  };
  const [first, last] = [data[0], data.at(-1)];
  const further = cursor.before === undefined ? answer.has_more : true;
  const earlier = cursor.before === undefined ? cursor.after !== undefined : answer.has_more;
  return {
    data,
    next_page_url: further && last ? link({ after: last.id }) : null,
    previous_page_url: earlier && first ? link({ before: first.id }) : null,
  };
}

function readCursor(page: string): Cursor {
  try {
    return JSON.parse(Buffer.from(page, 'base64url').toString()) as Cursor;
  } catch {
    throw invalidRequest(`Invalid page token: '${page}'.`, { code: 'invalid_page_token', param: 'page' });
  }
}
