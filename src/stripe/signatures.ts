import { createHmac, timingSafeEqual } from 'node:crypto';
import { DomainError } from '../common/errors.js';

/** Stripe's own default, applied to both directions: a timestamp from the future is as suspicious as an old one. */
export const SIGNATURE_TOLERANCE_SECONDS = 300;

/** No sender needs more signatures than this; a header that carries more is refused before anything is hashed. */
const MAX_SIGNATURES = 16;

/**
 * Checks a `Stripe-Signature` header (`t=…,v1=…,v1=…`) over the raw bytes, in constant time, against every secret that is
 * valid now (several while one is rotated).
 *
 * Errors: `invalid_signature`, always with the same message, so that a forger learns nothing.
 * Source: https://docs.stripe.com/webhooks#verify-manually
 */
export function verifySignature(
  rawBody: Buffer,
  header: string | undefined,
  secrets: readonly string[],
  nowMs: number,
): void {
  const parsed = parseHeader(header);
  if (parsed === null) throw refused();
  if (Math.abs(nowMs / 1000 - parsed.timestamp) > SIGNATURE_TOLERANCE_SECONDS) throw refused();
  const matches = secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(`${parsed.timestampText}.`).update(rawBody).digest();
    return parsed.signatures.some((given) => given.length === expected.length && timingSafeEqual(given, expected));
  });
  if (!matches) throw refused();
}

function parseHeader(
  header: string | undefined,
): { timestamp: number; timestampText: string; signatures: Buffer[] } | null {
  if (header === undefined) return null;
  let timestampText: string | null = null;
  const signatures: Buffer[] = [];
  for (const part of header.split(',')) {
    const [key, value = ''] = part.trim().split('=', 2);
    if (key === 't') {
      if (timestampText !== null || !/^\d{1,12}$/.test(value)) return null;
      timestampText = value;
    }
    if (key === 'v1' && /^[0-9a-f]{64}$/.test(value)) signatures.push(Buffer.from(value, 'hex'));
  }
  if (timestampText === null || signatures.length === 0 || signatures.length > MAX_SIGNATURES) return null;
  return { timestamp: Number(timestampText), timestampText, signatures };
}

function refused(): DomainError {
  return new DomainError(
    'invalid_argument',
    'invalid_signature',
    'the Stripe-Signature header does not fit this body; check the endpoint’s signing secret and that the raw bytes arrive unchanged',
  );
}
