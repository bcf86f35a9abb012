import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Partners are found by their address, whatever its case: files from elsewhere name them by it. */
export class Imports1764000002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX partner_email ON tributary.partner (workspace_id, lower(email))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX tributary.partner_email`);
  }
}
