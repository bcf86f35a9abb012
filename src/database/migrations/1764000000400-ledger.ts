import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Ledger1764000000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE tributary.ledger_transaction (
      workspace_id text NOT NULL,
      id text NOT NULL,
      kind text NOT NULL,
      fact_key text NOT NULL,
      occurred_at timestamptz NOT NULL,
      posted_at timestamptz NOT NULL,
      commission_id text,
      payout_id text,
      cause jsonb NOT NULL,
      PRIMARY KEY (workspace_id, id))`);
    await runner.query(
      `CREATE UNIQUE INDEX ledger_transaction_fact ON tributary.ledger_transaction (workspace_id, fact_key)`,
    );
    await runner.query(
      `CREATE INDEX ledger_transaction_commission ON tributary.ledger_transaction (workspace_id, commission_id)`,
    );
    await runner.query(
      `CREATE INDEX ledger_transaction_payout ON tributary.ledger_transaction (workspace_id, payout_id)`,
    );
    await runner.query(`CREATE TABLE tributary.ledger_entry (
      workspace_id text NOT NULL,
      id text NOT NULL,
      transaction_id text NOT NULL,
      account text NOT NULL,
      partner_id text NOT NULL,
      program_id text,
      commission_id text,
      currency text NOT NULL,
      amount_minor bigint NOT NULL,
      due_at timestamptz,
      payable boolean NOT NULL,
      kind text NOT NULL,
      occurred_at timestamptz NOT NULL,
      CONSTRAINT ledger_entry_account CHECK (account IN ('expense', 'earned', 'held', 'in_payout', 'paid')),
      CONSTRAINT ledger_entry_due CHECK ((account = 'earned') = (due_at IS NOT NULL)),
      CONSTRAINT ledger_entry_payable_account CHECK (NOT payable OR account = 'earned'),
      PRIMARY KEY (workspace_id, id))`);
    await runner.query(
      `CREATE INDEX ledger_entry_transaction ON tributary.ledger_entry (workspace_id, transaction_id)`,
    );
    await runner.query(
      `CREATE INDEX ledger_entry_partner ON tributary.ledger_entry (workspace_id, partner_id, currency, account)`,
    );
    await runner.query(`CREATE INDEX ledger_entry_commission ON tributary.ledger_entry (workspace_id, commission_id)`);
    await runner.query(
      `CREATE INDEX ledger_entry_payable ON tributary.ledger_entry (workspace_id, currency, due_at) WHERE payable`,
    );
    await runner.query(
      `CREATE INDEX ledger_entry_held ON tributary.ledger_entry (workspace_id, commission_id) WHERE account = 'held'`,
    );
    for (const [name, columns, others] of [
      ['ledger_entry_partner_time', 'workspace_id, partner_id, occurred_at', 'program_id'],
      ['ledger_entry_time', 'workspace_id, occurred_at', 'partner_id, program_id'],
    ])
      await runner.query(`CREATE INDEX ${name} ON tributary.ledger_entry (${columns})
        INCLUDE (account, kind, currency, amount_minor, commission_id, ${others}) WHERE account IN ('expense', 'held', 'paid')`);
    await runner.query(`CREATE TABLE tributary.ledger_reservation (
      workspace_id text NOT NULL,
      entry_id text NOT NULL,
      payout_id text NOT NULL,
      amount_minor bigint NOT NULL,
      frozen_at timestamptz,
      released_at timestamptz,
      PRIMARY KEY (workspace_id, entry_id, payout_id))`);
    await runner.query(
      `CREATE UNIQUE INDEX ledger_reservation_live ON tributary.ledger_reservation (workspace_id, entry_id) WHERE released_at IS NULL`,
    );
    await runner.query(
      `CREATE INDEX ledger_reservation_payout ON tributary.ledger_reservation (workspace_id, payout_id)`,
    );

    await runner.query(`CREATE FUNCTION tributary.refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the ledger is append-only: % of % is refused; post a transaction that says the opposite', TG_OP, TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
      END $$`);
    for (const table of ['ledger_transaction', 'ledger_entry']) {
      await runner.query(`CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tributary.${table}
        FOR EACH STATEMENT EXECUTE FUNCTION tributary.refuse_ledger_change()`);
    }
    // The lines of a transaction come in one statement, so that the sum can be held against zero at its end.
    await runner.query(`CREATE FUNCTION tributary.require_balanced_entries() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE unbalanced text;
      BEGIN
        SELECT transaction_id INTO unbalanced FROM posted
         GROUP BY workspace_id, transaction_id, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
        IF FOUND THEN
          RAISE EXCEPTION 'the entries of ledger transaction % do not sum to zero', unbalanced USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`CREATE TRIGGER ledger_entry_balanced AFTER INSERT ON tributary.ledger_entry
      REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION tributary.require_balanced_entries()`);
    // An entry repeats its transaction's kind and time, so that sums over a period need one index and no other table.
    await runner.query(`CREATE FUNCTION tributary.require_transaction_of_entries() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE stray text;
      BEGIN
        SELECT e.id INTO stray FROM posted e
         WHERE (SELECT t.kind = e.kind AND t.occurred_at = e.occurred_at FROM tributary.ledger_transaction t
                 WHERE t.workspace_id = e.workspace_id AND t.id = e.transaction_id) IS NOT TRUE LIMIT 1;
        IF FOUND THEN
          RAISE EXCEPTION 'ledger entry % differs from its transaction in kind or time', stray USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`CREATE TRIGGER ledger_entry_repeats AFTER INSERT ON tributary.ledger_entry
      REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION tributary.require_transaction_of_entries()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tributary.ledger_reservation, tributary.ledger_entry, tributary.ledger_transaction`);
    await runner.query(
      `DROP FUNCTION tributary.require_transaction_of_entries(), tributary.require_balanced_entries(), tributary.refuse_ledger_change()`,
    );
  }
}
