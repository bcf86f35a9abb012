import { formatMoney } from '../../src/common/money.js';
import type { Kinds } from '../core/wire.js';

type Price = Kinds['price'];

export const formatAmount = (amountMinor: number, currency: string): string => formatMoney({ amountMinor, currency });

export function formatInterval({ recurring }: Price): string {
  if (!recurring) return 'once';
  return recurring.interval_count === 1 ? recurring.interval : `${recurring.interval_count} ${recurring.interval}s`;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `20 Nov 2026`, UTC. */
export function formatDay(instant: number): string {
  const date = new Date(instant * 1_000);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}`;
}
