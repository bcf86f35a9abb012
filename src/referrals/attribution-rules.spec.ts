import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideAttribution, type AttributionTerms, type Evidence } from './attribution-rules.js';

const TERMS: AttributionTerms = { conversionWindowDays: 30, touch: 'last' };
const at = (iso: string): Date => new Date(iso);

function evidence(more: Partial<Evidence> = {}): Evidence {
  const instant = at('2026-01-01T00:00:00Z');
  return {
    kind: 'link',
    programId: 'program',
    partnerId: 'A',
    codeId: 'code_a',
    source: 'click_1',
    touchedAt: instant,
    boundAt: instant,
    ...more,
  };
}

const verdictsOf = (items: Evidence[], firstSaleAt: Date | null = null, terms = TERMS) =>
  Object.fromEntries(
    decideAttribution(items, terms, firstSaleAt).considered.map((item) => [item.source, item.verdict]),
  );

describe('who referred a customer', () => {
  it.each([
    ['2026-01-31T00:00:00.000Z', 'bound'],
    ['2026-01-31T00:00:00.999Z', 'bound'],
    ['2026-01-31T00:00:01.000Z', 'outside_conversion_window'],
  ])('by a click of 1 January and a sign-up at %s: %s (scenario 2)', (boundAt, verdict) => {
    expect(verdictsOf([evidence({ boundAt: at(boundAt) })])).toEqual({ click_1: verdict });
  });

  it('is whose promotion code was used, before whose link was followed (scenario 5)', () => {
    const link = evidence({ partnerId: 'B', source: 'click_b', touchedAt: at('2026-01-03T00:00:00Z') });
    const promotion = evidence({ kind: 'promotion_code', source: 'cs_1' });

    const { winner, considered } = decideAttribution([link, promotion], TERMS, null);

    expect(winner).toBe(promotion);
    expect(considered.map(({ verdict }) => verdict)).toEqual(['weaker_kind', 'bound']);
  });

  it('is the last touch, or the first where the terms say so', () => {
    const early = evidence({ source: 'click_1' });
    const late = evidence({
      source: 'click_2',
      partnerId: 'B',
      touchedAt: at('2026-01-02T00:00:00Z'),
      boundAt: at('2026-01-02T00:00:00Z'),
    });

    expect(decideAttribution([early, late], TERMS, null).winner).toBe(late);
    expect(decideAttribution([early, late], { ...TERMS, touch: 'first' }, null).winner).toBe(early);
  });

  it('is decided up to the first sale, its second included', () => {
    const sale = at('2026-01-05T00:00:00Z');
    const before = evidence({ source: 'click_1', boundAt: sale });
    const after = evidence({ source: 'click_2', boundAt: at('2026-01-05T00:00:01Z'), touchedAt: sale });

    expect(verdictsOf([before, after], sale)).toEqual({ click_1: 'bound', click_2: 'after_first_sale' });
  });

  it('is nobody without evidence', () => {
    expect(decideAttribution([], TERMS, null)).toEqual({ winner: null, considered: [] });
  });
});

describe('the decision', () => {
  const day = (n: number): Date => new Date(Date.UTC(2026, 0, 1) + n * 86_400_000);
  const items = fc.uniqueArray(
    fc.record({
      kind: fc.constantFrom('link' as const, 'promotion_code' as const),
      partnerId: fc.constantFrom('A', 'B', 'C'),
      source: fc.integer({ min: 0, max: 99 }).map((n) => `source_${n}`),
      touchedAt: fc.integer({ min: 0, max: 6 }).map(day),
      waitDays: fc.integer({ min: 0, max: 40 }),
    }),
    { maxLength: 8, selector: ({ source }) => source },
  );
  const made = items.map((list) =>
    list.map(({ waitDays, ...item }) =>
      evidence({ ...item, boundAt: new Date(item.touchedAt.getTime() + waitDays * 86_400_000) }),
    ),
  );
  const terms = fc.record({
    conversionWindowDays: fc.integer({ min: 0, max: 40 }),
    touch: fc.constantFrom('last' as const, 'first' as const),
  });
  const firstSale = fc.option(fc.integer({ min: 0, max: 45 }).map(day));

  it('does not depend on the order of the evidence', () => {
    const shuffled = made.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, terms, firstSale, ([list, other], rules, sale) => {
        expect(decideAttribution(other, rules, sale)).toEqual(decideAttribution(list, rules, sale));
      }),
    );
  });

  it('binds to one of the admissible or to nobody, and says why of each', () => {
    fc.assert(
      fc.property(made, terms, firstSale, (list, rules, sale) => {
        const { winner, considered } = decideAttribution(list, rules, sale);
        const bound = considered.filter(({ verdict }) => verdict === 'bound');

        expect(considered).toHaveLength(list.length);
        expect(bound.map(({ source }) => source)).toEqual(winner === null ? [] : [winner.source]);
        const objections = considered.filter(({ verdict }) =>
          /^(after_first_sale|outside_conversion_window)$/.test(verdict),
        );
        if (winner === null) expect(objections).toHaveLength(list.length);
      }),
    );
  });

  it('is not changed by evidence dated after the first sale, whenever it arrives', () => {
    fc.assert(
      fc.property(made, terms, (list, rules) => {
        const late = evidence({
          kind: 'promotion_code',
          source: 'late',
          partnerId: 'Z',
          boundAt: day(91),
          touchedAt: day(91),
        });

        expect(decideAttribution([...list, late], rules, day(90)).winner).toEqual(
          decideAttribution(list, rules, day(90)).winner,
        );
      }),
    );
  });
});
