import { describe, expect, it } from '@jest/globals';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { requireRefundable } from './charges-refund.js';

const refund = (charge: Partial<StripeData>) => () => {
  requireRefundable({ currency: 'usd', amount: 700, ...charge }, [], {}, 0);
};

describe('a refund of what was never taken', () => {
  it('says why: the payment failed, or waits for its capture', () => {
    const told = (code: string): unknown => expect.objectContaining({ code });

    expect(refund({ status: 'failed', captured: false })).toThrow(told('charge_failed') as Error);
    expect(refund({ status: 'succeeded', captured: false })).toThrow(told('charge_not_captured') as Error);
  });
});
