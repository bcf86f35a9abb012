import { DomainError, invalidField } from '../common/errors.js';
import { isObject } from '../billing/objects/shapes.js';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import type { ReceivedEvent } from './inbox.js';
import { contextAccount, isThin, namedObjects } from './thin-events.js';
import { subjectOf } from './webhook-routes.js';

/** What an event says of itself, whichever way it came and of whichever version it is. Errors: `invalid_event`. */
export type EventFacts = Pick<
  ReceivedEvent,
  'id' | 'createdSeconds' | 'account' | 'livemode' | 'type' | 'apiVersion' | 'objectId'
>;

export function factsOf(event: StripeData): EventFacts {
  const id = requireText(event.id, 'id');
  const type = requireText(event.type, 'type');
  const createdSeconds = createdSecondsOf(event.created);
  const livemode = event.livemode === true;
  if (isThin(event)) {
    const objectId = namedObjects(event)[0]?.id ?? null;
    return { id, type, createdSeconds, livemode, account: contextAccount(event), apiVersion: null, objectId };
  }
  const data = isObject(event.data) ? event.data : {};
  return {
    ...{ id, type, createdSeconds, livemode },
    account: typeof event.account === 'string' ? event.account : '',
    apiVersion: typeof event.api_version === 'string' ? event.api_version : null,
    objectId: subjectOf(data.object)?.id ?? null,
  };
}

/** Errors: `invalid_event`. */
export function parseEvent(body: string): StripeData {
  try {
    const event: unknown = JSON.parse(body);
    if (isObject(event)) return event;
  } catch (cause) {
    throw new DomainError('invalid_argument', 'invalid_event', 'the signed body is not JSON', { cause });
  }
  throw new DomainError('invalid_argument', 'invalid_event', 'the signed body is not an event');
}

function requireText(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalidField(field, 'invalid_event', `the event has no ${field}`);
}

/** Unix seconds; thin events write an ISO 8601 text instead. */
function createdSecondsOf(value: unknown): number {
  const seconds = typeof value === 'string' ? Math.floor(Date.parse(value) / 1000) : value;
  if (typeof seconds === 'number' && Number.isSafeInteger(seconds) && seconds >= 0 && seconds < MAX_UNIX_SECONDS)
    return seconds;
  throw invalidField('created', 'invalid_event', 'the event’s created must be a Unix time in seconds');
}

/** The end of the year 9999. */
const MAX_UNIX_SECONDS = 253_402_300_800;
