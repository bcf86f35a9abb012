import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const RATE = { base: 'EUR', quote: 'usd', rate: '1.0837', source: 'a bank', effectiveAt: '2026-01-01T00:00:00Z' };

describe('exchange rates', () => {
  it('are told over both faces and listed newest first', async () => {
    const { status: made, body } = await service.http('POST', '/v1/exchange-rates', RATE);
    const { message } = await service.grpc.call('Referrals', 'RecordExchangeRate', { ...RATE, quote: 'gbp' });

    expect(made).toBe(201);
    expect(body).toMatchObject({ base: 'eur', quote: 'usd', rate: '1.0837', effectiveAt: '2026-01-01T00:00:00.000Z' });
    expect((await service.http('GET', '/v1/exchange-rates?base=EUR')).body.data).toEqual([message, body]);
    const listed = await service.grpc.call('Referrals', 'ListExchangeRates', { quote: 'usd' });
    expect(listed.message).toEqual({ data: [body] });
  });

  it('are not changed', async () => {
    const rate = { ...RATE, quote: 'sek' };
    await service.http('POST', '/v1/exchange-rates', rate);

    const { status: code, body } = await service.http('POST', '/v1/exchange-rates', { ...rate, rate: '2' });

    expect(code).toBe(409);
    expect(body).toMatchObject({ error: { code: 'exchange_rate_exists', field: 'effectiveAt' } });
    const again = await service.grpc.call('Referrals', 'RecordExchangeRate', { ...rate, rate: '2' });
    expect(again.code).toBe(status.ALREADY_EXISTS);
  });

  it.each([
    [{ rate: 1.0837 }, 'rate', 'invalid_field'],
    [{ rate: '0.0' }, 'rate', 'invalid_field'],
    [{ rate: '-1' }, 'rate', 'invalid_field'],
    [{ rate: '1e3' }, 'rate', 'invalid_field'],
    [{ rate: '1.' }, 'rate', 'invalid_field'],
    [{ rate: '1.0000000000001' }, 'rate', 'invalid_field'],
    [{ quote: 'eur' }, 'quote', 'same_currency'],
    [{ base: 'xxx' }, 'base', 'unknown_currency'],
    [{ effectiveAt: '2026-02-30T00:00:00Z' }, 'effectiveAt', 'invalid_field'],
    [{ source: '' }, 'source', 'invalid_field'],
  ])('are refused with the field: %o', async (fields, field, code) => {
    const { status: answered, body } = await service.http('POST', '/v1/exchange-rates', { ...RATE, ...fields });

    expect(answered).toBe(400);
    expect(body).toMatchObject({ error: { code, field } });
  });
});
