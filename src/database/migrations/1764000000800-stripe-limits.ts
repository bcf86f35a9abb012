import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How the replicas share Stripe's limits. Both tables are unlogged: after a crash they begin empty, and nothing is lost. */
export class StripeLimits1764000000800 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Few rows that are written many times a second: half of each page is left free for their next versions.
    await runner.query(`
      CREATE UNLOGGED TABLE tributary.stripe_limit (
        scope text NOT NULL,
        endpoint text NOT NULL,
        next_at timestamptz NOT NULL,
        interactive_due_at timestamptz,
        bulk_due_at timestamptz,
        rate_cut_to double precision,
        rate_cut_at timestamptz,
        flights_cut_to double precision,
        flights_cut_at timestamptz,
        CONSTRAINT stripe_limit_pkey PRIMARY KEY (scope, endpoint)
      ) WITH (fillfactor = 50)`);
    await runner.query(`
      CREATE UNLOGGED TABLE tributary.stripe_replica (
        scope text NOT NULL,
        replica text NOT NULL,
        seen_at timestamptz NOT NULL,
        CONSTRAINT stripe_replica_pkey PRIMARY KEY (scope, replica)
      )`);
    await runner.query(ROW_FUNCTION);
    await runner.query(CUTS_FUNCTION);
    await runner.query(LEASE_FUNCTION);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION tributary.lease_stripe_slots(text, jsonb)`);
    await runner.query(`DROP FUNCTION tributary.stripe_limit_cuts(tributary.stripe_limit, double precision)`);
    await runner.query(`DROP FUNCTION tributary.stripe_limit_row(text, text)`);
    await runner.query(`DROP TABLE tributary.stripe_replica, tributary.stripe_limit`);
  }
}

/** The row of one limit, locked; made when it is not there yet. */
const ROW_FUNCTION = `
CREATE FUNCTION tributary.stripe_limit_row(in_scope text, in_endpoint text) RETURNS tributary.stripe_limit
LANGUAGE plpgsql AS $$
DECLARE
  found_row tributary.stripe_limit;
BEGIN
  SELECT * INTO found_row FROM tributary.stripe_limit WHERE scope = in_scope AND endpoint = in_endpoint FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO tributary.stripe_limit AS held (scope, endpoint, next_at) VALUES (in_scope, in_endpoint, to_timestamp(0))
      ON CONFLICT (scope, endpoint) DO UPDATE SET next_at = held.next_at RETURNING * INTO found_row;
  END IF;
  RETURN found_row;
END $$`;

/** What Stripe's refusals made of a limit, with the age in seconds, so that no replica's clock matters. */
const CUTS_FUNCTION = `
CREATE FUNCTION tributary.stripe_limit_cuts(held tributary.stripe_limit, now_s double precision) RETURNS jsonb
LANGUAGE sql AS $$
  SELECT CASE WHEN held.rate_cut_at IS NULL AND held.flights_cut_at IS NULL THEN '[]'::jsonb
    ELSE jsonb_build_array(jsonb_build_object(
      'endpoint', held.endpoint,
      'rateCutTo', held.rate_cut_to, 'rateCutAge', now_s - extract(epoch FROM held.rate_cut_at),
      'flightsCutTo', held.flights_cut_to, 'flightsCutAge', now_s - extract(epoch FROM held.flights_cut_at))) END
$$`;

/**
 * Hands out the next free slots of a line in which the slots lie 1/rate apart: one line for all requests (endpoint '') and
 * one for each endpoint, and a request takes a slot of both. The asks come in order of priority; how far ahead of now an
 * ask may reach is its priority towards other replicas. `src/stripe/slot-schedule.ts` does the same arithmetic for a
 * process that is cut off from the database, and a test holds the two together.
 */
const LEASE_FUNCTION = `
CREATE FUNCTION tributary.lease_stripe_slots(in_scope text, lease jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  rate CONSTANT double precision := (lease->>'rate')::double precision;
  burst CONSTANT double precision := (lease->>'burst')::double precision;
  floor_share CONSTANT double precision := (lease->>'floorShare')::double precision;
  floor_reach CONSTANT double precision := (lease->>'floorReach')::double precision;
  everything tributary.stripe_limit;
  own tributary.stripe_limit;
  ask jsonb;
  now_s double precision;
  next_s double precision;
  own_next_s double precision;
  interactive_s double precision;
  bulk_s double precision;
  own_rate double precision;
  ahead double precision;
  granted integer;
  reserved boolean;
  grants jsonb := '[]';
  limits jsonb := '[]';
  replicas integer;
BEGIN
  -- The row of the whole is always locked first, so leases queue here and cannot deadlock over endpoints.
  everything := tributary.stripe_limit_row(in_scope, '');
  now_s := extract(epoch FROM clock_timestamp());
  next_s := greatest(extract(epoch FROM everything.next_at), now_s - burst);
  interactive_s := coalesce(extract(epoch FROM everything.interactive_due_at), 0);
  bulk_s := coalesce(extract(epoch FROM everything.bulk_due_at), 0);
  limits := limits || tributary.stripe_limit_cuts(everything, now_s);

  FOR ask IN SELECT value FROM jsonb_array_elements(lease->'asks') LOOP
    own := tributary.stripe_limit_row(in_scope, ask->>'endpoint');
    own_rate := (ask->>'rate')::double precision;
    ahead := (ask->>'ahead')::double precision;
    own_next_s := greatest(extract(epoch FROM own.next_at), now_s - burst);
    granted := least(
      (ask->>'wanted')::integer,
      greatest(0, floor((now_s + ahead - next_s) * rate) + 1),
      greatest(0, floor((now_s + ahead - own_next_s) * own_rate) + 1));
    -- Whoever would wait for ever behind others gets a share all the same, further ahead than it may reach by itself.
    reserved := granted = 0
      AND CASE ask->>'priority' WHEN 'interactive' THEN interactive_s WHEN 'bulk' THEN bulk_s ELSE 'Infinity' END <= now_s
      AND greatest(next_s, own_next_s) <= now_s + floor_reach;
    IF reserved THEN granted := 1; END IF;
    grants := grants || jsonb_build_object(
      'granted', granted, 'reserved', reserved, 'from', next_s - now_s, 'ownFrom', own_next_s - now_s);
    limits := limits || tributary.stripe_limit_cuts(own, now_s);
    CONTINUE WHEN granted = 0;
    next_s := next_s + granted / rate;
    UPDATE tributary.stripe_limit SET next_at = to_timestamp(own_next_s + granted / own_rate)
     WHERE scope = in_scope AND endpoint = own.endpoint;
    IF ask->>'priority' = 'interactive' THEN interactive_s := now_s + 1 / (rate * floor_share); END IF;
    IF ask->>'priority' = 'bulk' THEN bulk_s := now_s + 1 / (rate * floor_share); END IF;
  END LOOP;

  UPDATE tributary.stripe_limit
     SET next_at = to_timestamp(next_s), interactive_due_at = to_timestamp(interactive_s), bulk_due_at = to_timestamp(bulk_s)
   WHERE scope = in_scope AND endpoint = '';

  IF lease->>'replica' IS NOT NULL THEN
    INSERT INTO tributary.stripe_replica VALUES (in_scope, lease->>'replica', to_timestamp(now_s))
      ON CONFLICT (scope, replica) DO UPDATE SET seen_at = excluded.seen_at;
    DELETE FROM tributary.stripe_replica
     WHERE scope = in_scope AND seen_at < to_timestamp(now_s - (lease->>'forgottenAfter')::double precision);
    SELECT count(*) INTO replicas FROM tributary.stripe_replica WHERE scope = in_scope;
  END IF;
  RETURN jsonb_build_object('grants', grants, 'limits', limits, 'replicas', replicas);
END $$`;
