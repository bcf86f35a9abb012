import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { disputeOf, warningOf } from '../support/complaints.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { payment, refundOf, Story, unix } from '../support/story.js';

interface Review {
  id: string;
  state: string;
  dueAt: string;
  netMinor: number;
  holds: Array<{ kind: string; id: string }>;
  decisions: Array<{ decision: string; reason: string; decidedBy: string }>;
}

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story?.end());

const PAID_AT = unix('2026-03-01T12:30:00Z');
const DUE_AT = '2026-03-31T12:30:00.000Z';

async function warnedSale() {
  const { partnerId, code } = await story.referrer();
  const customer = await story.referredCustomer(code);
  const sale = payment({ customer, paidAt: PAID_AT, lines: [invoiceLine({ amount: 10_000 })] });
  await story.happens(...sale.events, warningOf(sale.charge, PAID_AT + 60));
  const [commission] = await story.commissions(partnerId);
  return { partnerId, sale, id: commission!.id };
}

const reviews = async (partnerId: string, state = 'open'): Promise<Review[]> =>
  (await story.call<{ data: Review[] }>('GET', `/v1/reviews?state=${state}&partnerId=${partnerId}`)).data;
const decide = (id: string, what: 'release' | 'reject', reason = 'talked to them') =>
  story.call<Review>('POST', `/v1/commissions/${id}/${what}`, { reason });

describe('a review', () => {
  it('scenario 87: lists what is held with its evidence; what is released is due when it was', async () => {
    const { partnerId, id } = await warnedSale();
    expect(await reviews(partnerId)).toMatchObject([
      { id, state: 'held', holds: [{ kind: 'early_fraud_warning', evidence: { reason: 'made_with_stolen_card' } }] },
    ]);

    expect(await decide(id, 'release')).toMatchObject({ state: 'pending', dueAt: DUE_AT, netMinor: 2_000, holds: [] });

    expect(await story.balance(partnerId)).toMatchObject([{ heldMinor: 0, pendingMinor: 2_000 }]);
    expect(await reviews(partnerId)).toEqual([]);
    expect(await reviews(partnerId, 'released')).toMatchObject([
      { id, decisions: [{ decision: 'released', reason: 'talked to them', decidedBy: expect.any(String) }] },
    ]);
  });

  it('scenario 87: what is rejected stays at nothing, with the reason, until it is released after all', async () => {
    const { partnerId, id, sale } = await warnedSale();
    expect(await decide(id, 'reject', 'a stolen card')).toMatchObject({ state: 'rejected', netMinor: 0 });

    await story.happens(...refundOf(sale.charge, 2_500, PAID_AT + 100).events);
    expect(await story.commissions(partnerId)).toMatchObject([{ state: 'rejected', netMinor: 0 }]);
    expect(await story.balance(partnerId)).toMatchObject([{ heldMinor: 0, pendingMinor: 0, dueMinor: 0 }]);
    const { steps } = await story.call<{ steps: string[] }>('GET', `/v1/commissions/${id}/explanation`);
    expect(steps.join('\n')).toMatch(/it was rejected with the key .*: a stolen card/);

    expect(await decide(id, 'release')).toMatchObject({ state: 'pending', netMinor: 1_500, dueAt: DUE_AT });
    expect(await story.balance(partnerId)).toMatchObject([{ heldMinor: 0, pendingMinor: 1_500 }]);
  });

  it('of a rejected commission leaves room under caps from then on, until it is released after all', async () => {
    const { partnerId, code } = await story.referrer({ caps: [{ per: 'partner', period: 'ever', maxMinor: 3_000 }] });
    const customer = await story.referredCustomer(code);
    const sale = payment({ customer, paidAt: PAID_AT, lines: [invoiceLine({ amount: 10_000 })] });
    const later = payment({ customer, paidAt: PAID_AT + 86_400, lines: [invoiceLine({ amount: 10_000 })] });
    await story.happens(...later.events, ...sale.events, warningOf(sale.charge, PAID_AT + 60));
    const amounts = async () => (await story.commissions(partnerId)).map(({ amountMinor }) => amountMinor);
    expect(await amounts()).toEqual([2_000, 1_000]);

    const [{ id } = { id: '' }] = await story.commissions(partnerId);
    await decide(id, 'reject');
    await story.settle();
    expect(await amounts()).toEqual([2_000, 2_000]);

    await decide(id, 'release');
    await story.settle();
    expect(await amounts()).toEqual([2_000, 1_000]);
  });

  it('is decided once, with a reason, and not while a dispute is open', async () => {
    const { partnerId, id, sale } = await warnedSale();
    const release = (body: object) => story.service.http('POST', `/v1/commissions/${id}/release`, body);
    expect(await release({})).toMatchObject({ status: 400, body: { error: { field: 'reason' } } });
    const dispute = disputeOf(sale.charge, 10_000, PAID_AT + 100);
    await story.happens(dispute.opened);
    expect(await release({ reason: 'fine' })).toMatchObject({ status: 409, body: { error: { code: 'dispute_open' } } });

    await story.happens(dispute.closed('won'));
    expect(await story.commissions(partnerId)).toMatchObject([{ state: 'held' }]);
    expect(await release({ reason: 'fine' })).toMatchObject({ status: 200, body: { state: 'pending' } });

    expect(await release({ reason: 'fine' })).toMatchObject({
      status: 409,
      body: { error: { code: 'commission_not_held', field: 'id' } },
    });
  });

  it('is ended for the warning that was seen, not for the next one', async () => {
    const { partnerId, id, sale } = await warnedSale();
    await decide(id, 'release');

    await story.happens(warningOf(sale.charge, PAID_AT + 30));

    expect(await story.commissions(partnerId)).toMatchObject([{ state: 'held' }]);
  });
});
