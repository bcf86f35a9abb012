import { deliverAll, drain, stripeEvent } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

/** The second of every event of these tests. */
export const AT = 1_780_000_000;
export const TODAY = '2026-10-28.endive';

export type Row = Record<string, unknown>;

/** A mirror that only events fill, and questions to it in SQL. */
export class ViewsWorld {
  private constructor(readonly service: TestService) {}

  static async start(): Promise<ViewsWorld> {
    const env = { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' };
    return new ViewsWorld(await startTestService({ sandbox: false, env }));
  }

  stop(): Promise<void> {
    return this.service.stop();
  }

  rows<T = Row>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return this.service.db.query<T[]>(sql, parameters);
  }

  async one(sql: string, parameters: unknown[] = []): Promise<Row | undefined> {
    return (await this.rows(sql, parameters))[0];
  }

  /** Mirrors the objects as events of that API version, each of its own type. */
  async mirrored(apiVersion: string, ...events: Array<[type: string, object: Row]>): Promise<void> {
    await deliverAll(
      this.service,
      events.map(([type, object]) => stripeEvent(type, object, { apiVersion, created: AT })),
    );
    await drain(this.service, ['inbox']);
  }
}
