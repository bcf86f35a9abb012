import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { loadContract } from '../../src/grpc-server.js';
import { DemoError } from './demo-error.js';

const DEADLINE_MS = 10_000;

type Unary = (
  request: object,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, answer: unknown) => void,
) => void;
type Service = Client & Record<string, Unary>;

/** The service's gRPC face, called from its published proto files. */
export class GrpcCalls {
  private readonly services: Record<string, new (address: string, channel: object) => Service>;
  private readonly open = new Map<string, Service>();

  constructor(
    readonly address: string,
    private readonly apiKey: string,
  ) {
    const contract = loadPackageDefinition(loadContract([], { longs: Number, defaults: true }));
    this.services = (contract.tributary as Record<string, unknown>).v1 as GrpcCalls['services'];
  }

  call<T>(service: string, method: string, request: object): Promise<T> {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${this.apiKey}`);
    metadata.set('idempotency-key', `demo-${randomUUID()}`);
    const client = this.clientOf(service);
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer: unknown): void => {
        if (error === null) resolve(answer as T);
        else reject(new DemoError(`gRPC ${service}/${method} at ${this.address}: ${error.details}`, { cause: error }));
      };
      client[method]?.call(client, request, metadata, { deadline: Date.now() + DEADLINE_MS }, done);
    });
  }

  close(): void {
    for (const client of this.open.values()) client.close();
  }

  private clientOf(service: string): Service {
    const known = this.open.get(service);
    if (known) return known;
    const ServiceClient = this.services[service];
    if (!ServiceClient) throw new DemoError(`no proto file declares ${service}`);
    const client = new ServiceClient(this.address, credentials.createInsecure());
    this.open.set(service, client);
    return client;
  }
}
