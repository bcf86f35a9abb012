import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AttributionsView } from '../../src/referrals/attribution/attribution.dto.js';
import { customer } from '../support/stripe-objects.js';
import { stripeEvent, type StripeObject } from '../support/stripe-events.js';
import { checkoutBy, payment, Story, unix } from '../support/story.js';

const NOON = '2026-03-01T12:00:00Z';
const PAID_AT = unix('2026-03-10T12:00:00Z');

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs(NOON);
});
afterAll(() => story?.end());

/** A Stripe customer who names the code, made at that time. */
function naming(code: string, at: number): StripeObject {
  return customer({ created: at, metadata: { tributary_code: code } });
}

const made = (who: StripeObject) => stripeEvent('customer.created', who, { created: Number(who.created) });
const paidBy = (who: StripeObject, at = PAID_AT) => payment({ customer: who.id, paidAt: at }).events;

async function verdictsOf(who: StripeObject): Promise<string[]> {
  const [link] = await story.service.db.query<Array<{ customer_id: string }>>(
    `SELECT customer_id FROM tributary.customer_link WHERE stripe_customer_id = $1`,
    [who.id],
  );
  const { data } = await story.call<AttributionsView>('GET', `/v1/attributions?customerId=${link?.customer_id}`);
  return data.flatMap(({ evidence }) => evidence.map(({ verdict }) => verdict));
}

describe('a suspended code', () => {
  it('brings nobody who comes meanwhile, keeps whom it brought, and brings again when it is reactivated', async () => {
    const { partnerId, code } = await story.referrer();
    const before = naming(code, unix(NOON) - 60);
    await story.happens(made(before), ...paidBy(before));
    story.timeIs('2026-03-02T12:00:00Z');
    await story.call('PATCH', `/v1/codes/${code}`, { active: false, reason: 'coupon site' });
    const meanwhile = naming(code, unix('2026-03-03T12:00:00Z'));
    await story.happens(...paidBy(meanwhile), made(meanwhile), ...paidBy(before, PAID_AT + 1));
    story.timeIs('2026-03-04T12:00:00Z');
    await story.call('PATCH', `/v1/codes/${code}`, { active: true });
    const after = naming(code, unix('2026-03-05T12:00:00Z'));
    await story.happens(made(after), ...paidBy(after));

    expect(await story.commissions(partnerId)).toHaveLength(3);
    expect(await verdictsOf(meanwhile)).toEqual(['code_suspended']);
    expect(await verdictsOf(after)).toContain('bound');
    story.timeIs(NOON);
  });
});

describe('a code with so many uses', () => {
  it.each(['in a row', 'at once'])('gives them away once each, to whoever names it, %s', async (how) => {
    const { programKey, partnerId } = await story.referrer();
    const { code } = await story.call<{ code: string }>('POST', '/v1/codes', { programKey, partnerId, maxUses: 2 });
    const people = Array.from({ length: 5 }, (_, n) => naming(code, unix(NOON) + n));
    const events = people.map((who) => [made(who), ...paidBy(who)]);
    if (how === 'in a row') for (const some of events) await story.happens(...some);
    else await story.happens(...events.flat());

    expect(await story.commissions(partnerId)).toHaveLength(2);
    expect(await story.call('GET', `/v1/codes/${code}`)).toMatchObject({ uses: 2, maxUses: 2 });
    const verdicts = await Promise.all(people.map(verdictsOf));
    expect(verdicts.flat().filter((verdict) => verdict === 'code_exhausted')).toHaveLength(3);
    await story.call('PATCH', `/v1/codes/${code}`, { maxUses: 5 });
    await story.happens(...people.flatMap((who) => paidBy(who, PAID_AT + 1)));
    // Uses are given in the order of acceptance: who came too late stays so.
    expect(await story.commissions(partnerId)).toHaveLength(4);
  });

  it('counts a checkout by a link, and not twice what signed up already', async () => {
    const { programKey, partnerId } = await story.referrer();
    const { code } = await story.call<{ code: string }>('POST', '/v1/codes', { programKey, partnerId, maxUses: 1 });
    const [first, second] = [await story.click(code), await story.click(code)];
    const [a, b] = [customer({ created: unix(NOON) }), customer({ created: unix(NOON) })];
    await story.happens(checkoutBy(first, a.id, unix(NOON) + 5), ...paidBy(a), ...paidBy(a, PAID_AT + 1));
    await story.happens(checkoutBy(second, b.id, unix(NOON) + 5), ...paidBy(b));

    expect(await story.commissions(partnerId)).toHaveLength(2);
    expect(await story.call('GET', `/v1/codes/${code}`)).toMatchObject({ uses: 1 });
  });
});
