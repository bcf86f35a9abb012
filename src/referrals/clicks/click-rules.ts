/** The query parameter in which a landing page gets the click's id. */
export const CLICK_PARAMETER = 'tributary_click';

const ADDRESS_CHARS_MAX = 2_048;

/** Fetchers that say what they are: link previews, search engines, monitors. One that lies is counted as a person. */
const BOTS =
  /(?<!cu)bot\b|bot[/;_-]|crawl|spider|slurp|scrape|preview|facebookexternalhit|whatsapp|embedly|quora link|outbrain|pinterest\/|vkshare|w3c_validator|headlesschrome|lighthouse|pingdom|uptime|monitor|archiver|mediapartners/i;

/** How a link was followed, as far as the request's headers tell. */
export interface Visit {
  method: string;
  userAgent?: string;
  /** `Purpose` or `Sec-Purpose`: browsers that fetch ahead say so. */
  purpose?: string;
  referrer?: string;
}

/** Whether a person followed the link: not a HEAD request, not a known bot, not a browser fetching ahead. Pure. */
export function isByPerson({ method, userAgent = '', purpose = '' }: Visit): boolean {
  return method === 'GET' && !BOTS.test(userAgent) && !/prefetch|prerender|preview/i.test(purpose);
}

/** An address without query, fragment and credentials, all of which may name people; null when nothing is left. Pure. */
export function bareAddress(address: string | null | undefined): string | null {
  const path = (address ?? '').split(/[?#]/, 1)[0] ?? '';
  const withoutUser = path.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1').trim();
  return withoutUser === '' ? null : withoutUser.slice(0, ADDRESS_CHARS_MAX);
}

/** The landing page with the click's id behind whatever its own query holds, unchanged. Pure. */
export function landingAddress(landingUrl: string, clickId: string | null): string {
  const url = new URL(landingUrl);
  if (clickId === null) return url.href;
  url.search = `${url.search === '' ? '?' : `${url.search}&`}${CLICK_PARAMETER}=${encodeURIComponent(clickId)}`;
  return url.href;
}
