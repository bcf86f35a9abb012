import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { customer } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ sandbox: false, env: { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' } });
});
afterAll(() => service.stop());

/** Random, so that PostgreSQL cannot make it short. */
const ENDLESS = randomBytes(4_000).toString('hex');

describe('an event that no column takes', () => {
  it.each([
    ['id', { id: `evt_${ENDLESS}` }],
    ['id', { id: 'evt_\u0000' }],
    ['type', { type: 'customer.\u0000' }],
    ['account', { account: `acct_${ENDLESS}` }],
    ['api_version', { api_version: '2026\u0000' }],
  ])('is refused for its %s, and takes no other delivery with it', async (field, odd) => {
    const fine = Array.from({ length: 20 }, () => stripeEvent('customer.created', customer()));

    const [refused, ...accepted] = await Promise.all([
      deliver(service, { ...stripeEvent('customer.created', customer()), ...odd }),
      ...fine.map((event) => deliver(service, event)),
    ]);

    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'invalid_event', field } } });
    expect(accepted.map(({ status }) => status)).toEqual(fine.map(() => 200));
  });

  it.each([`cus_${ENDLESS}`, 'cus_\u0000'])('is stored when it is only its object that has such an id', async (id) => {
    const event = stripeEvent('customer.created', customer({ id }), { id: randomId('evt') });

    expect((await deliver(service, event)).status).toBe(200);
    await drain(service, ['inbox']);

    const rows = await service.db.query(
      `SELECT state, error IS NOT NULL AS failed FROM tributary.webhook_event WHERE id = $1`,
      [event.id],
    );
    expect(rows).toEqual([{ state: 'pending', failed: true }]);
  });
});
