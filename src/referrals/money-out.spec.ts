import { describe, expect, it } from '@jest/globals';
import { moneyOut, type ChargeMovements } from './money-out.js';

const charge = (over: Partial<ChargeMovements>): ChargeMovements => ({
  chargeId: 'ch_1',
  amountRefunded: 0,
  eventId: null,
  refunds: [],
  disputes: [],
  ...over,
});
const refund = (id: string, amount: number, status = 'succeeded') => ({
  id,
  amount,
  status,
  created: 1_000,
  eventId: `evt_${id}`,
});

describe('moneyOut', () => {
  it('counts a refund once, though the charge tells of it as well', () => {
    expect(moneyOut([charge({ amountRefunded: 2_500, refunds: [refund('re_1', 2_500)] })])).toEqual({
      outMinor: 2_500,
      lastAt: new Date(1_000_000),
      moves: [{ id: 're_1', eventId: 'evt_re_1', minor: 2_500, at: new Date(1_000_000) }],
    });
  });

  it('believes the charge while refunds of it are still missing', () => {
    expect(moneyOut([charge({ amountRefunded: 3_000, refunds: [refund('re_1', 1_000)] })]).outMinor).toBe(3_000);
  });

  it('tells what left when, oldest first', () => {
    const refunds = [{ ...refund('re_2', 500), created: 3_000 }, refund('re_1', 1_000)];

    expect(moneyOut([charge({ amountRefunded: 1_500, refunds })]).moves).toEqual([
      { id: 're_1', eventId: 'evt_re_1', minor: 1_000, at: new Date(1_000_000) },
      { id: 're_2', eventId: 'evt_re_2', minor: 500, at: new Date(3_000_000) },
    ]);
  });

  it('does not count a refund that failed, whether or not the charge has noticed', () => {
    expect(moneyOut([charge({ amountRefunded: 500, refunds: [refund('re_1', 500, 'failed')] })]).outMinor).toBe(0);
    expect(
      moneyOut([charge({ amountRefunded: 0, eventId: 'evt_charge', refunds: [refund('re_1', 500, 'failed')] })])
        .outMinor,
    ).toBe(0);
  });

  it('counts a dispute from the withdrawal of its funds to their reinstatement', () => {
    const dispute = (movements: unknown) => ({ id: 'dp_1', amount: 4_000, created: 2_000, movements, eventId: null });

    expect(moneyOut([charge({ disputes: [dispute([])] })]).outMinor).toBe(0);
    expect(moneyOut([charge({ disputes: [dispute([{ amount: -4_000, created: 2_000 }])] })]).outMinor).toBe(4_000);
    expect(moneyOut([charge({ disputes: [dispute([{ amount: -4_000 }, { amount: 4_000 }])] })]).outMinor).toBe(0);
  });
});
