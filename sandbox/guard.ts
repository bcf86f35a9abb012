import { isLiveKey } from './http/authentication.js';

export interface Surroundings {
  nodeEnv?: string;
  secretKey?: string;
}

/** Throws where a sandbox must never run: in production, or beside a live key. */
export function assertSandboxAllowed({ nodeEnv, secretKey }: Surroundings): void {
  if (nodeEnv === 'production')
    throw new Error('NODE_ENV is production: the Stripe sandbox is for development and tests only.');
  if (secretKey !== undefined && isLiveKey(secretKey)) {
    throw new Error('STRIPE_SECRET_KEY is a live key: the Stripe sandbox takes test keys only.');
  }
}
