export interface LoggedRequest {
  id: string;
  method: string;
  path: string;
  query: string;
  body: string;
  idempotencyKey: string | null;
  account: string | null;
  /** Null while the answer is out, and for good when the connection broke before one was sent. */
  status: number | null;
  /** The answer was a saved one. */
  replayed: boolean;
}

/** Requests that are remembered. */
const MAX_REQUESTS = 50_000;

/** Which calls were made, so that a test can count them. Oldest first. */
export class RequestLog {
  private entries: LoggedRequest[] = [];

  add(entry: LoggedRequest): void {
    this.entries.push(entry);
    if (this.entries.length > MAX_REQUESTS) this.entries.splice(0, this.entries.length - MAX_REQUESTS);
  }

  list(filter: { method?: string; path?: string } = {}): LoggedRequest[] {
    return this.entries.filter(
      ({ method, path }) =>
        (filter.method === undefined || method === filter.method) &&
        (filter.path === undefined || path === filter.path),
    );
  }

  clear(): void {
    this.entries = [];
  }
}
