import { describe, expect, it } from '@jest/globals';
import { programStateAt, type ProgramState } from './program-lifecycle.js';

const change = (seq: number, state: ProgramState, at: string) => ({ seq, state, effectiveAt: new Date(at) });

describe('the state of a program', () => {
  const changes = [
    change(2, 'paused', '2026-02-01T00:00:00Z'),
    change(1, 'active', '2026-01-01T00:00:00Z'),
    change(3, 'archived', '2026-02-01T00:00:00Z'),
  ];

  it.each([
    ['2025-01-01T00:00:00Z', 'active'],
    ['2026-01-31T23:59:59Z', 'active'],
    ['2026-02-01T00:00:00Z', 'archived'],
  ])('at %s is %s', (at, state) => {
    expect(programStateAt(changes, new Date(at))).toBe(state);
  });
});
