import type { MigrationInterface, QueryRunner } from 'typeorm';

const CLICKED = `INCLUDE (program_id, code_id) WHERE visitor = 'person' AND click_id IS NULL`;
const SIGNED_UP = `INCLUDE (program_id, code_id, customer_id) WHERE signed_up_at IS NOT NULL`;

const UP = [
  `CREATE INDEX referral_tracking_clicked ON tributary.referral_tracking (workspace_id, clicked_at, partner_id) ${CLICKED}`,
  `CREATE INDEX referral_tracking_partner_clicked ON tributary.referral_tracking (workspace_id, partner_id, clicked_at) ${CLICKED}`,
  `CREATE INDEX referral_tracking_signed_up ON tributary.referral_tracking (workspace_id, signed_up_at, partner_id) ${SIGNED_UP}`,
  `CREATE INDEX referral_tracking_partner_signed_up ON tributary.referral_tracking (workspace_id, partner_id, signed_up_at) ${SIGNED_UP}`,
  ...[
    ['commission_time', 'workspace_id, occurred_at', 'partner_id'],
    ['commission_partner_time', 'workspace_id, partner_id, occurred_at', 'id'],
  ].map(
    ([name, columns, other]) => `CREATE INDEX ${name} ON tributary.commission (${columns})
      INCLUDE (program_id, customer_id, sale_id, code_id, ${other}) WHERE status <> 'superseded'`,
  ),
  `CREATE INDEX commission_person ON tributary.commission (workspace_id, customer_id, program_id, occurred_at, sale_id)
     WHERE status <> 'superseded'`,
];

const DOWN = [
  'commission_person',
  'commission_partner_time',
  'commission_time',
  'referral_tracking_partner_signed_up',
  'referral_tracking_signed_up',
  'referral_tracking_partner_clicked',
  'referral_tracking_clicked',
].map((name) => `DROP INDEX tributary.${name}`);

/** What figures over a period are read by. */
export class Numbers1764000001900 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
