import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { inspect } from 'node:util';

import { ConfigError, describeSecret } from './config-error.js';
import { type Environment, EnvReader, quote } from './env-reader.js';

export type Role = 'all' | 'api' | 'worker';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type LogFormat = 'auto' | 'json' | 'text';

const ROLES: readonly Role[] = ['all', 'api', 'worker'];
const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const LOG_FORMATS: readonly LogFormat[] = ['auto', 'json', 'text'];

/** These are not enumerable, so that no spread, JSON or inspection of the configuration carries them along. */
const SECRETS = ['databaseUrl', 'stripeSecretKey', 'stripeWebhookSecrets', 'apiKey', 'encryptionKey'] as const;

export type Settings = Omit<AppConfig, 'toJSON' | typeof inspect.custom>;

/** Every setting of the service, validated and frozen. Also the token to inject it by. */
export class AppConfig {
  readonly role: Role;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly grpcPort: number;
  readonly grpcReflection: boolean;
  /** Paths of PEM files; without them gRPC is plain text. With `ca`, clients must show a certificate of it. */
  readonly grpcTls?: { readonly certPath: string; readonly keyPath: string; readonly caPath?: string };
  readonly production: boolean;

  /** Without it the embedded PostgreSQL below `dataDir` is used. */
  readonly databaseUrl?: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly databasePoolSize: number;
  /** 0 leaves the limit to the server, for poolers that refuse it as a start-up parameter. */
  readonly databaseStatementTimeoutMs: number;

  readonly stripeSecretKey?: string;
  /** Any of them may have signed a webhook; empty when there is none. */
  readonly stripeWebhookSecrets: readonly string[];
  /** Where the SDK sends its requests instead of to Stripe. */
  readonly stripeApiBase?: URL;
  readonly livemode: boolean;
  /** What all replicas together send to Stripe in a second, at most. */
  readonly stripeRequestsPerSecond: number;
  /** What the sweep may ask of Stripe in an hour; 0 turns it off. */
  readonly sweepRequestsPerHour: number;
  readonly sandbox: boolean;
  readonly sandboxPort: number;

  /** `trb_<keyid>_<secret>`: becomes the first API key. */
  readonly apiKey?: string;
  /** Where strangers reach this service, without a slash at the end: what QR codes lead to. */
  readonly publicUrl?: string;
  /** Whose pages may call `/v1/me` from a browser, such as `https://app.example.com`; none by default. */
  readonly portalOrigins: readonly string[];
  /** Encrypts the signing secrets of further webhook endpoints. */
  readonly encryptionKey?: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Addresses and CIDR ranges whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];

  constructor(settings: Settings) {
    Object.assign(this, settings);
    for (const name of SECRETS) {
      Object.defineProperty(this, name, { value: settings[name], enumerable: false });
    }
    Object.freeze(this);
  }

  /** All settings; of a secret only its kind and length. */
  toJSON(): Record<string, unknown> {
    const shown = (secret: string | undefined) => secret && describeSecret(secret);
    const settings = { ...(this as Settings) };
    return {
      ...settings,
      databaseUrl: shown(this.databaseUrl),
      stripeSecretKey: shown(this.stripeSecretKey),
      stripeWebhookSecrets: this.stripeWebhookSecrets.map(shown),
      apiKey: shown(this.apiKey),
      encryptionKey: shown(this.encryptionKey),
    };
  }

  [inspect.custom](): Record<string, unknown> {
    return this.toJSON();
  }
}

/** The process's environment, with what `.env` in the working directory adds to it; set variables win over the file. */
export function processEnvironment(envFile = '.env'): Environment {
  if (existsSync(envFile)) process.loadEnvFile(envFile);
  return process.env;
}

/** The configuration that `env` describes. Throws `ConfigError` on the first setting that is wrong or contradicts another. */
export function loadConfig(env: Environment): AppConfig {
  const read = new EnvReader(env);
  const production = read.text('NODE_ENV') === 'production';
  return new AppConfig({
    role: read.oneOf('TRIBUTARY_ROLE', ROLES, 'all'),
    host: readHost(read),
    port: readPort(read, 'PORT', 3000),
    grpcPort: readPort(read, 'GRPC_PORT', 50_051),
    grpcReflection: read.boolean('GRPC_REFLECTION') ?? !production,
    grpcTls: readGrpcTls(read),
    production,
    databaseUrl: readDatabaseUrl(read),
    dataDir: resolve(read.text('TRIBUTARY_DATA_DIR') ?? '.data'),
    databasePoolSize: read.integer('DATABASE_POOL_SIZE', { fallback: 10, min: 2, max: 500 }),
    databaseStatementTimeoutMs: read.integer('DATABASE_STATEMENT_TIMEOUT_MS', {
      fallback: 30_000,
      min: 0,
      max: 3_600_000,
    }),
    ...readStripe(read, production),
    sweepRequestsPerHour: read.integer('TRIBUTARY_SWEEP_PER_HOUR', {
      fallback: 2_000,
      min: 0,
      max: 360_000,
    }),
    sandboxPort: readPort(read, 'TRIBUTARY_SANDBOX_PORT', 12_111),
    apiKey: read.secret(
      'TRIBUTARY_API_KEY',
      /^trb_[0-9A-Za-z]+_[0-9a-f]{64}$/,
      'trb_<key id>_<64 lower-case hexadecimal characters>',
    ),
    publicUrl: readPublicUrl(read),
    portalOrigins: read.origins('TRIBUTARY_PORTAL_ORIGINS'),
    encryptionKey: read.secret('TRIBUTARY_ENCRYPTION_KEY', /^.{32,}$/, '32 or more random characters'),
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    logFormat: read.oneOf('LOG_FORMAT', LOG_FORMATS, 'auto'),
    trustedProxies: readTrustedProxies(read),
  });
}

function readPort(read: EnvReader, name: string, fallback: number): number {
  return read.integer(name, { fallback, min: 0, max: 65_535 });
}

function readHost(read: EnvReader): string {
  const host = read.text('HOST') ?? '127.0.0.1';
  if (isIP(host) === 0 && !/^[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?$/.test(host)) {
    throw new ConfigError('HOST', 'an IP address or a host name to listen on', quote(host));
  }
  return host;
}

function readPublicUrl(read: EnvReader): string | undefined {
  const wants = 'an address like https://go.example.com, without a query';
  const url = read.url('TRIBUTARY_PUBLIC_URL', ['http:', 'https:'], wants);
  if (url === undefined) return undefined;
  if (url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new ConfigError('TRIBUTARY_PUBLIC_URL', wants, quote(url.origin));
  }
  return url.href.replace(/\/+$/, '');
}

function readDatabaseUrl(read: EnvReader): string | undefined {
  const wants = 'a URL like postgresql://user:password@host:5432/database';
  const url = read.url('DATABASE_URL', ['postgres:', 'postgresql:'], wants);
  if (url && url.pathname.length < 2) {
    throw new ConfigError('DATABASE_URL', wants, 'a URL without the name of a database');
  }
  return url && read.text('DATABASE_URL');
}

function readGrpcTls(read: EnvReader): AppConfig['grpcTls'] {
  const certPath = read.readableFile('GRPC_TLS_CERT');
  const keyPath = read.readableFile('GRPC_TLS_KEY');
  const caPath = read.readableFile('GRPC_TLS_CA');
  if (certPath && keyPath) return { certPath, keyPath, caPath };
  if (keyPath) throw new ConfigError('GRPC_TLS_CERT', 'set together with GRPC_TLS_KEY', 'nothing');
  if (certPath) throw new ConfigError('GRPC_TLS_KEY', 'set together with GRPC_TLS_CERT', 'nothing');
  if (caPath)
    throw new ConfigError('GRPC_TLS_CA', 'set only together with GRPC_TLS_CERT and GRPC_TLS_KEY', quote(caPath));
  return undefined;
}

type StripeSettings = Pick<
  Settings,
  'stripeSecretKey' | 'stripeWebhookSecrets' | 'stripeApiBase' | 'livemode' | 'stripeRequestsPerSecond' | 'sandbox'
>;

/** Just below Stripe's own limits of 100 and 25. Source: https://docs.stripe.com/rate-limits */
const REQUESTS_PER_SECOND = { live: 95, test: 24, most: 10_000 };

function readStripe(read: EnvReader, production: boolean): StripeSettings {
  const stripeSecretKey = read.secret(
    'STRIPE_SECRET_KEY',
    /^[sr]k_(test|live)_\w+$/,
    'a secret or restricted key of Stripe (sk_test_…, sk_live_…, rk_test_… or rk_live_…)',
  );
  const stripeApiBase = read.url('STRIPE_API_BASE', ['http:', 'https:'], 'a URL like http://127.0.0.1:12111');
  const livemode = readLivemode(read, stripeSecretKey);
  return {
    stripeSecretKey,
    stripeWebhookSecrets: readWebhookSecrets(read),
    stripeApiBase,
    livemode,
    stripeRequestsPerSecond: read.integer('STRIPE_REQUESTS_PER_SECOND', {
      fallback: livemode ? REQUESTS_PER_SECOND.live : REQUESTS_PER_SECOND.test,
      min: 1,
      max: REQUESTS_PER_SECOND.most,
    }),
    sandbox: readSandbox(read, {
      production,
      livemode,
      hasKey: stripeSecretKey !== undefined,
      hasApiBase: stripeApiBase !== undefined,
    }),
  };
}

function readWebhookSecrets(read: EnvReader): string[] {
  const secrets = read.list('STRIPE_WEBHOOK_SECRET');
  const wrong = secrets.find((secret) => !/^whsec_\S+$/.test(secret));
  if (wrong !== undefined) {
    throw new ConfigError(
      'STRIPE_WEBHOOK_SECRET',
      'one or more signing secrets (whsec_…) separated by commas',
      describeSecret(wrong),
    );
  }
  return secrets;
}

function readLivemode(read: EnvReader, secretKey: string | undefined): boolean {
  const wanted = read.boolean('STRIPE_LIVEMODE');
  if (secretKey === undefined) return wanted ?? false;
  const keyIsLive = /^[sr]k_live_/.test(secretKey);
  if (wanted !== undefined && wanted !== keyIsLive) {
    throw new ConfigError(
      'STRIPE_LIVEMODE',
      `${keyIsLive} or unset with a ${keyIsLive ? 'live' : 'test'} STRIPE_SECRET_KEY`,
      quote(String(wanted)),
    );
  }
  return keyIsLive;
}

interface SandboxFacts {
  production: boolean;
  livemode: boolean;
  hasKey: boolean;
  hasApiBase: boolean;
}

/** The sandbox must never stand between a company and its real Stripe account. */
function readSandbox(read: EnvReader, facts: SandboxFacts): boolean {
  const mode = read.oneOf('TRIBUTARY_SANDBOX', ['auto', 'on', 'off'] as const, 'auto');
  if (mode === 'off') return false;
  if (mode === 'auto') return !facts.hasKey && !facts.production && !facts.livemode && !facts.hasApiBase;
  if (facts.production) throw new ConfigError('TRIBUTARY_SANDBOX', 'auto or off with NODE_ENV=production', '"on"');
  if (facts.livemode) throw new ConfigError('TRIBUTARY_SANDBOX', 'auto or off with a live Stripe account', '"on"');
  if (facts.hasApiBase) throw new ConfigError('TRIBUTARY_SANDBOX', 'auto or off when STRIPE_API_BASE is set', '"on"');
  return true;
}

function readTrustedProxies(read: EnvReader): string[] {
  const proxies = read.list('TRIBUTARY_TRUSTED_PROXIES');
  const wrong = proxies.find((proxy) => !isAddressOrRange(proxy));
  if (wrong !== undefined) {
    throw new ConfigError('TRIBUTARY_TRUSTED_PROXIES', 'IP addresses or CIDR ranges separated by commas', quote(wrong));
  }
  return proxies;
}

function isAddressOrRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
