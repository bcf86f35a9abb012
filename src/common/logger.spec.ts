import { describe, expect, it } from '@jest/globals';

import { StructuredLogger } from './logger.js';
import { addRequestFacts, runWithRequestId } from './request-context.js';

const PLANTED = {
  'a secret key': 'sk_live_51PlantedSecret',
  'a restricted key': 'rk_test_51PlantedSecret',
  'a webhook secret': 'whsec_PlantedSecret+/=',
  'an API key': `trb_key1_${'ab'.repeat(32)}`,
  'a client secret': 'pi_123_secret_PlantedSecret',
  'an authorization header': 'Authorization: Bearer PlantedSecret.token',
  'basic authentication': 'Basic UGxhbnRlZDpTZWNyZXQ=',
  'an e-mail address': 'planted.person+x@exämple.co.uk',
  'an encoded e-mail address': 'planted.person%40example.com',
  'an IBAN': 'DE89370400440532013000',
  'an IBAN in groups': 'GB29 NWBK 6016 1331 9268 19',
  'a database password': 'postgresql://owner:PlantedSecret@db/tributary',
};
const LEAK = /planted|abab|UGxhbnRl|3704|6016/i;

function record(format: 'json' | 'text', act: (logger: StructuredLogger) => void): string {
  let written = '';
  const destination = { write: (line: string) => void (written += line) };
  act(new StructuredLogger({ level: 'debug', format, destination }));
  return written;
}

describe.each(['json', 'text'] as const)('the %s log', (format) => {
  it.each(Object.entries(PLANTED))(
    'does not show %s in a message, a field, a key, an error or its cause',
    (_, secret) => {
      const written = record(format, (logger) => {
        logger.log(`got ${secret} here`, 'Context');
        logger.warn({ deep: { list: [{ note: `x ${secret} y` }] }, [secret]: 1 });
        logger.error(new Error(`failed: ${secret}`, { cause: new Error(secret) }));
        logger.error('failed', new Error(secret).stack, 'Context');
        logger.fatal('failed', { map: new Map([['key', secret]]) });
      });

      expect(written).not.toMatch(LEAK);
      expect(written.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(6);
    },
  );

  it('does not show fields whose name says that they are private', () => {
    const written = record(format, (logger) => {
      logger.log('request', {
        headers: { authorization: 'planted', 'Stripe-Signature': 'planted', cookie: 'planted' },
        customer: { email: 'planted', phone: 'planted', address: { line1: 'planted' } },
        iban: 'planted',
      });
    });

    expect(written).not.toMatch(LEAK);
  });

  it('does not show what a database error carries besides its message', () => {
    const error = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (name)=(Planted Person) already exists.',
      parameters: ['Planted Person'],
    });

    const written = record(format, (logger) => logger.error(error));

    expect(written).not.toMatch(LEAK);
    expect(written).toContain('duplicate key');
  });
});

describe('the log', () => {
  it('keeps ids, figures and ordinary words', () => {
    const message = 'payout pay_01hzy8 of 1234 USD for acct_1032D82eZvKYlo2C in_1MtHbELkdIwHu7ixl4OzzPMv at 10:00';

    expect(JSON.parse(record('json', (logger) => logger.log(message, 'Payouts')))).toMatchObject({
      level: 'info',
      msg: message,
      context: 'Payouts',
    });
  });

  it('carries the request id and its facts', async () => {
    const line = await runWithRequestId('req_1', async () => {
      addRequestFacts({ workspaceId: 'ws_1' });
      await Promise.resolve();
      return record('json', (logger) => logger.log('served'));
    });

    expect(JSON.parse(line)).toMatchObject({ requestId: 'req_1', workspaceId: 'ws_1', msg: 'served' });
  });

  it('survives what cannot be serialised', () => {
    const loop: Record<string, unknown> = { big: 10n, run: () => 1 };
    loop.self = loop;

    expect(() => record('json', (logger) => logger.log(loop))).not.toThrow();
  });

  it('is one readable line on a terminal, with the stack below', () => {
    const written = record('text', (logger) => logger.warn('slow', { ms: 12, route: '/v1/x y' }, 'Http'));

    expect(written).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}\[Http\] slow ms=12 route="\/v1\/x y"\n$/);
  });

  it('does not let a field take the place of what every line has', () => {
    const line = JSON.parse(record('json', (logger) => logger.log('real', { msg: 'fake', level: 9, requestId: 'x' })));

    expect(line).toMatchObject({ msg: 'real', level: 'info', msg_: 'fake', level_: 9, requestId_: 'x' });
  });

  it('leaves out what is below its level', () => {
    expect(record('json', (logger) => logger.verbose('noise'))).toBe('');
  });

  it('takes linear time for hostile text', () => {
    const started = performance.now();

    record('json', (logger) => logger.log(`${'a'.repeat(100_000)} ${'a.'.repeat(50_000)} ${'A1'.repeat(50_000)}`));

    expect(performance.now() - started).toBeLessThan(500);
  });

  it('takes the message of an object for the sentence, and the rest for its fields', () => {
    const written = record('json', (logger) =>
      logger.error({ message: 'it did not work', error: new Error('because') }, 'Inbox'),
    );

    expect(JSON.parse(written)).toMatchObject({
      msg: 'it did not work',
      context: 'Inbox',
      error: { message: 'because' },
    });
    expect(JSON.parse(written)).not.toHaveProperty('message');
  });
});
