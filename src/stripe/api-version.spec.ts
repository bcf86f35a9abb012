import { describe, expect, it } from '@jest/globals';
import {
  compareApiVersions,
  driftBetween,
  findApiVersion,
  parseApiVersion,
  STRIPE_API_VERSION,
} from './api-version.js';

describe('versions of the API', () => {
  it('are a date, with the name of a release since 2024', () => {
    expect(findApiVersion('2018-05-21')).toEqual({ date: '2018-05-21', release: null });
    expect(findApiVersion('2026-10-28.endive')).toEqual({ date: '2026-10-28', release: 'endive' });
    expect(findApiVersion(STRIPE_API_VERSION)).not.toBeNull();
  });

  it.each(['', '2018', '2018-13-01', '2018-05-32', '2018-05-21.', '2018-05-21 ', 'endive', null, undefined])(
    'are not %j',
    (text) => {
      expect(findApiVersion(text)).toBeNull();
    },
  );

  it('say what is wrong with one that cannot be read, and in which field', () => {
    expect(() => parseApiVersion('latest', 'apiVersion')).toThrow(
      expect.objectContaining({
        kind: 'invalid_argument',
        code: 'invalid_api_version',
        field: 'apiVersion',
        message: expect.stringContaining('"latest"'),
      }),
    );
  });

  it('sort from the oldest to the newest', () => {
    const texts = ['2026-10-28.endive', '2018-05-21', '2025-03-31.basil', '2024-06-20'];

    const sorted = texts.map((text) => parseApiVersion(text)).sort(compareApiVersions);

    expect(sorted.map(({ date }) => date)).toEqual(['2018-05-21', '2024-06-20', '2025-03-31', '2026-10-28']);
  });

  it.each([
    ['2026-10-28.endive', '2026-10-28.endive', 'none'],
    ['2026-10-28.endive', '2026-09-30.endive', 'additions'],
    ['2026-10-28.endive', '2025-03-31.basil', 'breaking'],
    ['2026-10-28.endive', '2018-05-21', 'breaking'],
    ['2024-06-20', '2024-04-10', 'breaking'],
    ['2026-10-28.endive', '2026-10-28.preview', 'breaking'],
    ['2026-10-28.endive', '', 'unknown'],
    ['2026-10-28.endive', null, 'unknown'],
  ])('expecting %s and seeing %s the drift is %s', (expected, seen, drift) => {
    expect(driftBetween(expected, seen)).toBe(drift);
  });
});
