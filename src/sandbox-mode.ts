import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AdjustableClock, SystemClock } from './common/clock.js';
import type { Clock } from './common/clock.js';
import { AppConfig } from './config/app-config.js';
import type { Settings } from './config/app-config.js';
import { SandboxClock } from './sandbox-mode/sandbox-clock.js';

const FOLLOW_EVERY_MS = 1_000;
const ASK_LIMIT_MS = 2_000;
/** Any test key will do there. */
const SANDBOX_SECRET_KEY = 'sk_test_sandbox';

/** What the service needs of `sandbox/stripe-sandbox.js`. Not imported as a type: production images do not have it. */
export interface SandboxHandle {
  /** `http://127.0.0.1:12111` */
  readonly url: string;
  addWebhookEndpoint(endpoint: { url: string; secret: string }): unknown;
  /** Moves its clock, and lets what falls due in between happen. */
  advance(seconds: number): Promise<unknown>;
  stop(): Promise<void>;
}

interface SandboxPackage {
  StripeSandbox: {
    start(options: { port: number; clock: AdjustableClock; stateFile?: string }): Promise<SandboxHandle>;
  };
}

/** Built from pieces so that no compiler or bundler takes the sandbox for a part of the service. */
const SANDBOX_MODULE = ['..', 'sandbox', 'stripe-sandbox.js'].join('/');

/** A sandbox in this process, sharing its clock. Throws one clear sentence where it is not shipped. */
export async function startSandbox(config: AppConfig, clock: AdjustableClock): Promise<SandboxHandle> {
  const { StripeSandbox } = await loadSandbox();
  return StripeSandbox.start({ port: config.sandboxPort, clock, stateFile: join(config.dataDir, 'sandbox.json') });
}

async function loadSandbox(): Promise<SandboxPackage> {
  try {
    return (await import(SANDBOX_MODULE)) as SandboxPackage;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(
      'the Stripe sandbox is not part of this installation; set STRIPE_SECRET_KEY, or TRIBUTARY_SANDBOX=off to run without Stripe',
      { cause: error },
    );
  }
}

/** The same settings with Stripe pointing at the sandbox. A signing secret is made up when none was given. */
function configForSandbox(config: AppConfig, base: URL): AppConfig {
  const { stripeWebhookSecrets: given, dataDir } = config;
  return withSettings(config, {
    stripeApiBase: base,
    stripeSecretKey: SANDBOX_SECRET_KEY,
    stripeWebhookSecrets: given.length > 0 ? given : [keptSecret(dataDir)],
  });
}

/** The same after a restart, because the sandbox keeps its endpoints and goes on with what it had not delivered. */
function keptSecret(dataDir: string): string {
  const file = join(dataDir, 'sandbox-webhook-secret');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const secret = `whsec_${randomBytes(24).toString('hex')}`;
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(file, secret, { mode: 0o600 });
  return secret;
}

/** Where sandbox mode keeps the API key of the first start. */
export const apiKeyFile = (dataDir: string): string => join(dataDir, 'sandbox-api-key');

/** Keeps a key that was just made, so that the demo works in a second terminal. For sandbox mode only: it opens nothing but test data. */
export function keepApiKey(dataDir: string, token: string): void {
  const file = apiKeyFile(dataDir);
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  // The mode above counts only for a new file.
  chmodSync(file, 0o600);
}

/** Has events sent to `url`: keeps an endpoint of an earlier start, and removes ours at other ports, which nobody serves. */
async function registerEndpoint(handle: SandboxHandle, url: string, secret: string): Promise<void> {
  const { data } = await askStripe<{ data: { id: string; url: string }[] }>(
    handle.url,
    'GET',
    '/v1/webhook_endpoints?limit=100',
  );
  const ours = data.filter((endpoint) => new URL(endpoint.url).pathname === new URL(url).pathname);
  for (const { id } of ours.filter((endpoint) => endpoint.url !== url)) {
    await askStripe(handle.url, 'DELETE', `/v1/webhook_endpoints/${id}`);
  }
  if (!ours.some((endpoint) => endpoint.url === url)) handle.addWebhookEndpoint({ url, secret });
}

async function askStripe<T>(base: string, method: string, path: string): Promise<T> {
  const headers = { authorization: `Bearer ${SANDBOX_SECRET_KEY}` };
  const answer = await fetch(new URL(path, base), { method, headers, signal: AbortSignal.timeout(ASK_LIMIT_MS) });
  if (!answer.ok) throw new Error(`the sandbox answered ${answer.status} to ${method} ${path}`);
  return (await answer.json()) as T;
}

/** A copy with some settings changed. Secrets are not enumerable, so a spread would lose them. */
export function withSettings(config: AppConfig, changed: Partial<Settings>): AppConfig {
  const names = Object.getOwnPropertyNames(config) as (keyof Settings)[];
  const settings = Object.fromEntries(names.map((name) => [name, config[name]]));
  return new AppConfig({ ...settings, ...changed } as Settings);
}

/** The clock of a sandbox in this process. */
export class LocalSandboxClock extends SandboxClock {
  constructor(
    private readonly sandbox: SandboxHandle,
    private readonly clock: AdjustableClock,
  ) {
    super();
  }

  override async advance(seconds: number): Promise<Date> {
    await this.sandbox.advance(seconds);
    return this.clock.now();
  }
}

/** The clock of a sandbox in another process, which this one's business time follows. */
export class RemoteSandboxClock extends SandboxClock {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly base: URL,
    private readonly clock: AdjustableClock,
  ) {
    super();
  }

  override async advance(seconds: number): Promise<Date> {
    await this.ask('/_sandbox/clock/advance', { method: 'POST', body: JSON.stringify({ seconds }) });
    await this.follow();
    return this.clock.now();
  }

  /** Reads its time once, and from then on about every second. */
  async start(): Promise<void> {
    await this.follow();
    this.timer = setInterval(() => void this.follow().catch(() => undefined), FOLLOW_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async follow(): Promise<void> {
    const { now } = await this.ask('/_sandbox/clock', { method: 'GET' });
    this.clock.set(new Date(now));
  }

  private async ask(path: string, request: { method: string; body?: string }): Promise<{ now: string }> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(new URL(path, this.base), {
      ...request,
      headers,
      signal: AbortSignal.timeout(ASK_LIMIT_MS),
    });
    if (!answer.ok) throw new Error(`the sandbox answered ${answer.status} to ${request.method} ${path}`);
    return (await answer.json()) as { now: string };
  }
}

export interface SandboxMode {
  config: AppConfig;
  clock: Clock;
  sandboxClock: SandboxClock | null;
  /** The sandbox of this process, and how to have its webhooks sent. */
  sandbox: { handle: SandboxHandle; deliverTo(url: string): Promise<void> } | null;
}

/**
 * Business time, and whose Stripe it is: real time and the real one; or a sandbox in this process; or one in another, which
 * a `worker` beside it and everyone pointed at it by STRIPE_API_BASE follow.
 */
export async function enterSandboxMode(
  config: AppConfig,
  undo: { add(step: () => Promise<void> | void): void },
): Promise<SandboxMode> {
  if (config.sandbox && config.role !== 'worker') {
    const clock = new AdjustableClock();
    const handle = await startSandbox(config, clock);
    undo.add(() => handle.stop());
    const adjusted = configForSandbox(config, new URL(handle.url));
    const [secret = ''] = adjusted.stripeWebhookSecrets;
    const deliverTo = (url: string): Promise<void> => registerEndpoint(handle, url, secret);
    return {
      config: adjusted,
      clock,
      sandboxClock: new LocalSandboxClock(handle, clock),
      sandbox: { handle, deliverTo },
    };
  }
  const remote = remoteSandbox(config);
  return (
    (remote && (await followRemote(config, remote, undo))) ?? {
      config,
      clock: new SystemClock(),
      sandboxClock: null,
      sandbox: null,
    }
  );
}

/** Where a sandbox of another process may be; never for live data. */
function remoteSandbox({ sandbox, sandboxPort, stripeApiBase, livemode, production }: AppConfig): URL | null {
  if (livemode || production) return null;
  if (sandbox) return new URL(`http://127.0.0.1:${sandboxPort}`);
  return stripeApiBase ?? null;
}

/** A process that has no sandbox of its own found none. The message is for a `worker`. */
export class NoSandbox extends Error {
  constructor(
    readonly address: string,
    cause: unknown,
  ) {
    const remedy = 'start one with TRIBUTARY_ROLE=api or all first, or set STRIPE_SECRET_KEY';
    super(`a worker uses the sandbox of another process, and none answers at ${address}: ${remedy}`, { cause });
  }
}

/** Null when what answers there is no sandbox. Errors: `NoSandbox`, when there must be one. */
async function followRemote(
  config: AppConfig,
  base: URL,
  undo: { add(step: () => void): void },
): Promise<SandboxMode | null> {
  const clock = new AdjustableClock();
  const sandboxClock = new RemoteSandboxClock(base, clock);
  try {
    await sandboxClock.start();
  } catch (error) {
    if (config.sandbox) throw new NoSandbox(base.origin, error);
    return null;
  }
  undo.add(() => sandboxClock.stop());
  const adjusted = config.sandbox ? configForSandbox(config, base) : config;
  return { config: adjusted, clock, sandboxClock, sandbox: null };
}
