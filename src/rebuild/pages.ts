import type { Client } from 'pg';

/** Rows that are held at once. */
const PAGE_ROWS = 500;

/** The rows of a query page by page, each as the JSON text of one array. Needs a transaction; holds one page at a time. */
export async function* pagesOf(client: Client, query: string): AsyncGenerator<{ json: string; rows: number }> {
  await client.query(`DECLARE page NO SCROLL CURSOR FOR SELECT to_jsonb(one)::text FROM (${query}) AS one`);
  for (;;) {
    const { rows } = await client.query<[string]>({ text: `FETCH ${PAGE_ROWS} FROM page`, rowMode: 'array' });
    if (rows.length > 0) yield { json: `[${rows.map(([row]) => row).join(',')}]`, rows: rows.length };
    if (rows.length < PAGE_ROWS) break;
  }
  await client.query('CLOSE page');
}
