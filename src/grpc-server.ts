import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { BlockList, isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Metadata, Server, ServerCredentials, ServerInterceptingCall, setLogger } from '@grpc/grpc-js';
import type { ServerInterceptor, ServerOptions } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Options, PackageDefinition } from '@grpc/proto-loader';
import { Logger } from '@nestjs/common';
import { ServerGrpc } from '@nestjs/microservices';
import { HealthImplementation } from 'grpc-health-check';
import { ADDRESS_METADATA, peerAddress, REQUEST_ID_HEADER } from './access/call-state.js';
import { acceptRequestId, currentRequest, runWithRequestId } from './common/request-context.js';
import type { AppConfig } from './config/app-config.js';
import { withPlainMessages } from './grpc-wire.js';
import { BODY_BYTES_MAX, hostInUrl } from './http-server.js';

export const GRPC_PACKAGE = 'tributary.v1';
/** Every service, and the file of `proto/tributary/v1` that declares it. */
const SERVICES: Readonly<Record<string, string>> = {
  Accounts: 'accounts',
  Backfills: 'backfill',
  Backtests: 'backtests',
  Billing: 'billing',
  BillingTruth: 'billing_truth',
  Charges: 'charges',
  Customers: 'customers',
  Invoices: 'invoices',
  Me: 'partner_portal',
  Numbers: 'numbers',
  PartnerTokens: 'partner_portal',
  PaymentMethods: 'payment_methods',
  Payouts: 'payouts',
  Privacy: 'privacy',
  Referrals: 'referrals',
  Subscriptions: 'subscriptions',
  WebhookEndpoints: 'webhook_endpoints',
  WebhookEvents: 'webhook_events',
};
const PROTO_FILES = [...new Set(Object.values(SERVICES))].map((name) => `tributary/v1/${name}.proto`);
/** How long calls under way may take when the service stops. */
const DRAIN_LIMIT_MS = 10_000;

/** Absent fields stay absent and oneofs have no virtual names, so that a message has the shape of the JSON body. */
const LOADER: Options = { longs: String, enums: String, defaults: false, oneofs: false };

/** The contract as the proto files have it, for the server and its tests; `more` are files of a test's own. */
export function loadContract(more: readonly string[] = [], options: Options = LOADER): PackageDefinition {
  return loadSync([...PROTO_FILES, ...more], { ...options, includeDirs: [protoRoot()] });
}

function protoRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'proto', PROTO_FILES[0] ?? ''))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the folder proto/ is missing beside the service');
    folder = parent;
  }
  return join(folder, 'proto');
}

/** The whole server and each of its services, as probes may ask for either. */
const HEALTHY: Record<string, 'SERVING'> = Object.fromEntries(
  ['', ...Object.keys(SERVICES).map((service) => `${GRPC_PACKAGE}.${service}`)].map((name) => [
    name,
    'SERVING' as const,
  ]),
);

/** Nest's gRPC transport with a port that can be asked for, health, reflection and a stop that has a limit. */
export class GrpcFace extends ServerGrpc {
  /** Where it can be called, once listening; `grpcPort` 0 takes a free port. */
  address = '';
  private readonly health = new HealthImplementation(HEALTHY);
  private server: Server | null = null;

  constructor(
    private readonly config: AppConfig,
    private readonly contract: PackageDefinition,
  ) {
    super({ package: GRPC_PACKAGE, packageDefinition: withPlainMessages(contract) });
  }

  override async createClient(): Promise<Server> {
    const { host, grpcPort } = this.config;
    setLogger(quietLog());
    const server = new Server(serverOptions(this.config));
    const port = await new Promise<number>((resolve, reject) => {
      const address = `${host.includes(':') ? `[${host}]` : host}:${grpcPort}`;
      server.bindAsync(address, credentialsOf(this.config), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    this.address = `${hostInUrl(host)}:${port}`;
    this.health.addToServer(server);
    if (this.config.grpcReflection) addReflection(server, this.contract);
    this.server = server;
    return server;
  }

  /** Tells watchers, takes no new calls, and waits for those under way. Safe to repeat. */
  override async close(): Promise<void> {
    const server = this.server;
    this.server = null;
    this.grpcClient = null;
    if (!server) return;
    for (const name of Object.keys(HEALTHY)) this.health.setStatus(name, 'NOT_SERVING');
    const timer = setTimeout(() => server.forceShutdown(), DRAIN_LIMIT_MS);
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    clearTimeout(timer);
  }
}

/** The library would print to standard error by itself; what matters reaches us as an error anyway. */
function quietLog(): Partial<Console> {
  const logger = new Logger('grpc-js');
  const debug = (message: unknown): void => logger.debug(message);
  return { error: debug, info: debug, debug };
}

function serverOptions(config: AppConfig): ServerOptions {
  return {
    'grpc.max_receive_message_length': BODY_BYTES_MAX,
    'grpc.max_send_message_length': 4 * BODY_BYTES_MAX,
    interceptors: [requestInterceptor(config.trustedProxies)],
  };
}

function credentialsOf({ grpcTls }: AppConfig): ServerCredentials {
  if (!grpcTls) return ServerCredentials.createInsecure();
  const pair = { cert_chain: readFileSync(grpcTls.certPath), private_key: readFileSync(grpcTls.keyPath) };
  const ca = grpcTls.caPath === undefined ? null : readFileSync(grpcTls.caPath);
  return ServerCredentials.createSsl(ca, [pair], ca !== null);
}

/** Loaded only where it is wanted: in production it is off. */
function addReflection(server: Server, contract: PackageDefinition): void {
  const { ReflectionService } = createRequire(import.meta.url)('@grpc/reflection') as typeof import('@grpc/reflection');
  new ReflectionService(contract).addToServer(server);
}

/** Request id, client address and the log line of every call, also of those that no handler sees. */
function requestInterceptor(trustedProxies: readonly string[]): ServerInterceptor {
  const logger = new Logger('Grpc');
  const trusted = proxyList(trustedProxies);
  return (method, call) => {
    const startedAt = performance.now();
    let requestId = '';
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => {
            requestId = acceptRequestId(metadata.get(REQUEST_ID_HEADER)[0]?.toString());
            metadata.set(REQUEST_ID_HEADER, requestId);
            metadata.set(ADDRESS_METADATA, clientAddress(call.getPeer(), metadata, trusted));
            forward(metadata);
          },
          onReceiveHalfClose: (forward) => runWithRequestId(requestId, forward),
        }),
      sendStatus: (status, next) => {
        const metadata = status.metadata ?? new Metadata();
        metadata.set(REQUEST_ID_HEADER, requestId);
        const ms = Math.round(performance.now() - startedAt);
        const line = { message: 'answered', method: method.path, status: status.code, ms };
        if (currentRequest()) logger.log(line);
        else runWithRequestId(requestId, () => logger.log(line));
        next({ ...status, metadata });
      },
    });
  };
}

/** The last address before our trusted proxies, or the peer itself when it is none of them. */
function clientAddress(peer: string, metadata: Metadata, trusted: BlockList): string {
  const forwarded = metadata.get('x-forwarded-for').flatMap((value) => value.toString().split(','));
  const hops = [peerAddress(peer), ...forwarded.map((hop) => hop.trim()).reverse()];
  return hops.find((hop) => !isTrusted(hop, trusted)) ?? hops.at(-1) ?? 'unknown';
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

function proxyList(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  }
  return list;
}
