import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { disputeOf, warningOf } from '../support/complaints.js';
import type { StripeEvent } from '../support/stripe-events.js';
import { invoiceLine } from '../support/stripe-objects.js';
import { ordersOf, payment, Story, unix } from '../support/story.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
afterAll(() => story?.end());

const PAID_AT = unix('2026-03-01T12:30:00Z');
const DUE_AT = '2026-03-31T12:30:00.000Z';
const twice = (events: readonly StripeEvent[]): StripeEvent[] => events.flatMap((event) => [event, event]);

async function saleOf10000(terms: Record<string, unknown> = {}) {
  story.timeIs('2026-03-01T12:00:00Z');
  const { partnerId, code } = await story.referrer(terms);
  const customer = await story.referredCustomer(code);
  return { partnerId, sale: payment({ customer, paidAt: PAID_AT, lines: [invoiceLine({ amount: 10_000 })] }) };
}

async function standing(partnerId: string) {
  const [commission] = await story.commissions(partnerId);
  const [balance] = await story.balance(partnerId);
  const { state, netMinor, dueAt } = commission!;
  return { state, netMinor, dueAt, heldMinor: balance!.heldMinor, pendingMinor: balance!.pendingMinor };
}

describe('a dispute', () => {
  it('scenario 51: holds the rest while it is open; what is withdrawn is taken back; being lost moves nothing more', async () => {
    const { partnerId, sale } = await saleOf10000();
    const dispute = disputeOf(sale.charge, 10_000, PAID_AT + 100);
    await story.happens(...sale.events);

    await story.happens(...twice([dispute.opened]));
    expect(await standing(partnerId)).toEqual({
      ...{ state: 'held', netMinor: 2_000, dueAt: DUE_AT, heldMinor: 2_000, pendingMinor: 0 },
    });

    await story.happens(...twice([dispute.withdrawn()]));
    expect(await standing(partnerId)).toMatchObject({ state: 'reversed', netMinor: 0, heldMinor: 0, pendingMinor: 0 });

    await story.happens(...twice([dispute.closed('lost')]));
    expect(await standing(partnerId)).toMatchObject({ state: 'reversed', netMinor: 0, heldMinor: 0, pendingMinor: 0 });
  });

  it.each(['needs_response', 'warning_needs_response'])(
    'scenario 51: %s, won without a withdrawal, is due when it was',
    async (opened) => {
      const { partnerId, sale } = await saleOf10000();
      const dispute = disputeOf(sale.charge, 10_000, PAID_AT + 100, opened);
      await story.happens(...sale.events, dispute.opened);
      expect(await standing(partnerId)).toMatchObject({ state: 'held', heldMinor: 2_000 });

      story.timeIs('2026-03-20T12:00:00Z');
      await story.happens(...twice([dispute.closed(opened === 'needs_response' ? 'won' : 'warning_closed')]));

      expect(await standing(partnerId)).toEqual({
        ...{ state: 'pending', netMinor: 2_000, dueAt: DUE_AT, heldMinor: 0, pendingMinor: 2_000 },
      });
      story.timeIs(DUE_AT);
      expect(await story.balance(partnerId)).toMatchObject([{ dueMinor: 2_000, pendingMinor: 0 }]);
    },
  );

  it('scenario 53: of a part holds all, takes back its share, and lets the rest go in the end', async () => {
    const { partnerId, sale } = await saleOf10000();
    const dispute = disputeOf(sale.charge, 4_000, PAID_AT + 100);
    await story.happens(...sale.events, dispute.opened);
    expect(await standing(partnerId)).toMatchObject({ state: 'held', heldMinor: 2_000 });

    await story.happens(...twice([dispute.withdrawn()]));
    expect(await standing(partnerId)).toMatchObject({ state: 'held', netMinor: 1_200, heldMinor: 1_200 });

    await story.happens(...twice([dispute.closed('lost')]));
    expect(await standing(partnerId)).toEqual({
      ...{ state: 'pending', netMinor: 1_200, dueAt: DUE_AT, heldMinor: 0, pendingMinor: 1_200 },
    });
  });

  it('scenarios 51 and 53: leaves the same in whatever order it is told', async () => {
    for (const order of ordersOf([0, 1, 2, 3])) {
      const { partnerId, sale } = await saleOf10000();
      const dispute = disputeOf(sale.charge, 4_000, PAID_AT + 100);
      const told = [sale.events, [dispute.opened], [dispute.withdrawn()], [dispute.closed('lost')]];

      for (const index of order) await story.happens(...twice(told[index]!));

      expect({ order, ...(await standing(partnerId)) }).toEqual({
        ...{ order, state: 'pending', netMinor: 1_200, dueAt: DUE_AT, heldMinor: 0, pendingMinor: 1_200 },
      });
    }
  });

  it('is still open when its funds come back: they are held until it is closed', async () => {
    const { partnerId, sale } = await saleOf10000();
    const dispute = disputeOf(sale.charge, 10_000, PAID_AT + 100);
    await story.happens(...sale.events, dispute.opened);
    await story.happens(dispute.withdrawn());

    await story.happens(dispute.reinstated());
    expect(await standing(partnerId)).toMatchObject({ state: 'held', netMinor: 2_000, heldMinor: 2_000 });

    await story.happens(dispute.closed('won'));
    expect(await standing(partnerId)).toMatchObject({ state: 'pending', netMinor: 2_000, pendingMinor: 2_000 });
  });
});

describe('an early fraud warning', () => {
  it('scenario 55: holds, and takes nothing back', async () => {
    const { partnerId, sale } = await saleOf10000();

    await story.happens(...twice([warningOf(sale.charge, PAID_AT + 100)]));
    await story.happens(...twice(sale.events));

    expect(await standing(partnerId)).toMatchObject({ state: 'held', netMinor: 2_000, heldMinor: 2_000 });
    expect(await story.postings(partnerId)).toEqual([
      { kind: 'earning', amountMinor: 2_000 },
      { kind: 'hold', amountMinor: -2_000 },
    ]);
  });
});
