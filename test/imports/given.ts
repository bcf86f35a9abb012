import type { Story } from '../support/story.js';

export interface Imported {
  lines: number;
  created: number;
  unchanged: number;
  refused: number;
  columnsLeftAside: string[];
  results: Array<{ line: number; outcome: string; message: string; code: string | null; column: string | null }>;
}

/** Sends a file; fails with the answer's own words unless it was taken. */
export async function send(
  { service }: Story,
  query: string,
  file: string | Buffer,
  authorization = `Bearer ${service.apiKey}`,
): Promise<Imported> {
  const headers = { authorization, 'content-type': 'text/csv' };
  const body = new Blob([file]);
  const answer = await fetch(`${service.httpUrl}/v1/imports?${query}`, { method: 'POST', headers, body });
  if (answer.status !== 200) throw new Error(`the import was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Imported;
}
