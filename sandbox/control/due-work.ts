import { settlePayout } from '../billing/payouts.js';
import { collect, finalize } from '../billing/invoice-lifecycle.js';
import { nextDue, runDue } from '../billing/subscription-renewal.js';
import { expireSession } from '../billing/checkout-expiry.js';
import { nextStep, stepSchedule } from '../billing/schedules.js';
import { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import type { World } from '../core/world.js';
import { balanceObject, settlePending } from '../money/balance.js';

type TestClock = Kinds['test_helpers.test_clock'];

/** One thing that happens by itself at a known instant. */
interface DueWork {
  at: number;
  run(scope: Scope): void;
}

/** More steps than this mean that something is due for ever. */
const MAX_STEPS = 100_000;
const TRIAL_NOTICE_SECONDS = 3 * 86_400;

/** Everything that is due up to `until`, in the order of its instants. Answers null when nothing is left. */
export function nextInstant(world: World, from: number, until: number, clock: string | null = null): number | null {
  const instants = world.store.accounts().flatMap((account) => workOf(new Scope(world, account), clock, from));
  const due = instants.map(({ at }) => at).filter((at) => at <= until);
  return due.length === 0 ? null : due.reduce((a, b) => Math.min(a, b));
}

/** Does what is due at `instant`, at that time. */
export function runInstant(world: World, instant: number, from: number, clock: string | null = null): void {
  for (const account of world.store.accounts()) {
    const scope = new Scope(world, account).at(instant);
    for (const work of workOf(scope, clock, from)) {
      if (work.at <= instant) world.transact(() => work.run(scope));
    }
  }
}

/** Moves a test clock: only its customers' time passes. */
export function advanceTestClock(scope: Scope, clock: TestClock, until: number): TestClock {
  const { world } = scope;
  let at = clock.frozen_time;
  const advancing = scope.update('test_helpers.test_clock', clock, {
    status: 'advancing',
    status_details: { advancing: { target_frozen_time: until } },
  });
  scope.emit('test_helpers.test_clock.advancing', advancing);
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = nextInstant(world, at, until, clock.id);
    if (next === null) break;
    runInstant(world, next, at, clock.id);
    at = Math.max(at, next);
  }
  const ready = scope.update('test_helpers.test_clock', clock, {
    frozen_time: until,
    status: 'ready',
    status_details: {},
  });
  scope.emit('test_helpers.test_clock.ready', ready);
  return ready;
}

function workOf(scope: Scope, clock: string | null, from: number): DueWork[] {
  const billing = [
    ...scheduleWork(scope, clock),
    ...subscriptionWork(scope, clock, from),
    ...invoiceWork(scope, clock),
  ];
  return clock === null ? [...billing, ...accountWork(scope)] : billing;
}

/** Before the subscriptions: a phase that ends where a period does decides what the next period costs. */
function scheduleWork(scope: Scope, clock: string | null): DueWork[] {
  return scope
    .all(
      'subscription_schedule',
      (row) => (row.test_clock ?? null) === clock && ['active', 'not_started'].includes(row.status),
    )
    .flatMap((schedule): DueWork[] => {
      const at = nextStep(schedule);
      if (at === null) return [];
      return [{ at, run: (time) => stepSchedule(time, time.get('subscription_schedule', schedule.id)) }];
    });
}

function subscriptionWork(scope: Scope, clock: string | null, from: number): DueWork[] {
  return scope
    .all('subscription', (row) => row.test_clock === clock)
    .flatMap((subscription): DueWork[] => {
      const at = nextDue(subscription);
      if (at === null) return [];
      const work: DueWork[] = [{ at, run: (time) => runDue(time, time.get('subscription', subscription.id)) }];
      const notice = (subscription.trial_end ?? 0) - TRIAL_NOTICE_SECONDS;
      // Told once, when the time passes over it.
      if (subscription.status === 'trialing' && notice > from) {
        work.push({
          at: notice,
          run: (time) => time.emit('customer.subscription.trial_will_end', time.get('subscription', subscription.id)),
        });
      }
      return work;
    });
}

function invoiceWork(scope: Scope, clock: string | null): DueWork[] {
  return scope
    .all('invoice', (row) => row.test_clock === clock)
    .flatMap((invoice): DueWork[] => {
      const { id, next_payment_attempt: retryAt, automatically_finalizes_at: finalizesAt } = invoice;
      if (invoice.status === 'open' && retryAt !== null) {
        return [{ at: retryAt, run: (time) => void collect(time, time.get('invoice', id)) }];
      }
      if (invoice.status === 'draft' && finalizesAt !== null) {
        return [{ at: finalizesAt, run: (time) => void collect(time, finalize(time, time.get('invoice', id))) }];
      }
      return [];
    });
}

function accountWork(scope: Scope): DueWork[] {
  const payouts = scope
    .all('payout', ({ status }) => status === 'pending' || status === 'in_transit')
    .map(({ id, arrival_date }): DueWork => ({
      at: arrival_date,
      run: (time) => void settlePayout(time, time.get('payout', id), 'paid'),
    }));
  const sessions = scope
    .all('checkout.session', ({ status }) => status === 'open')
    .map(({ id, expires_at }): DueWork => ({
      at: expires_at,
      run: (time) => void expireSession(time, time.get('checkout.session', id)),
    }));
  const pending = new Set(
    scope.all('balance_transaction', ({ status }) => status === 'pending').map(({ available_on }) => available_on),
  );
  const funds = [...pending].map((at): DueWork => ({
    at,
    run: (time) => {
      if (settlePending(time)) time.emit('balance.available', balanceObject(time));
    },
  }));
  return [...payouts, ...sessions, ...funds];
}
