import { AsyncLocalStorage } from 'node:async_hooks';

import { newId } from './ids.js';

/** What every log line of a request carries: ids only, never personal data. */
export type RequestFacts = Record<string, string>;

export interface RequestContext {
  requestId: string;
  facts: RequestFacts;
}

const storage = new AsyncLocalStorage<RequestContext>();
const SAFE_REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The caller's own request id when it is one that may stand in logs and headers, else a new one. */
export function acceptRequestId(offered: string | undefined): string {
  return offered !== undefined && SAFE_REQUEST_ID.test(offered) ? offered : newId('rid');
}

/** Runs `work`, and whatever it starts, under this request id. */
export function runWithRequestId<T>(requestId: string, work: () => T): T {
  return storage.run({ requestId, facts: {} }, work);
}

/** The request that is being served, or undefined outside of any. */
export function currentRequest(): Readonly<RequestContext> | undefined {
  return storage.getStore();
}

export function currentRequestId(): string | undefined {
  return storage.getStore()?.requestId;
}

/** Adds to the log lines that this request still writes; does nothing outside of a request. */
export function addRequestFacts(facts: RequestFacts): void {
  Object.assign(storage.getStore()?.facts ?? {}, facts);
}
