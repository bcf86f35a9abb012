import { connect, type Socket } from 'node:net';
import { signPayload } from '../sandbox/webhooks/signature.js';
import type { SampleEvent } from './sample-events.js';

export interface LoadResult {
  seconds: number;
  /** Milliseconds from the first byte sent to the last byte of the answer, sorted. */
  latenciesMs: number[];
}

const ANSWER_LIMIT_MS = 60_000;

/** The whole request as bytes, so that sending costs this process next to nothing and the service gets the machine. */
export function signedRequests(events: readonly SampleEvent[], target: URL, secret: string): Buffer[] {
  return events.map(({ body }) =>
    Buffer.from(
      `POST ${target.pathname} HTTP/1.1\r\nhost: ${target.host}\r\ncontent-type: application/json; charset=utf-8\r\n` +
        `stripe-signature: ${signPayload(body, secret)}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
}

/** Sends all, each connection one request after the other. Fails on the first answer that is not 200. */
export async function sendAll(requests: readonly Buffer[], target: URL, connections: number): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let next = 0;
  const startedAt = performance.now();
  const lane = async (): Promise<void> => {
    const connection = await Connection.open(target);
    try {
      for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
        const sentAt = performance.now();
        const status = await connection.send(request);
        if (status !== 200) throw new Error(`a delivery was answered ${status}`);
        latenciesMs.push(performance.now() - sentAt);
      }
    } finally {
      connection.close();
    }
  };
  await Promise.all(Array.from({ length: connections }, lane));
  return { seconds: (performance.now() - startedAt) / 1000, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}

/** Just enough of HTTP/1.1 for answers with a content-length; a general client costs more than the service under test. */
class Connection {
  private received = '';
  private answer: { resolve: (status: number) => void; reject: (error: Error) => void } | null = null;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (chunk: string) => this.read(chunk));
    socket.on('error', (error) => this.answer?.reject(error));
    socket.on('close', () => this.answer?.reject(new Error('the service closed the connection')));
  }

  static async open(target: URL): Promise<Connection> {
    const socket = connect({ host: target.hostname, port: Number(target.port) });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new Connection(socket);
  }

  send(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.answer = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private read(chunk: string): void {
    this.received += chunk;
    const head = this.received.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.received)?.[1]);
    if (!Number.isSafeInteger(length)) this.socket.destroy(new Error('an answer without content-length'));
    if (this.received.length < head + 4 + length) return;
    const status = Number(this.received.slice(9, 12));
    const answer = this.answer;
    this.received = '';
    this.answer = null;
    answer?.resolve(status);
  }
}
