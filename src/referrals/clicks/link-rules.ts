import { UTM_FIELDS, type Utm } from './click-rules.js';

/** The query parameter in which a landing page gets the click's id. */
export const CLICK_PARAMETER = 'tributary_click';

/** What a link adds to where it leads. */
export interface LinkParts {
  clickId: string | null;
  utm: Utm | null;
}

/**
 * Where a deep link leads: `to`, a path or an address, on the landing page's own origin; the landing page itself when `to`
 * is missing or would lead anywhere else. Pure.
 */
export function destinationOf(landingUrl: string, to: string | undefined): string {
  if (to === undefined || to === '' || !URL.canParse(to, landingUrl)) return landingUrl;
  const wanted = new URL(to, new URL(landingUrl).origin);
  wanted.username = '';
  wanted.password = '';
  return wanted.origin === new URL(landingUrl).origin ? wanted.href : landingUrl;
}

/**
 * The destination with the campaign and the click's id behind whatever its own query holds; parameters of the same names
 * give way, everything else stays as it is written. Pure.
 */
export function landingAddress(destination: string, { clickId, utm }: LinkParts): string {
  const url = new URL(destination);
  const added = new Map<string, string>();
  for (const field of UTM_FIELDS) {
    const value = utm?.[field];
    if (value !== undefined) added.set(`utm_${field}`, value);
  }
  if (clickId !== null) added.set(CLICK_PARAMETER, clickId);
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && nameOf(part) !== CLICK_PARAMETER && !added.has(nameOf(part)));
  const all = [...kept, ...[...added].map(([name, value]) => `${name}=${encodeURIComponent(value)}`)];
  url.search = all.length === 0 ? '' : `?${all.join('&')}`;
  return url.href;
}

/** As the landing page will read it. */
const nameOf = (part: string): string => [...new URLSearchParams(part).keys()][0] ?? '';

/** The public link of a code. Pure. */
export function linkOf(publicUrl: string, code: string): string {
  return `${publicUrl}/r/${encodeURIComponent(code)}`;
}
