import { describe, expect, it } from '@jest/globals';
import { atMost } from './at-most.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('atMost', () => {
  it('works on so many at a time, and answers in their order', async () => {
    let underWay = 0;
    let most = 0;

    const answers = await atMost(2, [3, 1, 2, 0], async (turns) => {
      most = Math.max(most, ++underWay);
      for (let n = 0; n < turns; n++) await turn();
      underWay -= 1;
      return turns * 10;
    });

    expect(answers).toEqual([30, 10, 20, 0]);
    expect(most).toBe(2);
  });

  it('begins nothing after a failure, and fails when the others have ended', async () => {
    const begun: string[] = [];
    const ended: string[] = [];

    const working = atMost(2, ['fails', 'lasts', 'never'], async (one) => {
      begun.push(one);
      if (one === 'fails') throw new Error('it failed');
      for (let n = 0; n < 5; n++) await turn();
      ended.push(one);
    });

    await expect(working).rejects.toThrow('it failed');
    expect(begun).toEqual(['fails', 'lasts']);
    expect(ended).toEqual(['lasts']);
  });
});
