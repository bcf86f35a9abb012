import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { loadConfig } from './app-config.js';

const HEX = 'ab'.repeat(32);
const PLANTED = {
  DATABASE_URL: 'postgresql://owner:hunter2secret@db.internal:5432/tributary',
  STRIPE_SECRET_KEY: 'sk_test_planted0001',
  STRIPE_WEBHOOK_SECRET: 'whsec_planted0002, whsec_planted0003',
  TRIBUTARY_API_KEY: `trb_key1_${HEX}`,
};

describe('loadConfig', () => {
  it('needs no variable at all and then runs everything with the sandbox', () => {
    const config = loadConfig({});

    expect(config).toMatchObject({
      role: 'all',
      host: '127.0.0.1',
      port: 3000,
      grpcPort: 50_051,
      grpcReflection: true,
      production: false,
      livemode: false,
      sandbox: true,
      sandboxPort: 12_111,
      logLevel: 'info',
      logFormat: 'auto',
      trustedProxies: [],
    });
    expect(config.databaseUrl).toBeUndefined();
    expect(config.stripeWebhookSecrets).toEqual([]);
    expect(config.dataDir).toMatch(/^\/.*\.data$/);
  });

  it('treats an empty variable as not set', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: ' ', STRIPE_SECRET_KEY: '' }).port).toBe(3000);
  });

  it('takes several webhook secrets while one is rotated', () => {
    expect(loadConfig(PLANTED).stripeWebhookSecrets).toEqual(['whsec_planted0002', 'whsec_planted0003']);
  });

  it('takes the public address without its last slash, and nothing behind it', () => {
    expect(loadConfig({ TRIBUTARY_PUBLIC_URL: 'https://example.com/go/' }).publicUrl).toBe('https://example.com/go');
    expect(loadConfig({}).publicUrl).toBeUndefined();
    for (const wrong of ['example.com', 'ftp://example.com', 'https://example.com/?a=b', 'https://a:b@example.com'])
      expect(() => loadConfig({ TRIBUTARY_PUBLIC_URL: wrong })).toThrow(/TRIBUTARY_PUBLIC_URL/);
  });

  it('takes the origins of partners’ pages as browsers write them, and none by default', () => {
    const origins = ['https://app.example.com', 'http://localhost:8080'];
    expect(loadConfig({ TRIBUTARY_PORTAL_ORIGINS: origins.join(', ') }).portalOrigins).toEqual(origins);
    expect(loadConfig({}).portalOrigins).toEqual([]);
    for (const wrong of ['*', 'app.example.com', 'https://app.example.com/', 'null', 'ftp://app.example.com'])
      expect(() => loadConfig({ TRIBUTARY_PORTAL_ORIGINS: wrong })).toThrow(/TRIBUTARY_PORTAL_ORIGINS/);
  });

  it('parses the Stripe API base', () => {
    expect(loadConfig({ STRIPE_API_BASE: 'http://127.0.0.1:9/' }).stripeApiBase?.port).toBe('9');
  });

  it.each([
    [{}, 24],
    [{ STRIPE_SECRET_KEY: 'sk_live_1' }, 95],
    [{ STRIPE_SECRET_KEY: 'rk_live_1', STRIPE_REQUESTS_PER_SECOND: '400' }, 400],
  ])('with %j asks Stripe at most %s times a second', (env, expected) => {
    expect(loadConfig(env).stripeRequestsPerSecond).toBe(expected);
  });

  it.each(['0', '-1', '9.5', 'many', '10001'])('refuses %s requests a second', (text) => {
    expect(() => loadConfig({ STRIPE_REQUESTS_PER_SECOND: text })).toThrow(
      /STRIPE_REQUESTS_PER_SECOND.*a whole number from 1 to 10000/,
    );
  });

  it.each([
    [{}, true],
    [{ STRIPE_SECRET_KEY: 'sk_test_1' }, false],
    [{ NODE_ENV: 'production' }, false],
    [{ STRIPE_API_BASE: 'http://127.0.0.1:9' }, false],
    [{ STRIPE_LIVEMODE: 'true' }, false],
    [{ TRIBUTARY_SANDBOX: 'off' }, false],
    [{ TRIBUTARY_SANDBOX: 'on', STRIPE_SECRET_KEY: 'sk_test_1' }, true],
  ])('with %j the sandbox is %s', (env, expected) => {
    expect(loadConfig(env).sandbox).toBe(expected);
  });

  it.each([
    [{}, false],
    [{ STRIPE_SECRET_KEY: 'rk_live_1' }, true],
    [{ STRIPE_SECRET_KEY: 'sk_test_1' }, false],
    [{ STRIPE_LIVEMODE: 'true' }, true],
    [{ STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_LIVEMODE: 'true' }, true],
  ])('with %j live mode is %s', (env, expected) => {
    expect(loadConfig(env).livemode).toBe(expected);
  });

  it.each([
    [{ PORT: 'abc' }, 'PORT must be a whole number from 0 to 65535, but got "abc"'],
    [{ GRPC_PORT: '70000' }, 'GRPC_PORT must be a whole number from 0 to 65535, but got "70000"'],
    [{ TRIBUTARY_ROLE: 'boss' }, 'TRIBUTARY_ROLE must be one of all, api, worker, but got "boss"'],
    [{ HOST: 'a b' }, 'HOST must be an IP address or a host name to listen on, but got "a b"'],
    [
      { GRPC_TLS_CERT: '/nowhere/cert.pem' },
      'GRPC_TLS_CERT must be the path of a readable file, but got "/nowhere/cert.pem"',
    ],
    [{ GRPC_TLS_KEY: 'package.json' }, 'GRPC_TLS_CERT must be set together with GRPC_TLS_KEY, but got nothing'],
    [
      { DATABASE_URL: 'mysql://root:hunter2secret@db/x' },
      'DATABASE_URL must be a URL like postgresql://user:password@host:5432/database, but got "mysql://…" of 31 characters',
    ],
    [
      { DATABASE_URL: 'postgresql://root:hunter2secret@db' },
      'DATABASE_URL must be a URL like postgresql://user:password@host:5432/database, but got a URL without the name of a database',
    ],
    [
      { STRIPE_SECRET_KEY: 'pk_test_planted0004' },
      'STRIPE_SECRET_KEY must be a secret or restricted key of Stripe (sk_test_…, sk_live_…, rk_test_… or rk_live_…), but got "pk_test_…" of 19 characters',
    ],
    [
      { STRIPE_WEBHOOK_SECRET: 'whsec_fine,planted0005' },
      'STRIPE_WEBHOOK_SECRET must be one or more signing secrets (whsec_…) separated by commas, but got a value of 11 characters',
    ],
    [
      { STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_LIVEMODE: 'false' },
      'STRIPE_LIVEMODE must be true or unset with a live STRIPE_SECRET_KEY, but got "false"',
    ],
    [
      { STRIPE_SECRET_KEY: 'sk_live_1', TRIBUTARY_SANDBOX: 'on' },
      'TRIBUTARY_SANDBOX must be auto or off with a live Stripe account, but got "on"',
    ],
    [
      { NODE_ENV: 'production', TRIBUTARY_SANDBOX: 'on' },
      'TRIBUTARY_SANDBOX must be auto or off with NODE_ENV=production, but got "on"',
    ],
    [
      { TRIBUTARY_API_KEY: 'trb_key1_tooshort' },
      'TRIBUTARY_API_KEY must be trb_<key id>_<64 lower-case hexadecimal characters>, but got "trb_…" of 17 characters',
    ],
    [
      { TRIBUTARY_TRUSTED_PROXIES: '10.0.0.0/8, 1.2.3.4/33' },
      'TRIBUTARY_TRUSTED_PROXIES must be IP addresses or CIDR ranges separated by commas, but got "1.2.3.4/33"',
    ],
  ])('refuses %j in one sentence', (env, sentence) => {
    expect(() => loadConfig(env)).toThrow(expect.objectContaining({ name: 'ConfigError', message: sentence }));
  });

  it('shows no secret when it is printed, serialised or spread', () => {
    const config = loadConfig(PLANTED);

    const printed = [
      JSON.stringify(config),
      inspect(config, { showHidden: true, depth: 5 }),
      JSON.stringify({ ...config }),
      Object.values(config).join(),
    ].join('\n');

    expect(printed).not.toMatch(/hunter2|planted|abab/);
    expect(config.stripeSecretKey).toBe('sk_test_planted0001');
  });

  it('cannot be changed', () => {
    const config = loadConfig({}) as { port: number };

    expect(() => (config.port = 1)).toThrow(TypeError);
  });
});
