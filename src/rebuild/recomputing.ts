import type { Client } from 'pg';
import type { PollingWorker } from '../common/background-worker.js';

export interface Recomputation {
  inbox: Pick<PollingWorker, 'runOnce'>;
  settle: Pick<PollingWorker, 'runOnce'>;
  /** Told how much was done; throws when the work is to end. */
  onDone(stage: 'events applied' | 'keys settled', count: number): void;
}

/** What could not be worked out, in the words of its error. */
export interface Stuck {
  what: string;
  error: string;
}

/**
 * Applies the events and settles what they touched; then, in one more round, every person, so that what no event tells of is
 * looked at too, and what was found of the sales stands before it is asked about. Answers what was given up.
 */
export async function recompute(scratch: Client, work: Recomputation): Promise<Stuck[]> {
  await scratch.query('ANALYZE');
  await drain(scratch, 'events applied', PENDING_EVENTS, work.inbox, work);
  await scratch.query('ANALYZE');
  await drain(scratch, 'keys settled', PENDING_KEYS, work.settle, work);
  await scratch.query(PUT_BACK_WHAT_WAS_FOUND);
  await scratch.query(TOUCH_EVERYBODY);
  await drain(scratch, 'keys settled', PENDING_KEYS, work.settle, work);
  return (await scratch.query<Stuck>(STUCK)).rows;
}

/** Until nothing waits. Whatever failed is tried again at once, and is given up by its worker after some attempts. */
async function drain(
  scratch: Client,
  stage: Parameters<Recomputation['onDone']>[0],
  hurry: string,
  worker: Recomputation['inbox'],
  { onDone }: Recomputation,
): Promise<void> {
  for (;;) {
    for (let done = await worker.runOnce(); done > 0; done = await worker.runOnce()) onDone(stage, done);
    if ((await scratch.query(hurry)).rowCount === 0) return;
    onDone(stage, 0);
  }
}

const PENDING_EVENTS = `UPDATE tributary.webhook_event SET available_at = now() WHERE state = 'pending'`;
const PENDING_KEYS = `UPDATE tributary.settle_queue SET available_at = now() WHERE available_at < 'infinity'`;

/** Customers whom nobody is linked to are dropped by the hundred; one that should be linked becomes a person. */
const TOUCH_EVERYBODY = `
  INSERT INTO tributary.settle_queue (workspace_id, account, kind, key)
  SELECT workspace_id, '', 'referred_customer', id FROM tributary.referred_customer
  UNION SELECT workspace_id, '', 'referred_customer', customer_id FROM tributary.sale
  UNION SELECT workspace_id, account, 'customer', id FROM stripe.customers WHERE account = ''
  UNION SELECT workspace_id, account, 'checkout_session', id FROM stripe.checkout_sessions WHERE account = ''`;

const PUT_BACK_WHAT_WAS_FOUND = `
  INSERT INTO tributary.suspicion (workspace_id, commission_id, rule, evidence, holds, found_at)
  SELECT f.workspace_id, c.id, f."check", f.evidence, f.holds, f.found_at
    FROM rebuild.found f
    JOIN tributary.commission c
      ON c.workspace_id = f.workspace_id AND c.sale_id = f.sale_id AND c.program_id = f.program_id
     AND c.partner_id = f.partner_id AND c.rule = f.rule AND c.status <> 'superseded'
  ON CONFLICT (workspace_id, commission_id, rule) DO UPDATE
     SET evidence = excluded.evidence, holds = excluded.holds, found_at = excluded.found_at`;

/** Events that were parked before have not been tried. */
const STUCK = `
  SELECT 'event ' || id || ' (' || type || ')' AS what, coalesce(error, 'it failed') AS error
    FROM tributary.webhook_event WHERE state = 'parked' AND attempts > 0
  UNION ALL
  SELECT kind || ' ' || key, coalesce(error, 'it failed')
    FROM tributary.settle_queue WHERE available_at = 'infinity'
   ORDER BY what`;
