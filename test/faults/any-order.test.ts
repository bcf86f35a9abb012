import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seededRandom, shuffled } from '../../sandbox/core/random.js';
import { divideHalfAwayFromZero } from '../../src/common/money.js';
import { BEGIN, DAY, randomBusiness, type Business } from '../support/random-business.js';
import { Story } from '../support/story.js';
import { Telling, type ToldCommission } from '../support/telling.js';

/** Have one again with `BUSINESS_SEEDS=7`; more of them with `BUSINESS_SEEDS=1,2,3`. */
const SEEDS = process.env.BUSINESS_SEEDS?.split(',').map(Number) ?? [2];
const DISORDERED = 2;
const TIMEOUT_MS = 240_000;

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
afterAll(() => story?.end());

/** Reversals go by what left of the cash in the end, whatever the way there; what was rejected is nothing. */
function expectRightReversal(told: ToldCommission, { sales }: Business, rejected: ReadonlySet<string>): void {
  const sale = sales.get(told.source);
  if (sale === undefined) return;
  const { cashMinor, outMinor } = sale;
  const back = Number(divideHalfAwayFromZero(BigInt(told.amountMinor) * BigInt(outMinor), BigInt(cashMinor)));
  const isRejected = told.program === 0 && rejected.has(told.source);
  expect({ ...told, netMinor: isRejected ? 0 : told.amountMinor - back }).toEqual(told);
}

describe.each(SEEDS)('a random business (BUSINESS_SEEDS=%s)', (seed) => {
  it(
    'ends the same in whatever order it is told, doubled, in batches and by several workers',
    async () => {
      const random = seededRandom(seed);
      const business = randomBusiness(random);
      const rejected = new Set(
        business.steps.flatMap((step) => ('kind' in step && step.kind === 'reject' ? [step.invoice] : [])),
      );
      const inOrder = await Telling.begin(story, `${seed}a`);
      await inOrder.tell(business.steps);
      const ends = await inOrder.end(BEGIN + 60 * DAY);

      for (let n = 0; n < DISORDERED; n++) {
        const telling = await Telling.begin(story, `${seed}${'bcde'[n]}`);
        const doubled = [...business.steps, ...business.steps.filter((step) => !('kind' in step))];
        await telling.tellTogether(shuffled(doubled, random), random);

        expect(await telling.end(BEGIN + 60 * DAY)).toEqual(ends);
      }

      expect(ends.commissions.length).toBeGreaterThan(5);
      for (const told of ends.commissions) expectRightReversal(told, business, rejected);
    },
    TIMEOUT_MS,
  );
});
