import { createHash } from 'node:crypto';
import { StripeFailure, invalidRequest } from '../core/errors.js';

/** Stripe may forget a key after 24 hours; the sandbox does so exactly then, by its own clock. */
const REMEMBERED_SECONDS = 86_400;
const MAX_KEY_LENGTH = 255;

export interface SavedAnswer {
  fingerprint: string;
  path: string;
  at: number;
  /** Null while the first request is still under way. */
  answer: { status: number; body: string; requestId: string } | null;
}

/** Answers by (account, key), as https://docs.stripe.com/api/idempotent_requests describes. */
export class IdempotencyKeys {
  private saved = new Map<string, SavedAnswer>();

  /** The answer to replay, or null when this request is the first; it is then in flight until it is saved or released. */
  claim(key: string, path: string, body: string, now: number): SavedAnswer['answer'] {
    if (key.length > MAX_KEY_LENGTH)
      throw invalidRequest(`Idempotency key is longer than ${MAX_KEY_LENGTH} characters.`);
    const fingerprint = createHash('sha256').update(`${path}\n${body}`).digest('hex');
    const known = this.saved.get(key);
    if (!known || now - known.at >= REMEMBERED_SECONDS) {
      this.saved.set(key, { fingerprint, path, at: now, answer: null });
      return null;
    }
    if (known.answer === null) throw inUse(key);
    if (known.fingerprint !== fingerprint) throw otherParameters(key, known.path, path);
    return known.answer;
  }

  save(key: string, answer: NonNullable<SavedAnswer['answer']>): void {
    const claimed = this.saved.get(key);
    if (claimed) claimed.answer = answer;
  }

  /** The request never began to execute: the key is free again. */
  release(key: string): void {
    if (this.saved.get(key)?.answer === null) this.saved.delete(key);
  }

  forgetExpired(now: number): void {
    for (const [key, { at }] of this.saved) if (now - at >= REMEMBERED_SECONDS) this.saved.delete(key);
  }

  dump(): [string, SavedAnswer][] {
    return [...this.saved].filter(([, { answer }]) => answer !== null);
  }

  load(saved: [string, SavedAnswer][]): void {
    this.saved = new Map(saved);
  }
}

const bareKey = (key: string): string => key.slice(key.indexOf('|') + 1);

function inUse(key: string): StripeFailure {
  return invalidRequest(
    'There is currently another in-progress request using this Idempotent Key (that probably means you submitted ' +
      `twice, and the other request is still going through): ${bareKey(key)}. Please try again later.`,
    { code: 'idempotency_key_in_use' },
    409,
  );
}

function otherParameters(key: string, before: string, now: string): StripeFailure {
  const what =
    before === now
      ? 'with the same parameters they were first used with'
      : `for the same endpoint they were first used for ('${before}' vs '${now}')`;
  return new StripeFailure(
    400,
    'idempotency_error',
    `Keys for idempotent requests can only be used ${what}. Try using a key other than '${bareKey(key)}' if you meant ` +
      'to execute a different request.',
  );
}
