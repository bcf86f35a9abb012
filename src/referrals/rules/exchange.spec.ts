import { describe, expect, it } from '@jest/globals';
import { exchanged, type Exchange } from './exchange.js';

const at = (base: string, quote: string, rate: string | null): Exchange => ({
  ...{ base, quote, rate, source: 'ecb', effectiveAt: '2026-01-01T00:00:00.000Z' },
});

describe('a value in another currency', () => {
  it.each([
    ['EUR to USD', 10_000n, at('eur', 'usd', '1.0837'), 10_837],
    ['JPY to USD: a whole yen is a hundred cents of a dollar', 10_000n, at('jpy', 'usd', '0.0064'), 6_400],
    ['USD to JPY', 6_400n, at('usd', 'jpy', '156.25'), 10_000],
    ['KWD, of a thousand, to EUR', 12_340n, at('kwd', 'eur', '3'), 3_702],
    ['a rate without decimals', 100n, at('eur', 'usd', '2'), 200],
    ['no rate', 100n, at('eur', 'usd', null), 0],
  ])('%s', (_name, numerator, exchange, minor) => {
    const value = exchanged({ numerator, denominator: 1n }, exchange);

    expect(value.numerator).toBe(BigInt(minor) * value.denominator);
  });

  it('is exact: nothing is rounded on the way', () => {
    const value = exchanged({ numerator: 1n, denominator: 3n }, at('eur', 'usd', '1.0001'));

    expect(value.numerator * 30_000n).toBe(10_001n * value.denominator);
  });
});
