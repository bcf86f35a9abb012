import { describe, expect, it } from '@jest/globals';
import { endpointOf, isStricter } from './endpoint.js';

describe('the endpoint of a request', () => {
  it.each([
    ['GET', '/v1/invoices?limit=100&starting_after=in_1', 'GET /v1/invoices', 'invoices'],
    ['GET', '/v1/invoices/in_1', 'GET /v1/invoices/{id}', 'invoices'],
    ['GET', '/v1/invoices/in_1/lines?limit=100', 'GET /v1/invoices/{id}/lines', 'invoices'],
    ['POST', '/v1/invoices/in_1/pay', 'POST /v1/invoices/{id}/pay', 'invoices'],
    ['POST', '/v1/invoices/create_preview', 'POST /v1/invoices/create_preview', 'invoices'],
    ['GET', '/v1/invoices/search?query=x', 'GET /v1/invoices/search', 'invoices'],
    ['GET', '/v1/coupons/25OFF', 'GET /v1/coupons/{id}', 'coupons'],
    ['GET', '/v1/customers/cus_1/tax_ids/txi_1', 'GET /v1/customers/{id}/tax_ids/{id}', 'customers'],
    ['GET', '/v1/billing/meters/mtr_1/event_summaries', 'GET /v1/billing/meters/{id}/event_summaries', 'meters'],
    [
      'POST',
      '/v1/test_helpers/test_clocks/clock_1/advance',
      'POST /v1/test_helpers/test_clocks/{id}/advance',
      'test_clocks',
    ],
    ['GET', '/v1/test_helpers/issuing/cards/ic_1', 'GET /v1/test_helpers/issuing/cards/{id}', 'cards'],
    ['GET', '/v1/checkout/sessions/cs_test_1/line_items', 'GET /v1/checkout/sessions/{id}/line_items', 'sessions'],
    ['GET', '/v2/core/accounts/acct_1/persons/person_1', 'GET /v2/core/accounts/{id}/persons/{id}', 'accounts'],
    ['GET', '/v1/balance', 'GET /v1/balance', 'balance'],
    ['GET', '/v1/radar', 'GET /v1/radar', 'other'],
  ])('%s %s is %s of %s', (method, path, name, family) => {
    expect(endpointOf(method, path)).toEqual({ name, family });
  });

  it('is stricter for files and searches', () => {
    expect(isStricter(endpointOf('GET', '/v1/files/file_1'))).toBe(true);
    expect(isStricter(endpointOf('GET', '/v1/customers/search?query=x'))).toBe(true);
    expect(isStricter(endpointOf('GET', '/v1/customers'))).toBe(false);
  });
});
