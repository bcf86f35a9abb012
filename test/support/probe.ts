import { fileURLToPath } from 'node:url';
import { ProbeModule } from './probe.module.js';
import { startTestService } from './test-service.js';
import type { TestService, TestServiceOptions } from './test-service.js';

/** The service with the probe's routes and methods beside the rooms', and the table that they write to. */
export async function startProbedService(options: TestServiceOptions = {}): Promise<TestService> {
  const probeProto = fileURLToPath(new URL('../faces/probe.proto', import.meta.url));
  const service = await startTestService({
    sandbox: false,
    ...options,
    modules: [ProbeModule],
    protoFiles: [probeProto],
  });
  await service.db.query('CREATE TABLE IF NOT EXISTS probe_thing (id serial PRIMARY KEY, name text NOT NULL)');
  return service;
}

/** How many things of that name were really made. */
export async function thingsNamed(service: TestService, name: string): Promise<number> {
  const [row] = await service.db.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM probe_thing WHERE name = $1',
    [name],
  );
  return row?.count ?? 0;
}
