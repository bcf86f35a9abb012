/** Parameters as Stripe reads them from a form or a query: `a[b]=c`, lists as `a[0]=c`. Absent values are left out. Pure. */
export function queryText(params: Readonly<Record<string, unknown>>): string {
  return Object.entries(params)
    .flatMap(([name, value]) => pairs(name, value))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

function pairs(name: string, value: unknown): [string, string][] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => pairs(`${name}[${key}]`, inner));
  }
  return [[name, String(value as string | number | boolean)]];
}

/** The path with the parameters added to the query that it may have. Pure. */
export function withQuery(path: string, params: Readonly<Record<string, unknown>> = {}): string {
  const text = queryText(params);
  if (text === '') return path;
  return `${path}${path.includes('?') ? '&' : '?'}${text}`;
}
