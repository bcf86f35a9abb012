import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliverAll, drain, stripeEvent } from '../support/stripe-events.js';
import { subscription, subscriptionItem } from '../support/stripe-objects.js';
import { Story } from '../support/story.js';

const NOON = new Date('2026-03-10T12:00:00Z');
const DAY_SECONDS = 86_400;

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs(NOON);
});
afterAll(() => story.end());

const at = (id: string, path: string): string => `/v1/billing/subscriptions/${id}/${path}`;

describe('whether a subscription is valid', () => {
  const unix = NOON.getTime() / 1_000;

  async function known(fields: Record<string, unknown>, end = unix + DAY_SECONDS): Promise<string> {
    const items = [
      subscriptionItem({ current_period_start: unix - 29 * DAY_SECONDS, current_period_end: end }),
      subscriptionItem({ current_period_start: unix - 3 * DAY_SECONDS, current_period_end: end - DAY_SECONDS }),
    ];
    const object = subscription(fields, items);
    await deliverAll(story.service, [stripeEvent('customer.subscription.updated', object, { created: unix })]);
    await drain(story.service, ['inbox']);
    return object.id;
  }

  it.each([
    [{ status: 'active' }, '', true, 'active'],
    [{ status: 'trialing' }, '', true, 'trialing'],
    [{ status: 'past_due' }, '', false, 'past_due'],
    [{ status: 'past_due' }, `?pastDueGraceSeconds=${30 * DAY_SECONDS}`, true, 'past_due_in_grace'],
    [{ status: 'unpaid' }, '', false, 'unpaid'],
    [{ status: 'incomplete' }, '', false, 'incomplete'],
    [{ status: 'canceled', ended_at: unix }, '', false, 'canceled'],
    [{ status: 'active', cancel_at: unix - 3 * DAY_SECONDS }, '', false, 'cancellation_due'],
    [
      { status: 'active', pause_collection: { behavior: 'keep_as_draft', resumes_at: null } },
      '',
      true,
      'collection_paused',
    ],
    [{ status: 'active', pause_collection: { behavior: 'void', resumes_at: unix - 1 } }, '', true, 'active'],
    [{ status: 'a_new_one' }, '', false, 'unknown_status'],
  ])('%j%s is told with its reason', async (fields, query, valid, reason) => {
    const id = await known(fields);

    const answer = await story.call<Record<string, unknown>>('GET', at(id, `validity${query}`));

    expect(answer).toMatchObject({ valid, reason, status: fields.status });
    expect(answer.explanation).toMatch(valid ? /^Valid: .+\.$/ : /^Not valid: .+\.$/);
  });

  it('goes by the last end among its items, and by the grace', async () => {
    const justOver = await known({ status: 'active' }, unix - 3_600);
    const over = await known({ status: 'active' }, unix - 3 * 3_600);
    const validity = (id: string, query = '') => story.call('GET', at(id, `validity${query}`));

    expect(await validity(justOver)).toMatchObject({ valid: true, reason: 'renewing' });
    expect(await validity(justOver, '?graceSeconds=0')).toMatchObject({ valid: false, reason: 'period_over' });
    expect(await validity(over)).toMatchObject({
      valid: false,
      reason: 'period_over',
      currentPeriodStart: new Date((unix - 29 * DAY_SECONDS) * 1_000).toISOString(),
      currentPeriodEnd: '2026-03-10T09:00:00.000Z',
    });
  });
});
