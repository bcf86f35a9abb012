import { formatMoney } from '../../common/money.js';
import type { SkipReason } from '../run-plan.js';

export type ObstacleCode = SkipReason | 'nothing_due';

/** Why a partner would be paid nothing now, for programs and in words for the partner. */
export class PayoutObstacle {
  code: ObstacleCode;
  message: string;
}

/** `minimumMinor` is the largest minimum among the programs of what is due. Pure. */
export function obstacleOf(
  code: ObstacleCode,
  { currency, dueMinor, minimumMinor }: { currency: string; dueMinor: number; minimumMinor: number },
): PayoutObstacle {
  const money = (amountMinor: number): string => formatMoney({ amountMinor, currency });
  return { code, message: MESSAGES[code](money(dueMinor), money(minimumMinor)) };
}

const MESSAGES: Readonly<Record<ObstacleCode, (due: string, minimum: string) => string>> = {
  nothing_due: () => 'Nothing is due that is not in a payout already.',
  below_minimum: (due, minimum) => `${due} is due, and a payout is at least ${minimum}; what is due is kept.`,
  negative_balance: (due) => `More was taken back than is due: ${due}. What is earned next makes up for it first.`,
  no_payout_method: () => 'No payout method is set, so nobody knows where to pay.',
  account_not_ready: () =>
    'The account that payouts go to cannot take transfers yet; finish setting it up with Stripe.',
};
