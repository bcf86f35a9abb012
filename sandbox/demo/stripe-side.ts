import Stripe from 'stripe';
import { DemoError } from './demo-error.js';

const ANSWER_LIMIT_MS = 15_000;

/** Stripe as the company uses it (the real SDK), and what only people can do there (the sandbox's control routes). */
export class StripeSide {
  readonly sdk: Stripe;

  constructor(readonly url: string) {
    const { hostname: host, port } = new URL(url);
    this.sdk = new Stripe('sk_test_demo', { host, port, protocol: 'http', telemetry: false });
  }

  /** Before anything is written: this sandbox must be the one that delivers to that service. */
  async requireDeliveriesTo(httpUrl: string): Promise<void> {
    const endpoints = await this.sdk.webhookEndpoints.list({ limit: 100 }).catch((error: unknown) => {
      throw new DemoError(
        `no Stripe sandbox answers at ${this.url}; the service at ${httpUrl} runs without one, or with another TRIBUTARY_SANDBOX_PORT`,
        { cause: error },
      );
    });
    const { port } = new URL(httpUrl);
    if (endpoints.data.some(({ url }) => new URL(url).port === port)) return;
    throw new DemoError(
      `the sandbox at ${this.url} delivers to another service than ${httpUrl}; set PORT and TRIBUTARY_SANDBOX_PORT as for the service`,
    );
  }

  async now(): Promise<Date> {
    const { now } = await this.control<{ now: string }>('GET', '/_sandbox/clock');
    return new Date(now);
  }

  /** A person fills in the payment page and pays. */
  payAtCheckout(session: string, person: { email: string; name: string; promotion_code?: string }) {
    return this.control<Stripe.Checkout.Session>('POST', `/_sandbox/checkout/sessions/${session}/complete`, person);
  }

  /** The company's own bank account tops up the balance that transfers are made from. */
  addFunds(amount: number, currency: string): Promise<unknown> {
    return this.control('POST', '/_sandbox/balance/add_funds', { amount, currency });
  }

  private async control<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(new URL(path, this.url), {
      method,
      body: body && JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    if (!answer.ok)
      throw new DemoError(`the sandbox answered ${answer.status} to ${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}
