import type { PayoutMethod } from '../partners/payout-method.entity.js';

/**
 * What a transfer's amount must be a multiple of, in minor units as Stripe counts them; 1 where nothing is rounded.
 * Source: https://docs.stripe.com/currencies (three-decimal amounts end in 0; ISK and UGX are counted in hundredths and have
 * none; HUF and TWD reach a bank in whole units only).
 */
const TRANSFER_STEPS: Readonly<Record<string, number>> = {
  ...{ bhd: 10, jod: 10, kwd: 10, omr: 10, tnd: 10 },
  ...{ isk: 100, ugx: 100, huf: 100, twd: 100 },
};

/** The step of payouts in `currency` by `method`. Who pays by hand pays the exact amount. */
export function transferStep(currency: string, method: PayoutMethod['type']): number {
  return method === 'stripe_connect' ? (TRANSFER_STEPS[currency] ?? 1) : 1;
}
