import { createHmac } from 'node:crypto';

/** Real time, as Stripe's own signatures run: the sandbox's clock may be years ahead. */
const realSeconds = (): number => Math.floor(Date.now() / 1_000);

/** The value of `Stripe-Signature` over exactly these bytes; one `v1` per secret while secrets are rotated. */
export function signPayload(
  rawBody: string | Buffer,
  secrets: string | readonly string[],
  timestamp: number = realSeconds(),
): string {
  const signatures = [secrets].flat().map((secret) => {
    const mac = createHmac('sha256', secret).update(`${timestamp}.`).update(rawBody).digest('hex');
    return `v1=${mac}`;
  });
  return [`t=${timestamp}`, ...signatures].join(',');
}
