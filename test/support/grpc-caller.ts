import { credentials, loadPackageDefinition, Metadata, status } from '@grpc/grpc-js';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { loadContract } from '../../src/grpc-server.js';

export interface GrpcAnswer<T = Record<string, unknown>> {
  code: status;
  /** Undefined when refused. */
  message: T | undefined;
  details: string;
  /** The error body in the trailer, as HTTP would answer it. */
  body: { error?: { code: string; message: string; field?: string; requestId: string } };
  headers: Record<string, string>;
  trailers: Record<string, string>;
}

export interface GrpcCallOptions {
  headers?: Record<string, string>;
  deadline?: Date;
}

export interface GrpcCaller {
  call<T = Record<string, unknown>>(
    service: string,
    method: string,
    request?: object,
    options?: GrpcCallOptions,
  ): Promise<GrpcAnswer<T>>;
  close(): void;
}

type Unary = (
  request: object,
  metadata: Metadata,
  options: object,
  callback: (error: ServiceError | null, message: unknown) => void,
) => {
  on(event: 'metadata', listener: (metadata: Metadata) => void): void;
  on(event: 'status', listener: (end: { metadata: Metadata }) => void): void;
};

type ClientClass = new (address: string, credentials: object) => Client & Record<string, Unary>;

/** Calls methods by name. Integers come as numbers and times as text, as JSON has them. */
export function grpcCaller(
  address: string,
  protoFiles: readonly string[],
  defaultHeaders: Record<string, string>,
): GrpcCaller {
  const contract = loadPackageDefinition(
    loadContract(protoFiles, { longs: Number, enums: String, defaults: true, arrays: true }),
  );
  const services = (contract.tributary as Record<string, unknown>).v1 as Record<string, ClientClass>;
  const clients = new Map<string, Client & Record<string, Unary>>();

  const clientOf = (service: string): Client & Record<string, Unary> => {
    const known = clients.get(service);
    if (known) return known;
    const ServiceClient = services[service];
    if (!ServiceClient) throw new RangeError(`no proto file declares the service ${service}`);
    const client = new ServiceClient(address, credentials.createInsecure());
    clients.set(service, client);
    return client;
  };

  return {
    call: (service, method, request = {}, options = {}) =>
      callOnce(clientOf(service), method, request, options, defaultHeaders),
    close: () => clients.forEach((client) => client.close()),
  };
}

function callOnce<T>(
  client: Client & Record<string, Unary>,
  method: string,
  request: object,
  { headers = {}, deadline }: GrpcCallOptions,
  defaultHeaders: Record<string, string>,
): Promise<GrpcAnswer<T>> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries({ ...defaultHeaders, ...headers })) {
    if (value !== '') metadata.set(name, value);
  }
  return new Promise((resolve, reject) => {
    const unary = client[method];
    if (!unary) return reject(new RangeError(`the service has no method ${method}`));
    let sent = new Metadata();
    let outcome: { error: ServiceError | null; message: unknown } = { error: null, message: undefined };
    const call = unary.call(client, request, metadata, { deadline }, (error, message) => {
      outcome = { error, message };
    });
    call.on('metadata', (received) => (sent = received));
    call.on('status', (end) => {
      // The callback runs right after the status event.
      setImmediate(() => resolve(answerOf<T>(outcome, sent, end.metadata)));
    });
  });
}

function answerOf<T>(
  { error, message }: { error: ServiceError | null; message: unknown },
  headers: Metadata,
  trailers: Metadata,
): GrpcAnswer<T> {
  const [text] = trailers.get('tributary-error');
  return {
    code: error?.code ?? status.OK,
    message: message as T | undefined,
    details: error?.details ?? '',
    body: (text === undefined ? {} : JSON.parse(text.toString())) as GrpcAnswer['body'],
    headers: plain(headers),
    trailers: plain(trailers),
  };
}

function plain(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata.getMap()).map(([name, value]) => [name, value.toString()]));
}
