import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { customer, subscription } from '../support/stripe-objects.js';
import { checkoutBy, payment, Story, unix } from '../support/story.js';

const TWELVE_MONTHS = { reward: { type: 'recurring', rateBps: 2_000, months: 12 } };
const MADE_ANEW = unix('2026-08-11T00:00:00Z');

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-01-10T00:00:00Z');
});
afterAll(() => story?.end());

/** The payment of the n-th month, counted from 0, in the two events that matter. */
function paidInMonth(month: number, stripeCustomerId: string): StripeEvent[] {
  const paidAt = unix(new Date(Date.UTC(2026, month, 12)));
  return payment({ customer: stripeCustomerId, paidAt }).events.slice(1, 3);
}

/** The company's own id of the person stands in the metadata of the new customer, or of the new subscription. */
function naming(object: string, stripeCustomerId: string, externalId: string): StripeEvent {
  const metadata = { tributary_ref: externalId };
  return object === 'customer'
    ? stripeEvent('customer.created', customer({ id: stripeCustomerId, metadata }), { created: MADE_ANEW })
    : stripeEvent('customer.subscription.created', subscription({ customer: stripeCustomerId, metadata }), {
        created: MADE_ANEW,
      });
}

async function monthsEarned(partnerId: string): Promise<string[]> {
  return (await story.commissions(partnerId))
    .filter(({ netMinor }) => netMinor === 1_000)
    .map(({ occurredAt }) => occurredAt.slice(0, 7));
}

const YEAR = Array.from({ length: 12 }, (_, month) => `2026-${String(month + 1).padStart(2, '0')}`);

describe('scenario 11: a subscription made anew under another Stripe customer', () => {
  it.each([
    ['customer', [0, 1, 2]],
    ['customer', [2, 1, 0]],
    ['subscription', [1, 2, 0]],
    ['subscription', [0, 2, 1]],
  ])('keeps the binding and the months that are left, named on the %s, in the order %j', async (object, order) => {
    const { partnerId, code } = await story.referrer(TWELVE_MONTHS);
    const [externalId, first, second] = [randomId('user'), randomId('cus'), randomId('cus')];
    await story.call('POST', '/v1/referrals', { code, customer: { externalId, stripeCustomerId: first } });
    const parts = [
      Array.from({ length: 7 }, (_, month) => paidInMonth(month, first)).flat(),
      [naming(object, second, externalId)],
      Array.from({ length: 6 }, (_, month) => paidInMonth(month + 7, second)).flat(),
    ];

    for (const index of order) {
      const part = parts[index] as StripeEvent[];
      await story.happens(...part, ...part);
    }

    expect(await monthsEarned(partnerId)).toEqual(YEAR);
  });

  it('holds too when the person becomes known later, and the new customer had come by a click of another', async () => {
    const { partnerId, code } = await story.referrer(TWELVE_MONTHS);
    const other = await story.referrer();
    const [externalId, first, second] = [randomId('user'), randomId('cus'), randomId('cus')];
    const click = await story.click(other.code);
    await story.happens(checkoutBy(click, second, MADE_ANEW), ...paidInMonth(7, second));
    await story.happens(naming('customer', second, externalId));

    await story.call('POST', '/v1/referrals', { code, customer: { externalId, stripeCustomerId: first } });
    await story.happens(...paidInMonth(0, first));

    expect(await monthsEarned(partnerId)).toEqual(['2026-01', '2026-08']);
    expect(await monthsEarned(other.partnerId)).toEqual([]);
  });
});
