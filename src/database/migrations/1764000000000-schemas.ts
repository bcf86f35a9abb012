import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Schemas1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create schema if not exists tributary');
    await runner.query('create schema if not exists stripe');
    // TypeORM keeps the expressions of generated columns here, and makes it itself once an entity has one.
    await runner.query(`
      create table if not exists tributary.typeorm_metadata (
        "type" varchar not null,
        "database" varchar,
        "schema" varchar,
        "table" varchar,
        "name" varchar,
        "value" text
      )`);
    await runner.query(`
      create table tributary.readiness (
        id smallint primary key default 1 check (id = 1),
        checked_at timestamptz not null default now()
      )`);
    await runner.query('insert into tributary.readiness default values');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table tributary.readiness');
    await runner.query('drop schema stripe');
  }
}
