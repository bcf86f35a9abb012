import { createHash, randomBytes } from 'node:crypto';
import { randomCrockford } from '../common/ids.js';

const TOKEN = /^trb_([0-9A-Za-z]{1,64})_([0-9a-f]{64})$/;
const KEY_ID_CHARS = 16;
const SECRET_BYTES = 32;

/** `trb_<keyId>_<secret>`: the id is public and finds the row, the secret proves it. */
export interface ApiKeyToken {
  keyId: string;
  secret: string;
}

/** The parts of a well-formed token, else null. */
export function parseToken(text: string): ApiKeyToken | null {
  const [, keyId, secret] = TOKEN.exec(text) ?? [];
  return keyId !== undefined && secret !== undefined ? { keyId, secret } : null;
}

export function formatToken({ keyId, secret }: ApiKeyToken): string {
  return `trb_${keyId}_${secret}`;
}

export function newToken(): ApiKeyToken {
  return {
    keyId: randomCrockford(KEY_ID_CHARS).toLowerCase(),
    secret: randomBytes(SECRET_BYTES).toString('hex'),
  };
}

/** A plain hash is enough: there is nothing to guess in 256 random bits, and it is computed on every request. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret, 'hex').digest();
}

/** The token in `Bearer <token>`, else null. The scheme's name is compared without regard to case (RFC 9110, 11.1). */
export function bearerToken(header: string | undefined): ApiKeyToken | null {
  const [, token] = /^bearer +(\S+)$/i.exec(header ?? '') ?? [];
  return token === undefined ? null : parseToken(token);
}
