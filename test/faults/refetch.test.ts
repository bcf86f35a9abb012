import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { deliverAll, drain, randomId, stripeEvent, type StripeObject } from '../support/stripe-events.js';
import { customer } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
let sandbox: StripeSandbox;
beforeAll(async () => {
  service = await startTestService({ sandbox: true });
  sandbox = service.sandbox as unknown as StripeSandbox;
  // What the sandbox itself would tell stays out of it: the tests tell their own, contradicting events.
  sandbox.deliveries.hold();
});
afterAll(() => service.stop());

async function stripe(method: string, path: string, params: Record<string, string> = {}): Promise<StripeObject> {
  const headers = { authorization: 'Bearer sk_test_faults', 'content-type': 'application/x-www-form-urlencoded' };
  const body = method === 'POST' ? new URLSearchParams(params).toString() : undefined;
  return (await (await fetch(sandbox.url + path, { method, headers, body })).json()) as StripeObject;
}

/** Two states of one second that nothing orders. */
function contradiction(of: StripeObject) {
  const created = Math.floor(sandbox.clock.now().getTime() / 1000) - 30;
  return ['first', 'second'].map((name) => stripeEvent('customer.updated', { ...of, name }, { created }));
}

interface Row {
  name: string | null;
  undecided: boolean;
  deleted: boolean;
}

async function rowOf(id: string): Promise<Row | undefined> {
  const [row] = await service.db.query<Row[]>(
    `SELECT data->>'name' AS name, undecided, deleted_at IS NOT NULL AS deleted FROM stripe.customers WHERE id = $1`,
    [id],
  );
  return row;
}

/** Lets the refetches that wait for their second come now, and does them. */
async function refetch(): Promise<void> {
  await service.db.query(`UPDATE tributary.refetch SET available_at = now()`);
  await (service.workers.get('refetch') as PollingWorker).drain();
}

const waitingRefetches = () => service.db.query(`SELECT reason FROM tributary.refetch`);
const timesAsked = (id: string): number => sandbox.requests.list({ method: 'GET', path: `/v1/customers/${id}` }).length;

describe('two states of one second that contradict each other', () => {
  it.each([
    ['as they were made', false],
    ['the other way round', true],
  ])('failure 4: end as Stripe has it, delivered %s', async (_order, reversed) => {
    const truth = await stripe('POST', '/v1/customers', { name: 'the truth' });
    const events = contradiction(truth);
    await deliverAll(service, reversed ? [...events].reverse() : events);
    await drain(service, ['inbox']);
    expect(await rowOf(truth.id)).toEqual({ name: expect.any(String), undecided: true, deleted: false });

    await refetch();

    expect(await rowOf(truth.id)).toEqual({ name: 'the truth', undecided: false, deleted: false });
    const [{ data }] = await service.db.query<[{ data: object }]>(`SELECT data FROM stripe.customers WHERE id = $1`, [
      truth.id,
    ]);
    expect(data).toEqual(await stripe('GET', `/v1/customers/${truth.id}`));
    expect(await waitingRefetches()).toEqual([]);
  });

  it('failure 4: end the same when each comes in a batch of its own', async () => {
    const truth = await stripe('POST', '/v1/customers', { name: 'the truth' });
    for (const event of contradiction(truth)) {
      await deliverAll(service, [event]);
      await drain(service, ['inbox']);
    }

    await refetch();

    expect(await rowOf(truth.id)).toEqual({ name: 'the truth', undecided: false, deleted: false });
  });
});

describe('an object that is gone before it is asked for', () => {
  it('failure 5: is a tombstone when Stripe says that it was deleted, after one question', async () => {
    const gone = await stripe('POST', '/v1/customers', { name: 'gone' });
    const events = contradiction(gone);
    await deliverAll(service, events);
    await drain(service, ['inbox']);
    await stripe('DELETE', `/v1/customers/${gone.id}`);

    await refetch();

    // The last full state that was told is kept as what was deleted.
    expect(await rowOf(gone.id)).toEqual({
      name: expect.stringMatching(/^(first|second)$/),
      undecided: false,
      deleted: true,
    });
    expect(await waitingRefetches()).toEqual([]);
    expect(timesAsked(gone.id)).toBeLessThanOrEqual(2);
  });

  it('failure 5: is a tombstone when Stripe does not know it, and stays one when a late update comes', async () => {
    const unknown = customer({ id: randomId('cus') });
    const events = contradiction(unknown);
    await deliverAll(service, events);
    await drain(service, ['inbox']);

    await refetch();
    expect(await rowOf(unknown.id)).toMatchObject({ undecided: false, deleted: true });
    expect(timesAsked(unknown.id)).toBeLessThanOrEqual(2);

    const [late] = contradiction({ ...unknown, name: 'late' });
    await deliverAll(service, [{ ...late, created: Number(late?.created) + 10 } as NonNullable<typeof late>]);
    await drain(service, ['inbox']);
    expect(await rowOf(unknown.id)).toMatchObject({ deleted: true });
    expect(await waitingRefetches()).toEqual([]);
  });
});
