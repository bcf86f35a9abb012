import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { AdjustableClock } from '../../src/common/clock.js';
import { StripeSandbox, type SandboxOptions } from '../../sandbox/stripe-sandbox.js';

export const MIDNIGHT = new Date('2026-01-01T00:00:00Z');

/** A sandbox whose clock stands at `MIDNIGHT`, and the real SDK in front of it. */
export async function startSandbox(options: SandboxOptions = {}): Promise<{ sandbox: StripeSandbox; stripe: Stripe }> {
  const clock = options.clock ?? new AdjustableClock();
  if (!options.clock) clock.freeze(MIDNIGHT);
  const sandbox = await StripeSandbox.start({ clock, ...options });
  return { sandbox, stripe: clientOf(sandbox) };
}

export function clientOf(sandbox: StripeSandbox, key = 'sk_test_sandbox'): Stripe {
  const { port, host } = sandbox;
  return new Stripe(key, { host, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 });
}

/** An endpoint that verifies what it gets with the SDK and keeps it in the order of arrival. */
export class Receiver {
  readonly events: Stripe.Event[] = [];
  readonly rejected: string[] = [];
  /** Whatever came, verified or not. */
  readonly bodies: { body: string; signature: string }[] = [];
  secret = '';
  /** What to answer; a function of the number of the delivery, from 1. */
  answer: (delivery: number) => number = () => 200;
  private count = 0;

  private constructor(private readonly server: http.Server) {}

  static async start(): Promise<Receiver> {
    const server = http.createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => void receiver.receive(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  stop(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  private async receive(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const status = this.answer(++this.count);
    const signature = String(request.headers['stripe-signature']);
    this.bodies.push({ body: Buffer.concat(chunks).toString(), signature });
    try {
      const event = Stripe.webhooks.constructEvent(Buffer.concat(chunks), signature, this.secret);
      if (status === 200) this.events.push(event);
    } catch (error) {
      this.rejected.push(String(error));
    }
    response.writeHead(status).end();
  }
}

/** A product's monthly price. */
export async function monthlyPrice(stripe: Stripe, unit_amount: number, currency = 'usd'): Promise<Stripe.Price> {
  return stripe.prices.create({
    currency,
    unit_amount,
    recurring: { interval: 'month' },
    product_data: { name: 'Plan' },
  });
}

/** A customer whose default card pays. */
export async function payingCustomer(stripe: Stripe, card = 'pm_card_visa', clock?: string): Promise<Stripe.Customer> {
  return stripe.customers.create({
    email: 'jo@example.com',
    payment_method: card,
    invoice_settings: { default_payment_method: card },
    ...(clock && { test_clock: clock }),
  });
}
