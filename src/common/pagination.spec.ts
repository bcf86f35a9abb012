import { describe, expect, it } from '@jest/globals';
import { decodeCursor, encodeCursor, toPage } from './pagination.js';

const position = { sort: '2026-03-01T10:00:00.123456Z', id: 'com_01' };
const refused = expect.objectContaining({ kind: 'invalid_argument', code: 'invalid_cursor', field: 'cursor' });

describe('cursor', () => {
  it('carries its position there and back', () => {
    expect(decodeCursor('commissions', encodeCursor('commissions', position))).toEqual(position);
    expect(decodeCursor('n', encodeCursor('n', { sort: 7, id: 'é' }))).toEqual({ sort: 7, id: 'é' });
  });

  it('is refused when any character of it is changed, added or taken away', () => {
    const cursor = encodeCursor('commissions', position);

    for (let at = 0; at < cursor.length; at++) {
      const other = cursor[at] === 'A' ? 'B' : 'A';
      expect(() => decodeCursor('commissions', cursor.slice(0, at) + other + cursor.slice(at + 1))).toThrow(refused);
      expect(() => decodeCursor('commissions', cursor.slice(0, at))).toThrow(refused);
    }
    expect(() => decodeCursor('commissions', `${cursor}A`)).toThrow(refused);
  });

  it('is refused by another list', () => {
    expect(() => decodeCursor('payouts', encodeCursor('commissions', position))).toThrow(refused);
  });
});

describe('toPage', () => {
  const rows = ['a', 'b', 'c'];
  const positionOf = (row: string) => ({ sort: row, id: row });

  it('gives a cursor to the last row shown when there are more', () => {
    const page = toPage('letters', rows, 2, positionOf);

    expect(page.data).toEqual(['a', 'b']);
    expect(decodeCursor('letters', page.nextCursor ?? '')).toEqual({ sort: 'b', id: 'b' });
  });

  it('ends with null', () => {
    expect(toPage('letters', rows, 3, positionOf)).toEqual({ data: rows, nextCursor: null });
    expect(toPage('letters', [], 3, positionOf)).toEqual({ data: [], nextCursor: null });
  });
});
