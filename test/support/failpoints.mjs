// Loaded with `node --import` before the built service, by tests only: makes the process fail at a named point. It works by
// wrapping the database driver and listening to the HTTP server, so that the service itself holds no trace of it.
import { channel } from 'node:diagnostics_channel';
import pg from 'pg';

/** The point's name, how many times it is passed unharmed, and the signal that the process then sends to itself. */
const { name, passes, signal } = JSON.parse(process.env.TEST_FAILPOINT);
/** After a signal that can be survived, the work stands still for this long: the stop meets it half-done. */
const STANDSTILL_MS = 700;

let seen = 0;

async function reach() {
  if (++seen <= passes) return;
  process.kill(process.pid, signal);
  await new Promise((resolve) => setTimeout(resolve, signal === 'SIGKILL' ? 60_000 : STANDSTILL_MS));
}

const isInboxInsert = (sql) => sql.includes('INSERT INTO tributary.webhook_event');
const isClaim = (sql) => sql.includes('attempts = e.attempts + 1');
const isMark = (sql) => sql.includes(`SET state = 'applied'`);
/** A task of a backfill takes the step that its page is. */
const isStep = (sql) => sql.includes('UPDATE tributary.backfill_task AS t') && sql.includes('jsonb_to_recordset');
/** Connections whose open transaction has marked events as applied, and those with the step of a page. */
const marked = new WeakSet();
const stepped = new WeakSet();

/** What happens around a statement, by the point's name: `run` executes one on the same connection. */
const AROUND = {
  'before the commit of the insert': async (sql, run, query) => {
    if (!isInboxInsert(sql)) return query();
    await run('BEGIN');
    const result = await query();
    await reach();
    await run('COMMIT');
    return result;
  },
  'between the commit and the answer': async (sql, _run, query) => {
    const result = await query();
    if (isInboxInsert(sql)) await reach();
    return result;
  },
  'between claim and apply': async (sql, _run, query) => {
    const result = await query();
    if (isClaim(sql) && result.rows.length > 0) await reach();
    return result;
  },
  'before the commit of the apply': async (sql, _run, query, connection) => {
    if (sql === 'COMMIT' && marked.delete(connection)) await reach();
    return query();
  },
  'before the commit of a page': async (sql, _run, query, connection) => {
    if (sql === 'COMMIT' && stepped.delete(connection)) await reach();
    return query();
  },
  'after the commit of a page': async (sql, _run, query, connection) => {
    const result = await query();
    if (sql === 'COMMIT' && stepped.delete(connection)) await reach();
    return result;
  },
  'after the commit of the apply': async (sql, _run, query, connection) => {
    const result = await query();
    if (sql === 'COMMIT' && marked.delete(connection)) await reach();
    return result;
  },
};

if (name === 'after the answer') {
  channel('http.server.response.finish').subscribe(({ request }) => {
    if (request.url.startsWith('/webhooks/')) void reach();
  });
} else {
  const around = AROUND[name];
  if (around === undefined) throw new Error(`there is no failpoint "${name}"`);
  const original = pg.Client.prototype.query;
  pg.Client.prototype.query = function query(config, values, callback) {
    const sql = typeof config === 'string' ? config : (config.text ?? '');
    // Only promises are waited for; the service's own statements are all made that way.
    if (typeof values === 'function' || typeof callback === 'function' || typeof config.submit === 'function')
      return original.call(this, config, values, callback);
    if (isMark(sql)) marked.add(this);
    if (isStep(sql)) stepped.add(this);
    const run = (text) => original.call(this, text);
    return around(sql.trim(), run, () => original.call(this, config, values), this);
  };
}
