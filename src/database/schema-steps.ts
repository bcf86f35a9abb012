import { createHash } from 'node:crypto';
import type { DataSource, QueryRunner } from 'typeorm';

/**
 * A part of the schema that is derived from what this build knows (the mirror's tables from its registry, the views) and
 * brought up to date after the migrations whenever its description changed.
 */
export interface SchemaStep {
  name: string;
  /** Everything that decides what `apply` makes, as text. */
  describe(dataSource: DataSource): string;
  /** Only adds or widens; safe to repeat. */
  apply(runner: QueryRunner): Promise<void>;
}

/** Steps of this build that this database has never had, oldest first. Writes nothing. */
export async function pendingSteps(dataSource: DataSource, steps: readonly SchemaStep[]): Promise<SchemaStep[]> {
  const [found] = await dataSource.query<Array<{ found: boolean }>>(
    `select to_regclass('tributary.schema_step') is not null as found`,
  );
  if (found?.found !== true) return [...steps];
  const applied = await dataSource.query<Array<{ name: string; checksum: string }>>(
    `select name, checksum from tributary.schema_step`,
  );
  return steps.filter(
    (step) => !applied.some(({ name, checksum }) => name === step.name && checksum === checksumOf(step, dataSource)),
  );
}

/**
 * Applies what is pending, in the caller's transaction, and answers the names. A description that was applied before is
 * not applied again, even when a newer one followed: an older replica that starts beside newer ones must not undo them.
 */
export async function applySteps(
  runner: QueryRunner,
  dataSource: DataSource,
  steps: readonly SchemaStep[],
): Promise<string[]> {
  await runner.query(`create table if not exists tributary.schema_step (
    name text not null, checksum text not null, applied_at timestamptz not null default now(), primary key (name, checksum))`);
  const applied: string[] = [];
  for (const step of steps) {
    const checksum = checksumOf(step, dataSource);
    const [known] = (await runner.query(`select 1 from tributary.schema_step where name = $1 and checksum = $2`, [
      step.name,
      checksum,
    ])) as unknown[];
    if (known !== undefined) continue;
    await step.apply(runner);
    await runner.query(`insert into tributary.schema_step (name, checksum) values ($1, $2)`, [step.name, checksum]);
    applied.push(step.name);
  }
  return applied;
}

function checksumOf(step: SchemaStep, dataSource: DataSource): string {
  return createHash('sha256').update(step.describe(dataSource)).digest('hex');
}
