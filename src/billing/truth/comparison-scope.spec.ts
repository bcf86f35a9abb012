import { describe, expect, it } from '@jest/globals';
import { Pace } from './comparison-scope.js';

describe('the pace of a comparison', () => {
  it('can be broken off while it waits, however small the budget', async () => {
    let asked = 0;
    const pace = new Pace({
      requestsPerHour: 1,
      onProgress: () => {
        if (++asked > 2) throw new Error('the service is stopping');
      },
    });
    await pace.wait();

    await expect(pace.wait()).rejects.toThrow('stopping');
  });
});
