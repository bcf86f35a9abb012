import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PartitionsWorker } from '../../src/webhooks/partitions.worker.js';
import { deliver, stripeEvent } from '../support/stripe-events.js';
import { customer } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ sandbox: false, env: { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' } });
});
afterAll(() => service.stop());

describe('the partitions', () => {
  it('are made a month each, ahead of time, and take the events of their month', async () => {
    const worker = service.app.get(PartitionsWorker);
    await worker.ensure(new Date('2031-11-15T00:00:00Z'));
    await worker.ensure(new Date('2031-11-15T00:00:00Z'));

    const names = await service.db.query<Array<{ name: string }>>(
      `SELECT c.relname AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
        WHERE inhparent = 'tributary.webhook_event'::regclass AND c.relname LIKE '%203%' ORDER BY 1`,
    );
    expect(names.map(({ name }) => name)).toEqual([
      'webhook_event_2031_11',
      'webhook_event_2031_12',
      'webhook_event_2032_01',
      'webhook_event_2032_02',
    ]);
    const event = stripeEvent('customer.created', customer(), { created: Date.UTC(2031, 11, 31) / 1000 });
    expect((await deliver(service, event)).status).toBe(200);
    expect(await service.db.query(`SELECT id FROM tributary.webhook_event_2031_12`)).toEqual([{ id: event.id }]);
  });
});
