import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy on loopback that can cut connections or swallow what they carry, as networks do. */
export class TcpProxy {
  private readonly pairs = new Set<[Socket, Socket]>();
  private mode: 'pass' | 'swallow' | 'refuse' = 'pass';

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {}

  static async to(host: string, port: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, { host, port });
    server.on('connection', (socket) => proxy.accept(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Bytes vanish in both directions, on open connections and new ones; nobody is told. */
  swallow(): void {
    this.mode = 'swallow';
    for (const pair of this.pairs) pair.forEach((socket) => socket.pause());
  }

  /** Open connections are reset, new ones closed at once. */
  refuse(): void {
    this.mode = 'refuse';
    for (const pair of this.pairs) pair.forEach((socket) => socket.destroy());
  }

  /** Back to normal; what was swallowed stays lost, so those connections are cut. */
  pass(): void {
    for (const pair of this.pairs) pair.forEach((socket) => socket.destroy());
    this.mode = 'pass';
  }

  async close(): Promise<void> {
    this.refuse();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    if (this.mode === 'refuse') {
      client.destroy();
      return;
    }
    const upstream = connect(this.target);
    const pair: [Socket, Socket] = [client, upstream];
    this.pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pair.forEach((each) => each.destroy());
        this.pairs.delete(pair);
      });
    }
    client.pipe(upstream).pipe(client);
    if (this.mode === 'swallow') pair.forEach((socket) => socket.pause());
  }
}
