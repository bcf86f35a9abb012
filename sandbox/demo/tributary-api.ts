import { randomUUID } from 'node:crypto';
import { DemoError } from './demo-error.js';

const ANSWER_LIMIT_MS = 15_000;
const PAGES_MAX = 50;
/** Link previews and the like are marked as bots, so the demo's visitors say what they use. */
export const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0';

export interface Answer<T> {
  status: number;
  body: T;
}

export interface Refusal {
  error: { code: string; message: string; requestId: string };
}

/** The service's HTTP face, as any client sees it. */
export class TributaryApi {
  constructor(
    readonly url: string,
    private readonly apiKey: string,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.succeed<T>('GET', path);
  }

  /** Every request is a new intention, so each gets a key of its own. */
  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.succeed<T>('POST', path, body);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.succeed<T>('PUT', path, body);
  }

  /** Null when there is no such thing (yet). */
  async find<T>(path: string): Promise<T | null> {
    const answer = await this.attempt<T>('GET', path);
    if (answer.status === 404) return null;
    return this.bodyOf(answer, 'GET', path);
  }

  /** Every page of a list. */
  async all<T>(path: string): Promise<T[]> {
    const found: T[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page++) {
      const query: string = `${path.includes('?') ? '&' : '?'}limit=100${cursor === null ? '' : `&cursor=${cursor}`}`;
      const { data, nextCursor }: { data: T[]; nextCursor: string | null } = await this.get(`${path}${query}`);
      found.push(...data);
      if (nextCursor === null) return found;
      cursor = nextCursor;
    }
    throw new DemoError(`${path} has more than ${PAGES_MAX} pages`);
  }

  /** The refusal that is expected under `code`; anything else stops the demo. */
  async refused(code: string, path: string, body: unknown): Promise<Refusal['error']> {
    const answer = await this.attempt<Refusal>('POST', path, body);
    if (answer.body.error?.code === code) return answer.body.error;
    throw new DemoError(`POST ${path} should have been refused with ${code}, but was answered with ${answer.status}`);
  }

  /** Follows a partner's link as a browser (or another fetcher) would; answers where it leads. */
  async followLink(code: string, userAgent = BROWSER): Promise<URL> {
    const answer = await this.fetch(`/r/${code}`, { headers: { 'user-agent': userAgent }, redirect: 'manual' });
    const location = answer.headers.get('location');
    if (answer.status !== 302 || location === null) throw new DemoError(`/r/${code} answered ${answer.status}`);
    return new URL(location);
  }

  private async succeed<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.bodyOf(await this.attempt<T>(method, path, body), method, path);
  }

  private bodyOf<T>({ status, body }: Answer<T>, method: string, path: string): T {
    if (status < 400) return body;
    const { error } = (body ?? {}) as Partial<Refusal>;
    if (status === 401) {
      throw new DemoError(
        `the service at ${this.url} does not know this API key; set TRIBUTARY_API_KEY to one of its keys`,
      );
    }
    const said = error === undefined ? '' : ` ${error.code}: ${error.message} (request ${error.requestId})`;
    throw new DemoError(`${method} ${path} answered ${status}${said}`);
  }

  private async attempt<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.apiKey}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method === 'POST') headers['idempotency-key'] = `demo-${randomUUID()}`;
    const answer = await this.fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
    return { status: answer.status, body: (isJson ? JSON.parse(text) : null) as T };
  }

  private async fetch(path: string, request: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, { ...request, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    } catch (error) {
      throw new DemoError(
        `nothing answers at ${this.url}: start the service with npm start in another terminal (PORT must be the same in both)`,
        { cause: error },
      );
    }
  }
}
