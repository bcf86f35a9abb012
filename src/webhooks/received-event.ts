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
    const objectId = keptId(namedObjects(event)[0]?.id);
    const account = optionalText(contextAccount(event), 'context') ?? '';
    return { id, type, createdSeconds, livemode, account, apiVersion: null, objectId };
  }
  const data = isObject(event.data) ? event.data : {};
  return {
    ...{ id, type, createdSeconds, livemode },
    account: optionalText(event.account, 'account') ?? '',
    apiVersion: optionalText(event.api_version, 'api_version'),
    objectId: keptId(subjectOf(data.object)?.id),
  };
}

/** An object whose id no column takes is looked at by the worker alone, which parks its event. */
function keptId(id: string | undefined): string | null {
  return id !== undefined && isStorable(id) ? id : null;
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
  const text = optionalText(value, field);
  if (text !== null && text !== '') return text;
  throw invalidField(field, 'invalid_event', `the event has no ${field}`);
}

/** Deliveries are stored many at a time: one that PostgreSQL refuses must not reach it beside others. */
function optionalText(value: unknown, field: string): string | null {
  if (typeof value !== 'string') return null;
  if (isStorable(value)) return value;
  const text = `the event’s ${field} must have at most ${TEXT_CHARS_MAX} characters, and not U+0000`;
  throw invalidField(field, 'invalid_event', text);
}

/** Stripe's texts have at most 255; an index of PostgreSQL's takes some 2,700 bytes. */
const TEXT_CHARS_MAX = 500;

function isStorable(text: string): boolean {
  return text.length <= TEXT_CHARS_MAX && !text.includes('\u0000');
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
