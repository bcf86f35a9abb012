import type { IncomingHttpHeaders } from 'node:http';
import { invalidRequest, StripeFailure } from '../core/errors.js';
import { PLATFORM } from '../core/scope.js';
import { API_VERSION } from '../core/wire.js';
import type { World } from '../core/world.js';

const TEST_KEY = /^(sk|rk)_test_/;
const LIVE_KEY = /^(sk|rk|pk)_live_/;

export const isLiveKey = (key: string): boolean => LIVE_KEY.test(key);

/**
 * Any test key is let in, as bearer or as basic user, and answered. A live key is refused by name: it must never come
 * here.
 */
export function authenticate(headers: IncomingHttpHeaders): string {
  const key = keyOf(headers.authorization);
  if (key === '') {
    throw unauthenticated(
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.',
    );
  }
  if (isLiveKey(key))
    throw unauthenticated('A live key was sent to the sandbox. It takes test keys only; roll the key.');
  if (!TEST_KEY.test(key)) throw unauthenticated(`Invalid API Key provided: ${key.slice(0, 8)}****`);
  const version = headers['stripe-version'];
  if (version !== undefined && version !== API_VERSION) {
    throw invalidRequest(`Invalid Stripe API version: ${String(version)}. The sandbox speaks ${API_VERSION} only.`);
  }
  return key;
}

function keyOf(authorization: string | undefined): string {
  const [scheme, credentials = ''] = (authorization ?? '').split(' ');
  if (scheme?.toLowerCase() === 'bearer') return credentials;
  if (scheme?.toLowerCase() === 'basic') return Buffer.from(credentials, 'base64').toString().split(':')[0] ?? '';
  return '';
}

function unauthenticated(message: string): StripeFailure {
  return new StripeFailure(401, 'invalid_request_error', message);
}

/** The account that the request acts for: the platform's own, or a connected one by `Stripe-Account`. */
export function accountOf(headers: IncomingHttpHeaders, world: World): string {
  // v2 calls it the context.
  const id = [headers['stripe-account'] ?? headers['stripe-context']].flat()[0];
  if (id === undefined || id === world.platformAccount().id) return PLATFORM;
  const known = world.store.get(PLATFORM, 'account', id);
  if (known && !world.isDeauthorized(id)) return id;
  throw invalidRequest(
    `The provided key does not have access to account '${id}' (or that account does not exist). Application access may ` +
      'have been revoked.',
    { code: 'account_invalid' },
    403,
  );
}
