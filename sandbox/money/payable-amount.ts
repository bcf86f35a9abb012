import { CURRENCY_EXPONENTS } from '../../src/common/money.js';
import { invalidRequest } from '../core/errors.js';

const THREE_DECIMALS = 3;

/** Money that moves is a positive amount; in three-decimal currencies Stripe takes whole tens only. */
export function requirePayableAmount(amount: number, currency: string): void {
  if (amount < 1) {
    throw invalidRequest('Invalid positive integer', { param: 'amount', code: 'parameter_invalid_integer' });
  }
  if (CURRENCY_EXPONENTS.get(currency) !== THREE_DECIMALS || amount % 10 === 0) return;
  throw invalidRequest(`Invalid amount: in ${currency.toUpperCase()} amounts must be evenly divisible by 10.`, {
    param: 'amount',
  });
}
