import { randomBytes } from 'node:crypto';

/** Crockford's base 32 without I, L, O and U: nothing that a person could misread. */
export const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const TIME_CHARS = 10;
const RANDOM_CHARS = 16;
const RANDOM_BYTES = 10;

let lastTime = 0;
let lastRandom = 0n;

/**
 * `<prefix>_<26 characters>`: 48 bits of real time, then 80 random bits. Ids sort by creation; those that one process makes
 * within a millisecond go on from the first one's random bits. Not a secret.
 */
export function newId(prefix: string): string {
  const now = Date.now();
  if (now > lastTime) {
    lastTime = now;
    lastRandom = BigInt(`0x${randomBytes(RANDOM_BYTES).toString('hex')}`);
  } else {
    lastRandom += 1n;
  }
  return `${prefix}_${(base32(BigInt(lastTime), TIME_CHARS) + base32(lastRandom, RANDOM_CHARS)).toLowerCase()}`;
}

function base32(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest >>= 5n) text = CROCKFORD.charAt(Number(rest & 31n)) + text;
  return text;
}

/** `length` characters of 5 random bits each, upper case. */
export function randomCrockford(length: number): string {
  let text = '';
  for (const byte of randomBytes(length)) text += CROCKFORD.charAt(byte & 31);
  return text;
}
