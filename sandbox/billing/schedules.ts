import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { intervalsAfter, type Interval } from '../money/periods.js';
import { endSubscription, settleBeforeEnd } from './subscription-cancel.js';
import { createSubscription } from './subscription-create.js';
import { itemsOf, periodEnd, requireRecurring, type Subscription } from './subscription-items.js';
import { updateItems, type ItemChange } from './subscription-update.js';

export type Schedule = Kinds['subscription_schedule'];
export type Phase = Schedule['phases'][number];

export interface PhaseRequest {
  items: { price?: string; quantity?: number }[];
  start?: number;
  end_date?: number;
  duration?: { interval: Interval['interval']; interval_count?: number };
  proration_behavior?: 'always_invoice' | 'create_prorations' | 'none';
  metadata?: Record<string, string>;
}
export interface ScheduleFields {
  customer: Kinds['customer'];
  start: number;
  phases: readonly PhaseRequest[];
  endBehavior: Schedule['end_behavior'];
  metadata: Record<string, string>;
  subscription?: Subscription;
}

const LIVE = ['not_started', 'active'];

/** Each phase begins where the one before ends; without an end of its own it lasts for one interval of its price. */
export function phasesFrom(scope: Scope, start: number, requests: readonly PhaseRequest[]): Phase[] {
  let from = start;
  return requests.map((request, index) => {
    const phase = phaseOf(scope, from, request, `phases[${index}]`);
    from = phase.end_date;
    return phase;
  });
}

function phaseOf(scope: Scope, start: number, request: PhaseRequest, param: string): Phase {
  const prices = request.items.map(({ price }, index) =>
    requireRecurring(scope, price, `${param}[items][${index}][price]`),
  );
  const [first] = prices;
  if (!first) throw invalidRequest('A phase must have at least one item.', { param: `${param}[items]` });
  const { duration } = request;
  const length = duration ? { interval_count: 1, ...duration } : (first.recurring as Interval);
  const end = request.end_date ?? intervalsAfter(start, length, 1);
  if (end <= start) throw invalidRequest('A phase must end after it starts.', { param: `${param}[end_date]` });
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: null,
    billing_thresholds: null,
    collection_method: null,
    currency: first.currency,
    default_payment_method: null,
    description: null,
    discounts: [],
    end_date: end,
    invoice_settings: null,
    items: prices.map((price, index) => ({
      billing_thresholds: null,
      discounts: [],
      metadata: {},
      plan: price.id,
      price: price.id,
      quantity: request.items[index]?.quantity ?? 1,
      tax_rates: [],
    })),
    metadata: request.metadata ?? {},
    on_behalf_of: null,
    proration_behavior: request.proration_behavior ?? 'create_prorations',
    start_date: start,
    transfer_data: null,
    trial_end: null,
  };
}

/** The plan of a subscription over time. A phase that begins now begins with the request. */
export function createSchedule(scope: Scope, fields: ScheduleFields): Schedule {
  const { customer, subscription } = fields;
  const schedule: Schedule = {
    id: stripeId('sub_sched'),
    object: 'subscription_schedule',
    application: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    canceled_at: null,
    completed_at: null,
    created: scope.now,
    current_phase: null,
    customer: customer.id,
    customer_account: null,
    default_settings: DEFAULT_SETTINGS,
    end_behavior: fields.endBehavior,
    livemode: false,
    metadata: fields.metadata,
    pause_schedules: [],
    phases: subscription ? [runningPhase(scope, subscription)] : phasesFrom(scope, fields.start, fields.phases),
    released_at: null,
    released_subscription: null,
    status: 'not_started',
    subscription: null,
    test_clock: customer.test_clock ?? null,
  };
  scope.insert('subscription_schedule', schedule, 'subscription_schedule.created');
  if (subscription) return join(scope, schedule, subscription);
  return fields.start <= scope.now ? beginSchedule(scope, schedule) : schedule;
}

const DEFAULT_SETTINGS: Schedule['default_settings'] = {
  application_fee_percent: null,
  billing_cycle_anchor: 'automatic',
  billing_thresholds: null,
  collection_method: 'charge_automatically',
  default_payment_method: null,
  description: null,
  invoice_settings: {
    account_tax_ids: null,
    custom_fields: null,
    days_until_due: null,
    description: null,
    footer: null,
    issuer: { type: 'self' },
  },
  on_behalf_of: null,
  transfer_data: null,
};

function runningPhase(scope: Scope, subscription: Subscription): Phase {
  const items = itemsOf(scope, subscription).map(({ price, quantity }) => ({ price: price.id, quantity }));
  const start = subscription.items.data[0]?.current_period_start ?? subscription.start_date;
  return phaseOf(scope, start, { items, end_date: periodEnd(subscription) }, 'phases[0]');
}

function join(scope: Scope, schedule: Schedule, subscription: Subscription): Schedule {
  const [first] = schedule.phases;
  scope.update('subscription', subscription, { schedule: schedule.id }, 'customer.subscription.updated');
  const current = first ? { start_date: first.start_date, end_date: first.end_date } : null;
  const patch: Partial<Schedule> = { current_phase: current, status: 'active', subscription: subscription.id };
  return scope.update('subscription_schedule', schedule, patch, 'subscription_schedule.updated');
}

export function beginSchedule(scope: Scope, schedule: Schedule): Schedule {
  const items = schedule.phases[0]?.items.map(({ price, quantity }) => ({ price, quantity })) ?? [];
  return join(scope, schedule, createSubscription(scope, { customer: schedule.customer, items }));
}

/** When the schedule itself does something next, or null. */
export function nextStep({ status, phases, current_phase: current }: Schedule): number | null {
  if (status === 'not_started') return phases[0]?.start_date ?? null;
  return status === 'active' ? (current?.end_date ?? null) : null;
}

/** What is due at the scope's time: the first phase, the next one, or the end. */
export function stepSchedule(scope: Scope, schedule: Schedule): void {
  if (schedule.status === 'not_started') {
    beginSchedule(scope, schedule);
    return;
  }
  const subscription = scope.maybe('subscription', schedule.subscription ?? '');
  const next = schedule.phases.find(({ start_date }) => start_date >= (schedule.current_phase?.end_date ?? 0));
  if (!subscription || subscription.status === 'canceled' || (!next && schedule.end_behavior === 'cancel')) {
    complete(scope, schedule, subscription);
  } else if (next) {
    enterPhase(scope, subscription, next);
    const current = { start_date: next.start_date, end_date: next.end_date };
    scope.update('subscription_schedule', schedule, { current_phase: current }, 'subscription_schedule.updated');
  } else releaseSchedule(scope, schedule);
}

function complete(scope: Scope, schedule: Schedule, subscription: Subscription | undefined): void {
  if (subscription && subscription.status !== 'canceled')
    endSubscription(scope, subscription, 'cancellation_requested');
  const patch: Partial<Schedule> = { completed_at: scope.now, current_phase: null, status: 'completed' };
  scope.emit('subscription_schedule.completed', scope.update('subscription_schedule', schedule, patch));
}

/** Items are matched by their price: what stays keeps its id. */
function enterPhase(scope: Scope, subscription: Subscription, phase: Phase): void {
  const known = itemsOf(scope, subscription);
  const kept = phase.items.map(({ price, quantity }): ItemChange => {
    const same = known.find((item) => item.price.id === price);
    return same ? { id: same.id, quantity } : { price, quantity };
  });
  const gone = known.filter((item) => !kept.some(({ id }) => id === item.id));
  updateItems(scope, subscription, {
    changes: [...kept, ...gone.map(({ id }): ItemChange => ({ id, deleted: true }))],
    prorationBehavior: phase.proration_behavior as 'always_invoice' | 'create_prorations' | 'none',
  });
}

function requireLive({ id, status }: Schedule, what: string): void {
  if (LIVE.includes(status)) return;
  throw invalidRequest(
    `You cannot ${what} a subscription schedule that is currently in the \`${status}\` status: ${id}.`,
    {
      code: 'status_transition_invalid',
    },
  );
}

export function changeSchedule(scope: Scope, schedule: Schedule, patch: Partial<Schedule>): Schedule {
  requireLive(schedule, 'update');
  return scope.update('subscription_schedule', schedule, patch, 'subscription_schedule.updated');
}

/** The subscription goes on by itself. */
export function releaseSchedule(scope: Scope, schedule: Schedule): Schedule {
  requireLive(schedule, 'release');
  const subscription = scope.maybe('subscription', schedule.subscription ?? '');
  if (subscription) scope.update('subscription', subscription, { schedule: null }, 'customer.subscription.updated');
  const released = scope.update('subscription_schedule', schedule, {
    current_phase: null,
    released_at: scope.now,
    released_subscription: schedule.subscription,
    status: 'released',
    subscription: null,
  });
  scope.emit('subscription_schedule.released', released);
  return released;
}

export function cancelSchedule(scope: Scope, schedule: Schedule, prorates: boolean, invoices: boolean): Schedule {
  requireLive(schedule, 'cancel');
  const subscription = scope.maybe('subscription', schedule.subscription ?? '');
  if (subscription && subscription.status !== 'canceled') {
    settleBeforeEnd(scope, subscription, prorates, invoices);
    endSubscription(scope, scope.get('subscription', subscription.id), 'cancellation_requested');
  }
  const patch: Partial<Schedule> = { canceled_at: scope.now, current_phase: null, status: 'canceled' };
  const canceled = scope.update('subscription_schedule', schedule, patch);
  scope.emit('subscription_schedule.canceled', canceled);
  return canceled;
}
