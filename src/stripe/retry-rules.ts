import Stripe from 'stripe';
import { headerOf, rateRefusalOf } from './rate-refusal.js';

/** A read is sent at most so often, the first time included. */
export const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;
/** A limit on one object lasts longer than one on requests. */
const RESOURCE_PAUSE_MS = 2_000;

const RETRIED_STATUS = new Set([409, 429]);

/**
 * How long to wait before a read is sent again; null when it is not. Reads change nothing, so everything that may pass is
 * tried again: 429, a locked object (429 or 409 `lock_timeout`), 5xx, no answer at all. What Stripe says about trying again
 * goes before that. `attempt` counts from 1; `random` is from 0 to 1 and spreads those who were refused together. Pure.
 */
export function pauseBeforeRetryMs(error: unknown, attempt: number, leftMs: number, random: number): number | null {
  if (attempt >= ATTEMPTS_MAX || !isPassing(error)) return null;
  const base = rateRefusalOf(error) === 'resource-specific' ? RESOURCE_PAUSE_MS : FIRST_PAUSE_MS;
  const backOff = Math.min(base * 2 ** (attempt - 1), LONGEST_PAUSE_MS) * (0.5 + random / 2);
  const pauseMs = Math.max(backOff, retryAfterMs(error) ?? 0);
  return pauseMs <= leftMs ? pauseMs : null;
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  if (error instanceof Stripe.errors.StripeConnectionError) return true;
  const advice = headerOf(error, 'stripe-should-retry');
  if (advice === 'true' || advice === 'false') return advice === 'true';
  const status = error.statusCode ?? 0;
  return status >= 500 || RETRIED_STATUS.has(status);
}

/** What the answer's `Retry-After` asks for, in ms; null without one. It may be seconds or a date. */
export function retryAfterMs(error: unknown, nowMs = Date.now()): number | null {
  if (!(error instanceof Stripe.errors.StripeError)) return null;
  const text = headerOf(error, 'retry-after')?.trim();
  if (text === undefined || text === '') return null;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
