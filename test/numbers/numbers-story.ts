import { seededRandom } from '../../sandbox/core/random.js';
import { randomId } from '../support/stripe-events.js';
import { payment, refundOf, Story, unix } from '../support/story.js';

const ZONE = 'America/New_York';
const MS_PER_HOUR = 3_600_000;
const BEGIN = new Date('2026-01-01T05:00:00Z').getTime();

/** A program with two partners and a quarter in which anything may have happened; the same for the same seed. */
export class NumbersStory {
  readonly codes: string[] = [];
  readonly partnerIds: string[] = [];
  programKey = '';
  private readonly random;

  private constructor(
    readonly story: Story,
    seed: number,
  ) {
    this.random = seededRandom(seed);
  }

  static async tell(story: Story, seed: number): Promise<NumbersStory> {
    const told = new NumbersStory(story, seed);
    story.timeIs(new Date(BEGIN));
    told.programKey = await story.program({ timeZone: ZONE, holdDays: 0, minPayoutMinor: 1 });
    for (const name of ['Ada', 'Bob']) {
      const partnerId = await story.partner(name);
      await story.call('PUT', `/v1/partners/${partnerId}/payout-method`, { type: 'manual', details: 'by bank' });
      told.partnerIds.push(partnerId);
      told.codes.push(await story.code(told.programKey, partnerId));
      if (name === 'Ada') told.codes.push(await story.code(told.programKey, partnerId));
    }
    await story.call('PUT', '/v1/partner-groups/friends', { name: 'Friends' });
    const joining = { group: 'friends', effectiveAt: '2026-02-01T12:00:00Z' };
    await story.call('PUT', `/v1/partners/${told.partnerIds[0]}/group`, joining);
    for (let hour = 1; hour < 24 * 75; hour += 1 + told.below(150))
      await told.goesOn(new Date(BEGIN + hour * MS_PER_HOUR));
    await told.paysOut(new Date('2026-03-20T12:00:00Z'));
    return told;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /** Somebody clicks; perhaps they sign up, and perhaps they buy, more than once, and want some of it back. */
  private async goesOn(at: Date): Promise<void> {
    const { story } = this;
    story.timeIs(at);
    const code = this.codes[this.below(this.codes.length)] as string;
    const clickId = await story.click(code);
    if (this.below(3) === 0) return;
    const later = new Date(at.getTime() + this.below(30) * MS_PER_HOUR);
    story.timeIs(later);
    const stripeCustomerId = randomId('cus');
    const customer = { externalId: randomId('user'), stripeCustomerId };
    await story.call('POST', '/v1/referrals', this.below(4) === 0 ? { code, customer } : { clickId, customer });
    for (let n = this.below(4); n > 0; n--) {
      const paidAt = unix(later) + n * this.below(30 * 86_400);
      const paid = payment({ customer: stripeCustomerId, paidAt });
      const amount = Number(paid.charge.amount);
      const events = [...paid.events];
      if (this.below(3) === 0)
        events.push(...refundOf(paid.charge, 1 + this.below(amount), paidAt + this.below(10 * 86_400)).events);
      await story.arrives(...events);
    }
  }

  private async paysOut(at: Date): Promise<void> {
    this.story.timeIs(at);
    await this.story.settle();
    const run = await this.story.call<{ id: string; revision: number; payouts: Array<{ id: string }> }>(
      'POST',
      '/v1/payout-runs',
      { currency: 'usd' },
    );
    await this.story.call('POST', `/v1/payout-runs/${run.id}/approve`, { revision: run.revision });
    for (const { id } of run.payouts)
      await this.story.call('POST', `/v1/payouts/${id}/mark-paid`, { reference: 'bank 1' });
  }
}
