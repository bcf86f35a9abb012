import { describe, expect, it } from '@jest/globals';
import { codeKeyOf, isReservedCode, newCode, objectionTo } from './code-rules.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const OPEN = { active: true, expiresAt: null, maxUses: null, uses: 7 };

describe('a code', () => {
  it('is ten Crockford characters when it is made here', () => {
    for (let i = 0; i < 200; i++) expect(newCode()).toMatch(/^[0-9A-HJKMNP-TV-Z]{10}$/);
  });

  it('is compared without regard to case', () => {
    expect(codeKeyOf('Ada-Summer_1')).toBe(codeKeyOf('ADA-summer_1'));
    expect(isReservedCode('vaLidate')).toBe(true);
    expect(isReservedCode('validated')).toBe(false);
  });

  it.each([
    [{}, null],
    [{ active: false }, 'code_inactive'],
    [{ expiresAt: new Date(NOW.getTime() + 1) }, null],
    [{ expiresAt: NOW }, 'code_expired'],
    [{ maxUses: 8 }, null],
    [{ maxUses: 7 }, 'code_exhausted'],
  ])('with %j: %s', (more, objection) => {
    expect(objectionTo({ ...OPEN, ...more }, NOW)).toBe(objection);
  });
});
