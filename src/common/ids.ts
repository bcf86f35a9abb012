import { randomBytes } from 'node:crypto';

/** Crockford's base 32 without I, L, O and U: nothing that a person could misread. */
export const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const TIME_CHARS = 10;
const RANDOM_CHARS = 16;

/** `<prefix>_<26 characters>`: 48 bits of real time, then 80 random bits, so that ids sort by creation. Not a secret. */
export function newId(prefix: string): string {
  let time = Date.now();
  let head = '';
  for (let i = 0; i < TIME_CHARS; i++) {
    head = CROCKFORD.charAt(time % 32) + head;
    time = Math.floor(time / 32);
  }
  return `${prefix}_${(head + randomCrockford(RANDOM_CHARS)).toLowerCase()}`;
}

/** `length` characters of 5 random bits each, upper case. */
export function randomCrockford(length: number): string {
  let text = '';
  for (const byte of randomBytes(length)) text += CROCKFORD.charAt(byte & 31);
  return text;
}
