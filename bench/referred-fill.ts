import type pg from 'pg';
import { fillMirror } from './reads-fill.js';

const PARTNERS = 50;

export interface Api {
  url: URL;
  token: string;
}

/** A mirror of paid invoices whose customers all signed up by one of the partners' codes, before they paid. */
export async function fillReferred(db: pg.Client, api: Api, reward: object, customers: number): Promise<void> {
  await call(api, '/v1/programs', {
    key: 'bench',
    name: 'Bench',
    reward,
    conversionWindowDays: 3_650,
  });
  for (let n = 0; n < PARTNERS; n++) {
    const partner = await call(api, '/v1/partners', { externalId: `partner-${n}` });
    await call(api, '/v1/codes', { programKey: 'bench', partnerId: partner.id, code: `BENCH-${n}` });
  }
  const { rows } = await db.query<{ id: string }>('SELECT id FROM tributary.workspace');
  await fillMirror(db, rows[0]?.id ?? '', customers);
  await db.query(
    `INSERT INTO tributary.referred_customer (workspace_id, id, created_at)
     SELECT workspace_id, 'customer_' || id, created FROM stripe.customers`,
  );
  await db.query(
    `INSERT INTO tributary.customer_link (workspace_id, account, stripe_customer_id, customer_id)
     SELECT workspace_id, '', id, 'customer_' || id FROM stripe.customers`,
  );
  await db.query(
    `INSERT INTO tributary.referral_tracking (workspace_id, id, program_id, partner_id, code_id, customer_id, signed_up_at, created_at)
     SELECT c.workspace_id, 'referral_' || c.id, k.program_id, k.partner_id, k.id, 'customer_' || c.id, c.created, c.created
       FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM stripe.customers) c
       JOIN tributary.referral_code k ON k.code = 'BENCH-' || c.n % ${PARTNERS}`,
  );
  await db.query('DELETE FROM tributary.settle_queue');
  await db.query('ANALYZE');
}

export async function call<T = { id: string }>({ url, token }: Api, path: string, body: object): Promise<T> {
  const answer = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}
