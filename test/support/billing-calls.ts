import { randomId } from './stripe-events.js';
import type { TestService } from './test-service.js';

/** An object of the mirror as HTTP shows it. */
export interface ObjectView {
  id: string;
  object: string;
  account: string | null;
  deleted: boolean;
  dashboardUrl: string | null;
  data: Record<string, unknown> & { id: string };
}

/** A customer that was got or created by the company's own id. */
export interface GotCustomer {
  ref: string;
  primary: boolean;
  created: boolean;
  customer: ObjectView;
}

/** The writes that many stories about customers begin with, all by way of the service. */
export class BillingCalls {
  constructor(private readonly service: TestService) {}

  post<T = ObjectView>(path: string, body?: object, headers?: Record<string, string>) {
    return this.service.http<T>('POST', `/v1/billing/${path}`, body, headers);
  }

  get<T = ObjectView>(path: string) {
    return this.service.http<T>('GET', `/v1/billing/${path}`);
  }

  async customer(params: object = {}): Promise<string> {
    return (await this.post('customers', { params })).body.id;
  }

  async card(): Promise<string> {
    return (await this.post('payment_methods', { params: { type: 'card', card: { token: 'tok_visa' } } })).body.id;
  }

  /** A customer with a card that pays. */
  async payer(params: object = {}): Promise<string> {
    const id = await this.customer(params);
    await this.post(`customers/${id}/payment-methods`, { paymentMethod: await this.card(), default: true });
    return id;
  }

  /** USD 20 a month. */
  async price(product?: string): Promise<{ price: string; product: string }> {
    const of = product ?? (await this.post('products', { params: { name: randomId('product') } })).body.id;
    const made = await this.post('prices', {
      params: { product: of, currency: 'usd', unit_amount: 2_000, recurring: { interval: 'month' } },
    });
    return { price: made.body.id, product: of };
  }
}
