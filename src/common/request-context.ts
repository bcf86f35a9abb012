import { AsyncLocalStorage } from 'node:async_hooks';

import { newId } from './ids.js';

/** What every log line of a request carries: ids only, never personal data. */
export type RequestFacts = Record<string, string>;

interface RequestContext {
  requestId: string;
  facts: RequestFacts;
}

const storage = new AsyncLocalStorage<RequestContext>();
const SAFE_REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The caller's own request id when it is one that may stand in logs and headers, else a new one. */
export function acceptRequestId(offered: string | undefined): string {
  return offered !== undefined && SAFE_REQUEST_ID.test(offered) ? offered : newId('req');
}

/** Runs `work`, and whatever it starts, under this request id. */
export function runWithRequestId<T>(requestId: string, work: () => T): T {
  return storage.run({ requestId, facts: {} }, work);
}

/** The id of the request that is being served; a new one outside of any, so that an answer always carries one. */
export function currentRequestId(): string {
  return storage.getStore()?.requestId ?? newId('req');
}

/** Adds to the log lines that this request still writes; does nothing outside of a request. */
export function addRequestFacts(facts: RequestFacts): void {
  Object.assign(storage.getStore()?.facts ?? {}, facts);
}

/** For the logger: the request id and the facts so far, or undefined outside of a request. */
export function currentRequestFacts(): RequestFacts | undefined {
  const context = storage.getStore();
  return context && { ...context.facts, requestId: context.requestId };
}
