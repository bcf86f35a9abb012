import { formatMoney } from '../common/money.js';
import type { CommissionExplanation } from './commission-rules.js';
import type { CommissionSaleView, CommissionView } from './dto/commission.dto.js';

type Line = CommissionExplanation['lines'][number];

/**
 * How the amount came about, one plain sentence per step with its figures, so that a person can do the sum again. Reads the
 * figures that were frozen when it was earned, and calculates nothing. Pure.
 */
export function stepsOf(
  commission: Pick<CommissionView, 'state' | 'currency' | 'reversedMinor' | 'netMinor'>,
  sale: Pick<CommissionSaleView, 'source' | 'sourceId' | 'occurredAt' | 'currency'>,
  figures: CommissionExplanation,
): string[] {
  const inSale = moneyIn(sale.currency);
  const inCommission = moneyIn(commission.currency);
  return [
    `${saleName(sale)} was paid at ${sale.occurredAt}: ${inSale(figures.cashMinor)} of ${inSale(figures.totalMinor)} was collected.`,
    ...(figures.eventId == null ? [] : [`The event ${figures.eventId} told of it.`]),
    ...figures.lines.map((line) => lineStep(line, inSale)),
    `Together the lines come to ${inSale(figures.netMinor)}${figures.lines.length > 0 && sumOf(figures.lines) < 0 ? ', because a sum below zero counts as zero' : ''}.`,
    ...rewardSteps(figures, inSale, inCommission),
    dueStep(figures),
    ...takenBackStep(commission, inCommission),
  ];
}

type InWords = (amountMinor: number) => string;

const moneyIn =
  (currency: string): InWords =>
  (amountMinor) =>
    formatMoney({ amountMinor, currency });

function lineStep({ id, amountMinor, discountMinor, inclusiveTaxMinor, netMinor }: Line, inSale: InWords): string {
  const discount = discountMinor === 0 ? '' : ` less ${inSale(discountMinor)} discount`;
  const tax = inclusiveTaxMinor === 0 ? '' : ` less ${inSale(inclusiveTaxMinor)} tax contained in it`;
  return `Line ${id}: ${inSale(amountMinor)}${discount}${tax} counts as ${inSale(netMinor)}.`;
}

function rewardSteps(figures: CommissionExplanation, inSale: InWords, inCommission: InWords): string[] {
  const { reward, netMinor, cashMinor, totalMinor, amountMinor, programVersion } = figures;
  if (cashMinor <= 0 || totalMinor <= 0 || netMinor <= 0) {
    return [`Nothing was collected that a commission is paid on, so it is ${inCommission(amountMinor)}.`];
  }
  if (reward.type === 'one_time') {
    return [`Version ${programVersion} of the program pays ${inCommission(reward.amountMinor)} once per customer.`];
  }
  const { numerator, denominator } = figures.exact;
  const cash = Math.min(cashMinor, totalMinor);
  const rounding =
    figures.rounding === 'none'
      ? 'which is a whole number and needs no rounding'
      : 'rounded once to the nearest whole number, halves away from zero';
  return [
    `The share paid in cash is ${cash} / ${totalMinor} (${inSale(cash)} of ${inSale(totalMinor)}).`,
    `Version ${programVersion} of the program pays ${percentText(reward.rateBps)} (${reward.rateBps} basis points).`,
    `${netMinor} × ${cash} / ${totalMinor} × ${reward.rateBps} / 10000 = ${numerator} / ${denominator}, ${rounding}: ${inCommission(amountMinor)}.`,
  ];
}

function dueStep({ dueAt }: CommissionExplanation): string {
  return `It may be paid from ${dueAt} on.`;
}

function takenBackStep(
  { state, reversedMinor, netMinor }: Pick<CommissionView, 'state' | 'reversedMinor' | 'netMinor'>,
  inCommission: InWords,
): string[] {
  if (state === 'pending_fx') return ['Nothing is posted yet: the rate into the currency of the program is not known.'];
  if (reversedMinor === 0) return [];
  return [`${inCommission(reversedMinor)} of it was taken back, which leaves ${inCommission(netMinor)}.`];
}

/** An external sale has no name of Stripe's. */
function saleName({ source, sourceId }: Pick<CommissionSaleView, 'source' | 'sourceId'>): string {
  return source === 'external' ? `The sale ${sourceId}` : `The ${source.replaceAll('_', ' ')} ${sourceId}`;
}

function sumOf(lines: readonly Line[]): number {
  return lines.reduce((sum, line) => sum + line.netMinor, 0);
}

/** `8.2 %` of 820, in integers. */
function percentText(rateBps: number): string {
  const fraction = (rateBps % 100).toString().padStart(2, '0').replace(/0+$/, '');
  return `${Math.floor(rateBps / 100)}${fraction === '' ? '' : `.${fraction}`} %`;
}
