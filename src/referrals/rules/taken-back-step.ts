import { formatMoney } from '../../common/money.js';
import type { CommissionPostingView, CommissionView } from '../dto/commission.dto.js';
import { reversedTotalFor } from './commission-rules.js';

/** What had left of a sale's cash when something of a commission was last taken back; minor units of the sale's currency. */
export interface MoneyBack {
  cashMinor: number;
  outMinor: number;
  sources: Array<{
    /** The refund, dispute or charge; null where it is not told. */
    id: string | null;
    minor: number;
    /** ISO 8601; null where no time is known. */
    at: string | null;
  }>;
}

const KINDS: ReadonlyArray<CommissionPostingView['kind']> = ['reversal', 'reinstatement'];

/** As the ledger has it; null where nothing was taken back for money that left, or the ledger does not say of each amount. Pure. */
export function moneyBackOf(ledger: ReadonlyArray<Pick<CommissionPostingView, 'kind' | 'cause'>>): MoneyBack | null {
  const cause = ledger.filter(({ kind }) => KINDS.includes(kind)).at(-1)?.cause as Partial<MoneyBack> | undefined;
  const { cashMinor, outMinor, sources = [] } = cause ?? {};
  if (cashMinor === undefined || outMinor === undefined) return null;
  return sources.length > 0 && sources.every(({ minor }) => Number.isInteger(minor))
    ? { cashMinor, outMinor, sources }
    : null;
}

/** The same for somebody who is told no ids of the company's objects. Pure. */
export function withoutIds(back: MoneyBack | null): MoneyBack | null {
  return back && { ...back, sources: back.sources.map((source) => ({ ...source, id: null })) };
}

/** What was taken back of a commission, and by which sum; without the sum where people or other evidence took it too. Pure. */
export function takenBackStep(
  { amountMinor, reversedMinor, netMinor, currency }: TakenFrom,
  saleCurrency: string,
  back: MoneyBack | null,
): string {
  const inCommission = (minor: number): string => formatMoney({ amountMinor: minor, currency });
  const taken = `${inCommission(reversedMinor)} of it was taken back, which leaves ${inCommission(netMinor)}.`;
  if (back === null || reversedTotalFor(amountMinor, back.cashMinor, back.outMinor) !== reversedMinor) return taken;
  const inSale = (minor: number): string => formatMoney({ amountMinor: minor, currency: saleCurrency });
  const out = Math.min(back.outMinor, back.cashMinor);
  const parts = back.sources.map(({ id, minor, at }) => {
    const moved = `${inSale(minor)}${at === null ? '' : ` on ${at}`}`;
    return id === null ? moved : `${id}, ${moved}`;
  });
  const went = `${inSale(out)} of the ${inSale(back.cashMinor)} collected went back (${parts.join('; ')})`;
  const sum = `${amountMinor} × ${out} / ${back.cashMinor} = ${quotientText(amountMinor, out, back.cashMinor, reversedMinor)}`;
  return `${went}: ${sum}, so ${taken}`;
}

type TakenFrom = Pick<CommissionView, 'amountMinor' | 'reversedMinor' | 'netMinor' | 'currency'>;

function quotientText(amountMinor: number, out: number, cash: number, rounded: number): string {
  const product = BigInt(amountMinor) * BigInt(out);
  return product % BigInt(cash) === 0n ? `${rounded}` : `${product} / ${cash}, rounded to ${rounded}`;
}
