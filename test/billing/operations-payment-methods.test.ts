import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService, type TestService } from '../support/test-service.js';

interface View {
  id: string;
  data: Record<string, unknown> & { id: string };
}

let service: TestService;
/** Past the service: what a company did at Stripe before there were payment methods. */
let atStripe: (method: string, path: string, form: string) => Promise<{ id: string }>;

beforeAll(async () => {
  service = await startTestService();
  atStripe = async (method, path, body) =>
    (await (
      await fetch(`${String(service.sandbox?.url)}${path}`, {
        method,
        body,
        headers: {
          authorization: 'Bearer sk_test_methods',
          'content-type': 'application/x-www-form-urlencoded',
        },
      })
    ).json()) as { id: string };
});
afterAll(() => service.stop());

const post = (path: string, body?: object) => service.http<View>('POST', `/v1/billing/${path}`, body);
const instrument = (id: string, query = '') =>
  service.http<Record<string, unknown>>('GET', `/v1/billing/payment-instruments/${id}${query}`);

async function customer(): Promise<string> {
  return (await post('customers', { params: { email: 'payer@example.com' } })).body.id;
}

async function method(params: object = { type: 'card', card: { token: 'tok_visa' } }): Promise<string> {
  return (await post('payment_methods', { params })).body.id;
}

describe('payment methods', () => {
  it('are attached and detached, and the mirror has it at once', async () => {
    const [owner, id] = [await customer(), await method()];

    const attached = await post(`payment_methods/${id}/attach`, { customer: owner });
    expect(attached).toMatchObject({ status: 200, body: { id, data: { customer: owner } } });
    await service.http('PUT', `/v1/billing/customers/${owner}/default-payment-method`, { paymentMethod: id });
    expect((await instrument(id)).body).toMatchObject({
      object: 'payment_method',
      kind: 'card',
      customer: owner,
      brand: 'visa',
      last4: '4242',
      fingerprint: expect.any(String),
      isDefault: true,
      deleted: false,
    });

    const detached = await post(`payment_methods/${id}/detach`, {});
    expect(detached).toMatchObject({ status: 200, body: { id, data: { customer: null } } });
    const held = (await service.http<View>('GET', `/v1/billing/customers/${owner}`)).body.data;
    expect(held.invoice_settings).toMatchObject({ default_payment_method: null });
    expect(await post(`payment_methods/${id}/attach`, { customer: 'cus_nobody' })).toMatchObject({
      status: expect.any(Number),
      body: { error: { code: expect.stringMatching(/^stripe_/) } },
    });
    expect(await post(`payment_methods/${id}/attach`, {})).toMatchObject({
      status: 400,
      body: { error: { code: 'missing_field', field: 'customer' } },
    });
  });

  it('show the same four facts whatever the kind', async () => {
    const sepa = await method({
      type: 'sepa_debit',
      sepa_debit: { iban: 'DE89370400440532013000' },
      billing_details: { name: 'Jenny', email: 'jenny@example.com' },
    });
    const bank = await method({
      type: 'us_bank_account',
      us_bank_account: {
        account_number: '000123456789',
        routing_number: '110000000',
        account_holder_type: 'individual',
      },
      billing_details: { name: 'Jenny' },
    });

    expect((await instrument(sepa)).body).toMatchObject({ kind: 'sepa_debit', last4: '3000', expYear: null });
    expect((await instrument(bank)).body).toMatchObject({
      kind: 'us_bank_account',
      brand: 'STRIPE TEST BANK',
      last4: '6789',
    });
  });
});

describe('what was there before payment methods', () => {
  it('is resolved in the same place, by the id alone once the mirror has it', async () => {
    const owner = await customer();
    const card = await atStripe('POST', `/v1/customers/${owner}/sources`, 'source=tok_visa');
    const bank = await atStripe('POST', `/v1/customers/${owner}/sources`, 'source=btok_us_verified');
    expect(card.id).toMatch(/^card_/);
    expect(bank.id).toMatch(/^ba_/);

    expect(await instrument(card.id)).toMatchObject({
      status: 404,
      body: { error: { code: 'object_not_found', field: 'customer' } },
    });
    expect(await instrument(card.id, `?customer=${owner}`)).toMatchObject({
      status: 200,
      body: { object: 'card', kind: 'card', customer: owner, brand: 'visa', last4: '4242' },
    });
    expect((await instrument(bank.id, `?customer=${owner}`)).body).toMatchObject({
      object: 'bank_account',
      last4: '6789',
    });
    expect((await instrument(card.id, '?fresh=true')).body).toMatchObject({ id: card.id });
    await service.http('PUT', `/v1/billing/customers/${owner}/default-payment-method`, { paymentMethod: card.id });
    expect((await instrument(card.id)).body).toMatchObject({ isDefault: true });
  });

  it('says which ids it knows, and who was asked', async () => {
    expect(await instrument('tok_visa')).toMatchObject({ status: 400, body: { error: { field: 'id' } } });
    expect(await instrument('pm_nobody')).toMatchObject({
      status: 404,
      body: { error: { code: 'stripe_resource_missing' } },
    });
  });
});

describe('the same over gRPC', () => {
  it('attaches, shows and detaches', async () => {
    const call = (name: string, request: object) => service.grpc.call('PaymentMethods', name, request);
    const [owner, id] = [await customer(), await method()];

    expect((await call('AttachPaymentMethod', { id, customer: owner })).message).toMatchObject({ id });
    expect((await call('GetPaymentInstrument', { id })).message).toMatchObject({
      customer: owner,
      kind: 'card',
      brand: 'visa',
      last4: '4242',
    });
    expect((await call('DetachPaymentMethod', { id })).message).toMatchObject({ id });
    expect((await call('GetPaymentInstrument', { id: 'nothing_1' })).body).toMatchObject({ error: { field: 'id' } });
  });
});
