import { isObject, minorOf } from '../billing/objects/shapes.js';
import { divideHalfAwayFromZero } from '../common/money.js';

/** One charge of a sale with what moved on it, as the mirror has it; amounts in minor units of the sale's currency. */
export interface ChargeMovements {
  chargeId: string;
  /** What the charge says of itself. */
  amountRefunded: number;
  /** The event that the charge's state came with; null when it was fetched. */
  eventId: string | null;
  refunds: Array<{ id: string; amount: number; status: string | null; created: number; eventId: string | null }>;
  disputes: Array<{ id: string; amount: number; movements: unknown; created: number; eventId: string | null }>;
}

/** What has left of a sale's cash. */
export interface MoneyOut {
  outMinor: number;
  /** When the last of it left, in business time; null while nothing has. */
  lastAt: Date | null;
  /** What left when, oldest first, and which refund, dispute or charge says so; null where no time is known. */
  moves: Array<Cause & { minor: number; at: Date | null }>;
}

/** An object that moved money, and the event that told of it. */
export interface Cause {
  id: string;
  eventId: string | null;
}

const UNDONE_REFUNDS: readonly string[] = ['failed', 'canceled'];

/**
 * Refunds that did not fail, and disputes whose funds were withdrawn and not reinstated (rule R3). Refund objects are the
 * source; only when a charge says that more was refunded than its known refunds come to does its own figure count, since
 * then not all of them have arrived. Pure.
 */
export function moneyOut(charges: readonly ChargeMovements[]): MoneyOut {
  const parts = charges
    .flatMap((charge) => [...refundsOf(charge), ...charge.disputes.map(withdrawnBy)])
    .filter((part) => part.minor > 0)
    .sort((a, b) => a.atSeconds - b.atSeconds);
  const lastSeconds = Math.max(0, ...parts.map((part) => part.atSeconds));
  return {
    outMinor: parts.reduce((sum, part) => sum + part.minor, 0),
    lastAt: dateOf(lastSeconds),
    moves: parts.map(({ minor, atSeconds, source }) => ({ ...source, minor, at: dateOf(atSeconds) })),
  };
}

interface Part {
  minor: number;
  /** 0 where no time is known. */
  atSeconds: number;
  source: Cause;
}

function refundsOf(charge: ChargeMovements): Part[] {
  const good = charge.refunds.filter((refund) => !UNDONE_REFUNDS.includes(refund.status ?? ''));
  const parts = good.map((refund) => ({ minor: refund.amount, atSeconds: refund.created, source: causeOf(refund) }));
  if (sumOf(charge.refunds) >= charge.amountRefunded) return parts;
  const rest: Part = {
    minor: charge.amountRefunded - sumOf(good),
    atSeconds: Math.max(0, ...good.map((refund) => refund.created)),
    source: { id: charge.chargeId, eventId: charge.eventId },
  };
  return [...parts, rest];
}

/** The share of the dispute's amount that was withdrawn and not reinstated. */
function withdrawnBy(dispute: ChargeMovements['disputes'][number]): Part {
  const movements = Array.isArray(dispute.movements) ? dispute.movements.filter(isObject) : [];
  const amounts = movements.map((movement) => minorOf(movement.amount));
  const withdrawn = -amounts.filter((amount) => amount < 0).reduce((sum, amount) => sum + amount, 0);
  const reinstated = amounts.filter((amount) => amount > 0).reduce((sum, amount) => sum + amount, 0);
  const rest = Math.max(0, withdrawn - reinstated);
  const at = Math.max(dispute.created, ...movements.map((movement) => minorOf(movement.created)));
  // The movements are in the balance's currency, the dispute in the sale's: what is still withdrawn goes in proportion.
  const minor =
    rest === 0 ? 0 : Number(divideHalfAwayFromZero(BigInt(dispute.amount) * BigInt(rest), BigInt(withdrawn)));
  return { minor, atSeconds: at, source: causeOf(dispute) };
}

function dateOf(seconds: number): Date | null {
  return seconds === 0 ? null : new Date(seconds * 1000);
}

function causeOf({ id, eventId }: Cause): Cause {
  return { id, eventId };
}

function sumOf(items: ReadonlyArray<{ amount: number }>): number {
  return items.reduce((sum, item) => sum + item.amount, 0);
}
