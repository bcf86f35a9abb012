import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Partners whose data changed, until what they sold was looked at anew. */
export class PartnerChanges1764000001620 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE tributary.partner_change (
      workspace_id text NOT NULL,
      partner_id text NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT now(),
      after_at timestamptz,
      after_id text,
      PRIMARY KEY (workspace_id, partner_id))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tributary.partner_change`);
  }
}
