import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE tributary.payout_run (
    workspace_id text NOT NULL,
    id text NOT NULL,
    currency text NOT NULL,
    cutoff timestamptz NOT NULL,
    state text NOT NULL,
    revision integer NOT NULL,
    skipped jsonb NOT NULL,
    created_by text NOT NULL,
    approved_by text,
    created_at timestamptz NOT NULL,
    approved_at timestamptz,
    canceled_at timestamptz,
    CONSTRAINT payout_run_state CHECK (state IN ('draft', 'approved', 'canceled')),
    CONSTRAINT payout_run_approved CHECK ((state = 'approved') = (approved_at IS NOT NULL)),
    CONSTRAINT payout_run_canceled CHECK ((state = 'canceled') = (canceled_at IS NOT NULL)),
    PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX payout_run_listed ON tributary.payout_run (workspace_id, state, id)`,
  `CREATE TABLE tributary.payout (
    workspace_id text NOT NULL,
    id text NOT NULL,
    run_id text NOT NULL,
    partner_id text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    minimum_minor bigint NOT NULL,
    state text NOT NULL,
    method text NOT NULL,
    destination text,
    reference text,
    failure text,
    attempt integer NOT NULL,
    lease_token text,
    available_at timestamptz NOT NULL DEFAULT now(),
    reversed_minor bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    approved_at timestamptz,
    sent_at timestamptz,
    CONSTRAINT payout_state CHECK (state IN ('draft', 'approved', 'sending', 'sent', 'settled', 'failed', 'unknown',
      'returned', 'partially_reversed', 'reversed', 'canceled', 'blocked')),
    CONSTRAINT payout_method_type CHECK (method IN ('stripe_connect', 'manual')),
    CONSTRAINT payout_amount CHECK (amount_minor > 0 AND reversed_minor BETWEEN 0 AND amount_minor AND minimum_minor > 0),
    CONSTRAINT payout_lease CHECK ((state = 'sending') = (lease_token IS NOT NULL)),
    CONSTRAINT payout_destination CHECK (state IN ('draft', 'canceled') OR method = 'manual' OR destination IS NOT NULL),
    CONSTRAINT payout_reference CHECK (
      (state IN ('sent', 'settled', 'returned', 'partially_reversed', 'reversed')) = (reference IS NOT NULL)),
    PRIMARY KEY (workspace_id, id))`,
  `CREATE UNIQUE INDEX payout_run_partner ON tributary.payout (workspace_id, run_id, partner_id)`,
  `CREATE INDEX payout_partner ON tributary.payout (workspace_id, partner_id, id)`,
  `CREATE INDEX payout_listed ON tributary.payout (workspace_id, state, id)`,
  // A transfer pays one payout.
  `CREATE UNIQUE INDEX payout_transfer ON tributary.payout (workspace_id, reference) WHERE method = 'stripe_connect'`,
  `CREATE INDEX payout_claimable ON tributary.payout (available_at)
    WHERE method = 'stripe_connect' AND state IN ('approved', 'sending', 'unknown')`,
  `CREATE TABLE tributary.payout_attempt (
    workspace_id text NOT NULL,
    payout_id text NOT NULL,
    attempt integer NOT NULL,
    idempotency_key text NOT NULL,
    body jsonb NOT NULL,
    started_at timestamptz NOT NULL,
    tries integer NOT NULL,
    outcome text,
    failure text,
    provider_request text,
    CONSTRAINT payout_attempt_outcome CHECK (outcome IN ('sent', 'rejected', 'expired')),
    PRIMARY KEY (workspace_id, payout_id, attempt))`,
  `CREATE UNIQUE INDEX payout_attempt_key ON tributary.payout_attempt (workspace_id, idempotency_key)`,
  // One live attempt per payout.
  `CREATE UNIQUE INDEX payout_attempt_live ON tributary.payout_attempt (workspace_id, payout_id) WHERE outcome IS NULL`,
  `CREATE FUNCTION tributary.refuse_payout_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'payout % is approved: amount, currency, partner, method and destination are frozen', OLD.id
        USING ERRCODE = 'restrict_violation';
    END $$`,
  // What a payment by hand went by is personal data, and may be erased.
  `CREATE TRIGGER payout_frozen BEFORE UPDATE ON tributary.payout FOR EACH ROW
    WHEN (OLD.state <> 'draft' AND (
      (OLD.amount_minor, OLD.currency, OLD.partner_id, OLD.method)
        IS DISTINCT FROM (NEW.amount_minor, NEW.currency, NEW.partner_id, NEW.method)
      OR (OLD.destination IS DISTINCT FROM NEW.destination AND (NEW.method <> 'manual' OR NEW.destination IS NOT NULL))))
    EXECUTE FUNCTION tributary.refuse_payout_change()`,
  `CREATE FUNCTION tributary.refuse_payout_attempt_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'attempt % of payout % was committed: key, body and start are frozen', OLD.attempt, OLD.payout_id
        USING ERRCODE = 'restrict_violation';
    END $$`,
  `CREATE TRIGGER payout_attempt_frozen BEFORE UPDATE ON tributary.payout_attempt FOR EACH ROW
    WHEN ((OLD.idempotency_key, OLD.body, OLD.started_at) IS DISTINCT FROM (NEW.idempotency_key, NEW.body, NEW.started_at))
    EXECUTE FUNCTION tributary.refuse_payout_attempt_change()`,
];

export class Payouts1764000000600 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tributary.payout_attempt, tributary.payout, tributary.payout_run`);
    await runner.query(`DROP FUNCTION tributary.refuse_payout_attempt_change(), tributary.refuse_payout_change()`);
  }
}
