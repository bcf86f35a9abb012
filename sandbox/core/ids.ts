import { randomInt } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export function randomText(length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += ALPHABET.charAt(randomInt(ALPHABET.length));
  return text;
}

/** Stripe's prefix and random characters: a sandbox that was restarted with an empty state never repeats an id. */
export const stripeId = (prefix: string, length = 24): string => `${prefix}_${randomText(length)}`;

/** Codes that people type are upper case. */
export const humanCode = (length: number): string =>
  randomText(length * 2)
    .toUpperCase()
    .slice(0, length);
