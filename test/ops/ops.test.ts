import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';

import { BacklogReporter, type QueueBacklog } from '../../src/common/backlog.js';
import { Metrics, MetricsModule } from '../../src/common/metrics.js';
import { revertLastMigration } from '../../src/database/migrate.js';
import { OpsModule } from '../../src/ops/ops.module.js';
import { openTestDatabase, type OpenTestDatabase } from '../support/test-database.js';

class FakeBacklog extends BacklogReporter {
  answer: () => Promise<QueueBacklog[]> = async () => [{ queue: 'inbox', waiting: 7, oldestSeconds: 90_000 }];

  override async backlog(): Promise<QueueBacklog[]> {
    return await this.answer();
  }
}

describe('ops', () => {
  let database: OpenTestDatabase;
  const backlog = new FakeBacklog();
  const apps: NestFastifyApplication[] = [];

  async function startApp(): Promise<NestFastifyApplication> {
    @Global()
    @Module({
      providers: [
        { provide: DataSource, useValue: database.dataSource },
        { provide: BacklogReporter, useValue: backlog },
      ],
      exports: [DataSource, BacklogReporter],
    })
    class Surroundings {}
    const module = await Test.createTestingModule({ imports: [Surroundings, MetricsModule, OpsModule] }).compile();
    const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.init();
    apps.push(app);
    return app;
  }

  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await database.drop();
  });

  it('is alive without looking at anything', async () => {
    const app = await startApp();

    expect((await app.inject('/livez')).json()).toEqual({ status: 'alive' });
  });

  it('is ready after a write, and reports a backlog without minding it', async () => {
    const app = await startApp();

    const answer = await app.inject('/readyz');

    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      status: 'ready',
      reasons: [],
      databaseWriteMs: expect.any(Number),
      backlog: [{ queue: 'inbox', waiting: 7, oldestSeconds: 90_000 }],
    });
  });

  it('is ready when the backlog cannot be told', async () => {
    const app = await startApp();
    backlog.answer = () => Promise.reject(new Error('broken'));

    expect((await app.inject('/readyz')).json()).toMatchObject({ status: 'ready', backlog: null });
  });

  it('is not ready within two seconds when the database hangs', async () => {
    const app = await startApp();
    const blocker = database.dataSource.createQueryRunner();
    await blocker.startTransaction();
    await blocker.query('lock table tributary.readiness');
    const started = performance.now();

    const answer = await app.inject('/readyz');

    expect(answer.statusCode).toBe(503);
    expect(performance.now() - started).toBeLessThan(2_000);
    await blocker.rollbackTransaction();
    await blocker.release();
    expect((await app.inject('/readyz')).statusCode).toBe(200);
  });

  it('is not ready while it drains', async () => {
    const app = await startApp();
    const { ReadinessService } = await import('../../src/ops/readiness.service.js');

    app.get(ReadinessService).onModuleDestroy();

    expect((await app.inject('/readyz')).json()).toMatchObject({ status: 'not_ready', reasons: ['shutting down'] });
  });

  it('is not ready and writes nothing while migrations are pending', async () => {
    const app = await startApp();
    await revertLastMigration(database.dataSource);

    const answer = await app.inject('/readyz');

    expect(answer.statusCode).toBe(503);
    expect(answer.json<{ reasons: string[] }>().reasons).toEqual([
      expect.stringMatching(/^migrations are pending: \w+$/),
    ]);
    await database.dataSource.runMigrations();
    expect((await app.inject('/readyz')).statusCode).toBe(200);
  });

  it('shows the metrics of the process, of the queues and of whoever adds some', async () => {
    const app = await startApp();
    backlog.answer = async () => [{ queue: 'settle', waiting: 3, oldestSeconds: 5 }];
    app.get(Metrics).counter({ name: 'tributary_things_total', help: 'Things' }).inc(4);

    const answer = await app.inject('/metrics');

    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain('tributary_things_total 4');
    expect(answer.body).toContain('tributary_backlog_waiting{queue="settle"} 3');
    expect(answer.body).toContain('tributary_backlog_oldest_seconds{queue="settle"} 5');
    expect(answer.body).toContain('nodejs_eventloop_lag_seconds');
  });
});
