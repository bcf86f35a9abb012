import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matches, newestWithinSecond, type EventState } from './event-order.js';

const never = (): boolean => false;
const isPaid = (data: Record<string, unknown>): boolean => data.status === 'paid';

function event(
  eventId: string,
  kind: EventState['kind'],
  data: Record<string, unknown>,
  previous: EventState['previous'] = null,
): EventState {
  return { eventId, kind, data: { id: 'obj_1', ...data }, previous };
}

/** A chain of updates of a few fields, as Stripe would report them: each with the values it replaced. */
const lifecycle = fc
  .array(fc.record({ field: fc.constantFrom('status', 'amount', 'note'), value: fc.integer({ min: 0, max: 999 }) }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((changes) => {
    let data: Record<string, unknown> = { status: 0, amount: 0, note: 0, step: 0 };
    const events = [event('evt_0', 'created', data)];
    changes.forEach(({ field, value }, index) => {
      const previous = { [field]: data[field], step: data.step };
      data = { ...data, [field]: value, step: index + 1 };
      events.push(event(`evt_${(index * 7919) % 1000}_${index}`, 'changed', data, previous));
    });
    return events;
  });

describe('newestWithinSecond', () => {
  it('finds the end of any chain of updates, in whatever order and number its events come', () => {
    fc.assert(
      fc.property(lifecycle, fc.infiniteStream(fc.nat()), (events, numbers) => {
        const last = events[events.length - 1] as EventState;
        const shuffled = [...events, ...events.filter(() => Number(numbers.next().value) % 2 === 0)].sort(
          () => (Number(numbers.next().value) % 3) - 1,
        );

        const decision = newestWithinSecond(shuffled, never);

        expect(decision).toEqual({ newest: last, undecided: false });
      }),
    );
  });

  it('puts a creation first and a deletion last, whatever the ids say', () => {
    const created = event('evt_9', 'created', { name: 'new' });
    const changed = event('evt_5', 'changed', { name: 'changed' });
    const deleted = event('evt_1', 'deleted', { name: 'changed' });

    expect(newestWithinSecond([changed, created], never).newest).toBe(changed);
    expect(newestWithinSecond([deleted, changed, created], never)).toEqual({ newest: deleted, undecided: false });
  });

  it('follows a value that goes away and comes back', () => {
    const a = event('evt_3', 'created', { plan: 'a' });
    const b = event('evt_1', 'changed', { plan: 'b' }, { plan: 'a' });
    const back = event('evt_2', 'changed', { plan: 'a' }, { plan: 'b' });

    expect(newestWithinSecond([back, b, a], never)).toEqual({ newest: back, undecided: false });
  });

  it('lets a terminal state decide what the chain leaves open', () => {
    const open = event('evt_2', 'changed', { status: 'open' });
    const paid = event('evt_1', 'changed', { status: 'paid' });

    expect(newestWithinSecond([open, paid], isPaid)).toEqual({ newest: paid, undecided: false });
  });

  it('does not guess between two states that nothing orders, but chooses the same one every time', () => {
    const pastDue = event('evt_1', 'changed', { status: 'past_due' });
    const active = event('evt_2', 'changed', { status: 'active' });

    expect(newestWithinSecond([pastDue, active], isPaid)).toEqual({ newest: active, undecided: true });
    expect(newestWithinSecond([active, pastDue], isPaid)).toEqual({ newest: active, undecided: true });
  });

  it('is undecided while a link of the chain is missing', () => {
    const first = event('evt_1', 'changed', { n: 1 }, { n: 0 });
    const third = event('evt_3', 'changed', { n: 3 }, { n: 2 });
    const second = event('evt_2', 'changed', { n: 2 }, { n: 1 });

    expect(newestWithinSecond([third, first], never).undecided).toBe(true);
    expect(newestWithinSecond([third, first, second], never)).toEqual({ newest: third, undecided: false });
  });

  it('asks rather than order more states than a second can reasonably hold', () => {
    const events = Array.from({ length: 11 }, (_, n) => event(`evt_${n}`, 'changed', { n: n + 1 }, { n }));

    expect(newestWithinSecond(events, never).undecided).toBe(true);
  });
});

describe('matches', () => {
  it('takes absent and null for the same, and looks into nested values only where the difference does', () => {
    expect(matches({ metadata: { plan: null } }, { metadata: { other: '1' } })).toBe(true);
    expect(matches({ metadata: { plan: 'x' } }, { metadata: { plan: 'y' } })).toBe(false);
    expect(matches({ list: [1, 2] }, { list: [2, 1] })).toBe(false);
  });
});
