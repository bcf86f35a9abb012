import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sameOnBothFaces } from '../support/both-faces.js';
import { randomId } from '../support/stripe-events.js';
import { payment, Story, unix } from '../support/story.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story?.end());

const PAID_AT = unix('2026-03-01T13:00:00Z');
const LEAD = { key: 'lead', on: 'sign_up', reward: { type: 'one_time', amountMinor: 500 } };
const openReviews = async (partnerId: string) => {
  const query = { state: 'open', partnerId };
  const path = `/v1/reviews?state=open&partnerId=${partnerId}`;
  return (await sameOnBothFaces<{ data: object[] }>(story.service, path, ['Referrals', 'ListReviews'], query)).data;
};
const referrer = (terms: Record<string, unknown>) => story.referrer({ reward: undefined, ...terms });

describe('the terms of leads', () => {
  it('are explained, with no money in', async () => {
    const { partnerId, code } = await referrer({ rules: [LEAD] });
    await story.referredCustomer(code);
    await story.settle();

    const [lead] = await story.commissions(partnerId);
    const told = await story.call<{ steps: string[]; sale: object }>('GET', `/v1/commissions/${lead?.id}/explanation`);

    expect(told.sale).toMatchObject({ source: 'sign_up', sourceId: lead?.sourceId, cashMinor: 0, currency: null });
    expect(told.steps).toEqual([
      `The customer signed up at 2026-03-01T12:00:00.000Z, as ${lead?.sourceId} tells.`,
      'Version 1 of the program, rule lead, pays 5.00 USD for it, once for each customer.',
      'It may be paid from 2026-03-31T12:00:00.000Z on.',
    ]);
  });

  it('hold a partner’s own sign-up', async () => {
    const { partnerId, code } = await referrer({ rules: [LEAD] });
    await story.call('POST', '/v1/referrals', {
      ...{ code, customer: { externalId: randomId('user'), email: 'ada+me@example.com' } },
    });
    await story.settle();

    expect(await story.commissions(partnerId)).toMatchObject([{ state: 'held', netMinor: 500 }]);
  });

  it.each([
    ['ReleaseCommission', 'pending', 500],
    ['RejectCommission', 'rejected', 0],
  ] as const)('are decided on by a person while they are held: %s', async (method, state, netMinor) => {
    const { partnerId, code } = await referrer({ rules: [LEAD] });
    const customer = { externalId: randomId('user'), email: 'ada+me@example.com' };
    await story.call('POST', '/v1/referrals', { code, customer });
    await story.settle();
    const [{ id } = { id: '' }] = await story.commissions(partnerId);
    expect(await openReviews(partnerId)).toMatchObject([{ id, state: 'held', source: 'sign_up', netMinor: 500 }]);

    const decided = await story.service.grpc.call('Referrals', method, { id, reason: 'we asked them' });

    expect(decided.message).toMatchObject({ id, state, netMinor });
    expect(await openReviews(partnerId)).toEqual([]);
    await story.settle();
    expect(await story.balance(partnerId)).toMatchObject([{ heldMinor: 0, pendingMinor: netMinor }]);
    const list = `/v1/commissions?partnerId=${partnerId}`;
    const listed = ['Referrals', 'ListCommissions'] as const;
    const { data } = await sameOnBothFaces<{ data: object[] }>(story.service, list, listed, { partnerId });
    expect(data).toMatchObject([{ id, state, source: 'sign_up', netMinor }]);
    const path = `/v1/commissions/${id}/explanation`;
    const explained = ['Referrals', 'ExplainCommission'] as const;
    const told = await sameOnBothFaces<{ steps: string[] }>(story.service, path, explained, { id });
    expect(told.steps.join()).toMatch(/we asked them/);
  });

  it('count for caps, and not as revenue', async () => {
    const tiers = [
      { from: 0, rateBps: 1_000 },
      { from: 1, rateBps: 2_000 },
    ];
    const share = {
      key: 'share',
      reward: { type: 'tiered', by: 'revenue', period: 'ever', mode: 'whole_sale', tiers },
    };
    const { partnerId, code } = await referrer({
      ...{ rules: [LEAD, share], caps: [{ per: 'partner', period: 'ever', maxMinor: 1_200 }] },
    });
    const customer = await story.referredCustomer(code);
    await story.settle();
    await story.happens(...payment({ customer, paidAt: PAID_AT }).events);
    story.timeIs('2026-03-01T14:00:00Z');
    await story.referredCustomer(code);
    await story.settle();
    story.timeIs('2026-03-01T12:00:00Z');

    expect((await story.commissions(partnerId)).map(({ amountMinor }) => amountMinor)).toEqual([500, 500, 200]);
  });

  it('are refused where they need a sale', async () => {
    const rule = { ...LEAD, when: { minSaleMinor: 100 } };

    const answer = await story.service.http('POST', '/v1/programs', { key: 'wrong', name: 'Wrong', rules: [rule] });

    expect(answer).toMatchObject({
      ...{ status: 400, body: { error: { code: 'needs_sale', field: 'rules.0.when.minSaleMinor' } } },
    });
  });
});
