import { describe, expect, it } from '@jest/globals';
import { faultsOf, isAllowed, PAYOUT_STATES, PAYOUT_TRANSITIONS, requireTransition } from './payout-states.js';

describe('the states of a payout', () => {
  it('has a row for every state, each of which can be reached', () => {
    expect(Object.keys(PAYOUT_TRANSITIONS).sort()).toEqual([...PAYOUT_STATES].sort());
    expect(faultsOf(PAYOUT_TRANSITIONS)).toEqual([]);
  });

  it('finds a state that leads nowhere known and one that nothing leads to', () => {
    expect(faultsOf({ draft: ['lost'], orphan: [] })).toEqual(['lost is no state', 'orphan cannot be reached']);
  });

  it('never cancels what was approved, and never fails what may have happened', () => {
    const leadingTo = (to: (typeof PAYOUT_STATES)[number]) => PAYOUT_STATES.filter((from) => isAllowed(from, to));

    expect(leadingTo('canceled')).toEqual(['draft']);
    expect(leadingTo('failed')).toEqual(['sending']);
  });

  it('refuses a change that the table does not have', () => {
    expect(() => requireTransition('sent', 'approved')).toThrow('from sent to approved');
  });
});
