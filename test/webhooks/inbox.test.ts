import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { deliver, drain, signatureOf, stripeEvent } from '../support/stripe-events.js';
import { customer } from '../support/stripe-objects.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { startTestService, type TestService } from '../support/test-service.js';

const SECRET = 'whsec_0123456789abcdef';
const OTHER_SECRET = 'whsec_fedcba9876543210';
const KEY = 'an encryption key of 32 characters';
let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    sandbox: false,
    env: { STRIPE_WEBHOOK_SECRET: SECRET, TRIBUTARY_ENCRYPTION_KEY: KEY },
  });
});
afterAll(() => service.stop());

async function stored(id?: string): Promise<Array<{ id: string; state: string; error: string | null; body: string }>> {
  return service.db.query(
    `SELECT id, state, error, body FROM tributary.webhook_event WHERE $1::text IS NULL OR id = $1`,
    [id ?? null],
  );
}

describe('the inbox', () => {
  it('failure 1: stores an event once that is posted 100 times over 20 connections, and answers each', async () => {
    const person = customer();
    const event = stripeEvent('customer.created', person);

    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const statuses = [];
        for (let n = 0; n < 5; n++) statuses.push((await deliver(service, event)).status);
        return statuses;
      }),
    );
    await drain(service, ['inbox']);

    expect(answers.flat()).toEqual(new Array(100).fill(200));
    expect(await stored(event.id)).toMatchObject([{ state: 'applied', body: JSON.stringify(event) }]);
  });

  it('stores the text that was signed, byte for byte, whatever its content type says', async () => {
    const event = stripeEvent('customer.created', customer({ name: 'Zoë \u0000' }));
    const body = JSON.stringify(event, null, 3);

    const answer = await service.http('POST', '/webhooks/stripe', body, {
      'stripe-signature': signatureOf(body, [SECRET]),
      'content-type': 'text/plain',
    });

    expect(answer).toMatchObject({ status: 200, body: { received: true } });
    expect(await stored(event.id)).toMatchObject([{ body }]);
    for (const type of ['foo', 'application/xml', 'multipart/form-data', 'application/json; charset=latin1']) {
      const again = { 'stripe-signature': signatureOf(body, [SECRET]), 'content-type': type };
      expect({ type, status: (await service.http('POST', '/webhooks/stripe', body, again)).status }).toEqual({
        type,
        status: 200,
      });
    }
  });

  it('acknowledges and keeps event types that nobody knows', async () => {
    const event = stripeEvent('something.quite_new', { object: 'no_id_at_all' });

    expect((await deliver(service, event)).status).toBe(200);
    await drain(service, ['inbox']);

    expect(await stored(event.id)).toMatchObject([{ state: 'applied' }]);
  });

  it('takes any of the secrets while one is rotated', async () => {
    const { body } = await service.http<{ id: string; path: string }>('POST', '/v1/webhook-endpoints', {
      kind: 'platform',
      secrets: [SECRET],
    });
    const at = (secret: string) =>
      deliver(service, stripeEvent('customer.created', customer()), { path: body.path, secret });
    expect((await at(OTHER_SECRET)).status).toBe(400);

    await service.http('PUT', `/v1/webhook-endpoints/${body.id}/secrets`, { secrets: [OTHER_SECRET, SECRET] });

    expect((await at(OTHER_SECRET)).status).toBe(200);
    expect((await at(SECRET)).status).toBe(200);
    const rows = await service.db.query<Array<{ sealed: string }>>(
      `SELECT array_to_string(sealed_secrets, ' ') AS sealed FROM tributary.webhook_endpoint`,
    );
    expect(rows.some(({ sealed }) => sealed.includes('whsec_'))).toBe(false);
  });

  it('failure 14: refuses every forgery with 400 and stores nothing', async () => {
    const event = stripeEvent('customer.created', customer());
    const body = JSON.stringify(event);
    const now = Math.floor(Date.now() / 1000);
    const mac = (text: string, secret = SECRET): string => createHmac('sha256', secret).update(text).digest('hex');
    const good = mac(`${now}.${body}`);
    const forgeries: Array<[name: string, header: string | undefined, body?: string]> = [
      ['no header', undefined],
      ['empty header', ' '],
      ['no scheme', good],
      ['only a timestamp', `t=${now}`],
      ['only a signature', `v1=${good}`],
      ['v0 instead of v1', `t=${now},v0=${good}`],
      ['v2 instead of v1', `t=${now},v2=${good}`],
      ['V1 in capitals', `t=${now},V1=${good}`],
      ['T in capitals', `T=${now},v1=${good}`],
      ['another secret', `t=${now},v1=${mac(`${now}.${body}`, OTHER_SECRET)}`],
      ['an empty secret', `t=${now},v1=${createHmac('sha256', '').update(`${now}.${body}`).digest('hex')}`],
      ['the secret without its prefix', `t=${now},v1=${mac(`${now}.${body}`, SECRET.slice(6))}`],
      ['stale by a second more than allowed', signatureOf(body, [SECRET], now - 302)],
      ['from last year', signatureOf(body, [SECRET], now - 31_536_000)],
      ['from the future', signatureOf(body, [SECRET], now + 400)],
      ['timestamp changed', `t=${now - 1},v1=${good}`],
      ['two timestamps', `t=${now},t=${now - 1},v1=${good}`],
      ['timestamp with a sign', `t=+${now},v1=${mac(`+${now}.${body}`)}`],
      ['negative timestamp', `t=-${now},v1=${mac(`-${now}.${body}`)}`],
      ['timestamp in hexadecimal', `t=0x${now.toString(16)},v1=${mac(`0x${now.toString(16)}.${body}`)}`],
      ['timestamp with a fraction', `t=${now}.0,v1=${mac(`${now}.0.${body}`)}`],
      ['no number for a timestamp', `t=NaN,v1=${mac(`NaN.${body}`)}`],
      ['empty timestamp', `t=,v1=${mac(`.${body}`)}`],
      ['signature cut short', `t=${now},v1=${good.slice(0, 63)}`],
      ['signature too long', `t=${now},v1=${good}0`],
      ['signature in capitals', `t=${now},v1=${good.toUpperCase()}`],
      ['signature not hexadecimal', `t=${now},v1=${'z'.repeat(64)}`],
      ['signature of zeros', `t=${now},v1=${'0'.repeat(64)}`],
      ['signed without the timestamp', `t=${now},v1=${mac(body)}`],
      ['signed with another separator', `t=${now},v1=${mac(`${now}:${body}`)}`],
      ['SHA-1', `t=${now},v1=${createHmac('sha1', SECRET).update(`${now}.${body}`).digest('hex')}`],
      [
        'too many signatures',
        `t=${now},${Array.from({ length: 40 }, () => `v1=${'0'.repeat(64)}`).join(',')},v1=${good}`,
      ],
      ['body serialised again', `t=${now},v1=${good}`, JSON.stringify(event, null, 1)],
      ['body with a space at its end', `t=${now},v1=${good}`, `${body} `],
      [
        'one character of the body changed',
        `t=${now},v1=${good}`,
        body.replace('customer.created', 'customer.creatad'),
      ],
      ['empty body', `t=${now},v1=${good}`, ''],
    ];
    const before = (await stored()).length;

    for (const [name, header, forged = body] of forgeries) {
      const headers: Record<string, string> = header === undefined ? {} : { 'stripe-signature': header };
      const answer = await service.http('POST', '/webhooks/stripe', forged, headers);
      expect({ name, status: answer.status, code: (answer.body as { error: { code: string } }).error.code }).toEqual({
        name,
        status: 400,
        code: 'invalid_signature',
      });
    }
    expect(forgeries.length).toBeGreaterThanOrEqual(30);
    expect(await stored()).toHaveLength(before);
  });

  it('refuses a body of a byte more than 1 MiB with 413, and takes one of exactly that', async () => {
    const limit = 1024 * 1024;
    const sized = (bytes: number): string => {
      const empty = JSON.stringify(stripeEvent('customer.created', customer({ note: '' })));
      return empty.replace('"note":""', `"note":"${'x'.repeat(bytes - empty.length)}"`);
    };
    const post = (body: string) =>
      service.http('POST', '/webhooks/stripe', body, { 'stripe-signature': signatureOf(body, [SECRET]) });

    expect((await post(sized(limit))).status).toBe(200);
    expect((await post(sized(limit + 1))).status).toBe(413);
  });

  it('failure 16: quarantines what does not fit its endpoint, and applies it once when it comes to the right one', async () => {
    const person = customer();
    const live = stripeEvent('customer.created', person, { livemode: true });
    expect((await deliver(service, live)).status).toBe(200);
    const foreign = stripeEvent('customer.created', person, { account: 'acct_elsewhere' });
    expect((await deliver(service, foreign)).status).toBe(200);
    await drain(service, ['inbox']);

    expect(await stored(live.id)).toMatchObject([
      { state: 'quarantined', error: 'a live event came to an endpoint of a test workspace' },
    ]);
    expect(await stored(foreign.id)).toMatchObject([{ state: 'quarantined' }]);
    expect(await service.db.query(`SELECT 1 FROM stripe.customers WHERE id = $1`, [person.id])).toEqual([]);
    const replay = await service.http('POST', `/v1/webhook-events/${live.id}/replay`);
    expect(replay).toMatchObject({ status: 409, body: { error: { code: 'event_quarantined' } } });

    const { body } = await service.http<{ path: string }>('POST', '/v1/webhook-endpoints', {
      kind: 'connect',
      secrets: [SECRET],
    });
    expect((await deliver(service, foreign, { path: body.path, secret: SECRET })).status).toBe(200);
    expect((await deliver(service, foreign)).status).toBe(200);
    await drain(service, ['inbox']);

    expect(await stored(foreign.id)).toMatchObject([{ state: 'applied', error: null }]);
    expect(await service.db.query(`SELECT account FROM stripe.customers WHERE id = $1`, [person.id])).toEqual([
      { account: 'acct_elsewhere' },
    ]);
  });

  it('lists, shows and replays events, and tells another workspace nothing', async () => {
    const person = customer();
    const event = stripeEvent('customer.created', person);
    await deliver(service, event);
    await drain(service, ['inbox']);

    const list = await service.http<{ data: Array<{ id: string }> }>(
      'GET',
      `/v1/webhook-events?object=${person.id}&state=applied&type=customer.created`,
    );
    expect(list.body.data).toMatchObject([{ id: event.id, objectId: person.id, state: 'applied', account: null }]);
    expect((await service.http('GET', `/v1/webhook-events/${event.id}`)).body).toMatchObject({
      payload: event,
      attempts: 1,
    });
    expect((await service.http('POST', `/v1/webhook-events/${event.id}/replay`)).status).toBe(202);
    await drain(service, ['inbox']);
    expect(await stored(event.id)).toMatchObject([{ state: 'applied' }]);

    const foreignKey = await service.newKey(['*'], { workspaceId: await service.newWorkspace() });
    const foreign = await service.http('GET', `/v1/webhook-events/${event.id}`, undefined, {
      authorization: `Bearer ${foreignKey}`,
    });
    const unknown = await service.http('GET', '/v1/webhook-events/evt_nobody');
    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    expect((await service.http('GET', '/v1/webhook-events?state=lost')).body).toMatchObject({
      error: { field: 'state' },
    });
  });

  it('parks a poisoned event after 8 attempts and lets the others go on', async () => {
    await service.db.query(`CREATE OR REPLACE FUNCTION stripe.refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.data->>'name' = 'poison' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$`);
    await service.db.query(
      `CREATE TRIGGER poison BEFORE INSERT ON stripe.customers FOR EACH ROW EXECUTE FUNCTION stripe.refuse_poison()`,
    );
    const poison = stripeEvent('customer.created', customer({ name: 'poison' }));
    const good = Array.from({ length: 20 }, () => stripeEvent('customer.created', customer()));
    for (const event of [...good.slice(0, 10), poison, ...good.slice(10)]) await deliver(service, event);

    for (let attempt = 1; attempt <= 8; attempt++) {
      await drain(service, ['inbox']);
      await service.db.query(`UPDATE tributary.webhook_event SET available_at = now() WHERE state = 'pending'`);
    }
    await drain(service, ['inbox']);

    expect(await stored(poison.id)).toMatchObject([{ state: 'parked', error: 'poison' }]);
    for (const event of good) expect(await stored(event.id)).toMatchObject([{ state: 'applied' }]);
    await service.db.query(`DROP TRIGGER poison ON stripe.customers`);
    await service.http('POST', `/v1/webhook-events/${poison.id}/replay`);
    await drain(service, ['inbox']);
    expect(await stored(poison.id)).toMatchObject([{ state: 'applied', error: null }]);
  });
});

describe('with the database away', () => {
  it('failure 10: answers 503 within two seconds, never a false 200, and takes events again afterwards', async () => {
    const url = new URL(service.databaseUrl);
    const proxy = await TcpProxy.to(url.hostname, Number(url.port));
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const behind = await startTestService({
      sandbox: false,
      databaseUrl: url.href,
      env: { STRIPE_WEBHOOK_SECRET: SECRET },
    });
    const timed = async (): Promise<{ status: number; seconds: number; id: string }> => {
      const event = stripeEvent('customer.created', customer());
      const from = performance.now();
      const { status } = await deliver(behind, event);
      return { status, seconds: (performance.now() - from) / 1000, id: event.id };
    };
    expect((await timed()).status).toBe(200);

    for (const outage of ['swallow', 'refuse'] as const) {
      proxy[outage]();
      const during = await Promise.all(Array.from({ length: 5 }, timed));
      const later = await timed();
      for (const { status, seconds } of [...during, later]) {
        expect(status).toBe(503);
        expect(seconds).toBeLessThan(2);
      }
      proxy.pass();
      await expect(eventually(async () => (await timed()).status === 200)).resolves.toBe(true);
    }
    await behind.stop();
    await proxy.close();
  });
});

/** Tries for up to ten seconds. */
async function eventually(attempt: () => Promise<boolean>): Promise<boolean> {
  const until = Date.now() + 10_000;
  while (Date.now() < until) if (await attempt()) return true;
  return false;
}
