import { divideHalfAwayFromZero, formatMoney, safeMinor } from '../../common/money.js';
import { isLeadKind } from './reward-rule.js';
import { takenBackStep, type MoneyBack } from './taken-back-step.js';
import type { Exchange } from './exchange.js';
import type { CommissionExplanation, OpenCap } from './commission-rules.js';
import type { TermsSource } from '../terms/terms-precedence.js';
import type { CommissionSaleView, CommissionView } from '../dto/commission.dto.js';

type Line = CommissionExplanation['lines'][number];
type StandingCommission = Pick<CommissionView, 'state' | 'currency' | 'amountMinor' | 'reversedMinor' | 'netMinor'>;

/**
 * How the amount came about, one plain sentence per step with its figures, so that a person can do the sum again. Reads the
 * figures that were frozen when it was earned, and calculates nothing. Pure.
 */
export function stepsOf(
  commission: StandingCommission,
  sale: Pick<CommissionSaleView, 'source' | 'sourceId' | 'occurredAt' | 'currency'>,
  figures: CommissionExplanation,
  back: MoneyBack | null,
): string[] {
  const saleCurrency = sale.currency ?? commission.currency;
  const inSale = moneyIn(saleCurrency);
  const inCommission = moneyIn(commission.currency);
  if (isLeadKind(sale.source)) {
    return [
      ...leadSteps(sale, figures, inCommission),
      dueStep(figures),
      ...standingSteps(commission, saleCurrency, back),
    ];
  }
  return [
    `${saleName(sale)} was paid at ${sale.occurredAt}: ${inSale(figures.cashMinor)} of ${inSale(figures.totalMinor)} was collected.`,
    ...offStripeStep(figures, inSale),
    ...(figures.eventId == null ? [] : [`The event ${figures.eventId} told of it.`]),
    ...figures.lines.map((line) => lineStep(line, inSale)),
    `Together the lines come to ${inSale(figures.netMinor)}${figures.lines.length > 0 && sumOf(figures.lines) < 0 ? ', because a sum below zero counts as zero' : ''}.`,
    ...rewardSteps(figures, inSale, inCommission),
    dueStep(figures),
    ...standingSteps(commission, saleCurrency, back),
  ];
}

function leadSteps(
  { source, sourceId, occurredAt }: Pick<CommissionSaleView, 'source' | 'sourceId' | 'occurredAt'>,
  figures: CommissionExplanation,
  inCommission: InWords,
): string[] {
  return [
    source === 'sign_up'
      ? `The customer signed up at ${occurredAt}, as ${sourceId} tells.`
      : `The customer began their first trial at ${occurredAt}, of the subscription ${sourceId}.`,
    `${paysText(figures)} pays ${inCommission(roundedOf(figures.exact))} for it, once for each customer.`,
    ...cappedStep(figures, inCommission),
  ];
}

type InWords = (amountMinor: number) => string;

const moneyIn =
  (currency: string): InWords =>
  (amountMinor) =>
    formatMoney({ amountMinor, currency });

function offStripeStep({ offStripeMinor }: CommissionExplanation, inSale: InWords): string[] {
  return offStripeMinor === undefined
    ? []
    : [`Another ${inSale(offStripeMinor)} was paid out of band, past Stripe, which the program does not count.`];
}

function lineStep(
  { id, amountMinor, discountMinor, inclusiveTaxMinor, exclusiveTaxMinor, netMinor }: Line,
  inSale: InWords,
): string {
  const discount = discountMinor === 0 ? '' : ` less ${inSale(discountMinor)} discount`;
  const tax = inclusiveTaxMinor === 0 ? '' : ` less ${inSale(inclusiveTaxMinor)} tax contained in it`;
  const onTop = exclusiveTaxMinor === 0 ? '' : ` plus ${inSale(exclusiveTaxMinor)} tax`;
  return `Line ${id}: ${inSale(amountMinor)}${discount}${tax}${onTop} counts as ${inSale(netMinor)}.`;
}

function rewardSteps(figures: CommissionExplanation, inSale: InWords, inCommission: InWords): string[] {
  const { netMinor, cashMinor, totalMinor, amountMinor, ended, parts } = figures;
  if (cashMinor <= 0 || totalMinor <= 0 || netMinor <= 0) {
    return [`Nothing was collected that a commission is paid on, so it is ${inCommission(amountMinor)}.`];
  }
  const pays = paysText(figures);
  if (ended !== undefined) {
    const over =
      ended === 'months_over' ? 'the months for which it pays are over' : 'it has paid for as many payments as it does';
    return [`${pays} pays nothing: ${over}.`];
  }
  if (figures.exchange?.rate === null) return exchangeStep(figures.exchange);
  const cash = Math.min(cashMinor, totalMinor);
  return [
    ...exchangeStep(figures.exchange),
    ...beforeStep(figures, inCommission),
    ...(parts.some(({ rate }) => 'rateBps' in rate)
      ? [`The share paid in cash is ${cash} / ${totalMinor} (${inSale(cash)} of ${inSale(totalMinor)}).`]
      : []),
    ...parts.map(({ rate, base }) =>
      'rateBps' in rate
        ? `${pays} pays ${percentText(rate.rateBps)} (${rate.rateBps} basis points) of ${inWholes(base, inCommission)}.`
        : `${pays} pays ${inCommission(rate.amountMinor)}.`,
    ),
    sumStep(figures, inCommission),
    ...cappedStep(figures, inCommission),
  ];
}

/** Whose rule it is, to be followed by what it does. */
function paysText({ terms, programVersion, rule }: CommissionExplanation): string {
  return `Version ${terms?.rules?.version ?? programVersion} of ${termsName(terms?.rules)}, rule ${rule},`;
}

function exchangeStep(exchange: Exchange | undefined): string[] {
  if (exchange === undefined) return [];
  const [base, quote] = [exchange.base.toUpperCase(), exchange.quote.toUpperCase()];
  return exchange.rate === null
    ? [`The program counts in ${quote}, and no rate from ${base} to ${quote} was in force at the sale.`]
    : [
        `It is counted in ${quote}, at ${exchange.rate} ${quote} for 1 ${base}: the rate in force since ${exchange.effectiveAt}, told by ${exchange.source}.`,
      ];
}

function beforeStep({ before, reward }: CommissionExplanation, inCommission: InWords): string[] {
  if (before === undefined) return [];
  if (reward.type === 'tiered') {
    const count = reward.by === 'revenue' ? inCommission(before.revenueMinor) : `${before.sales} sales`;
    return [
      `Before it, the partner had brought ${count}${reward.period === 'ever' ? '' : ` in the same ${reward.period}`}.`,
    ];
  }
  const since = before.firstPaymentAt === null ? '' : `, the first at ${before.firstPaymentAt}`;
  return [`Before it, the customer had made ${before.payments} payments under the rule${since}.`];
}

function sumStep({ exact, rounding, parts, reward }: CommissionExplanation, inCommission: InWords): string {
  const { numerator, denominator } = exact;
  const rounded = inCommission(roundedOf(exact));
  if (parts.every(({ rate }) => !('rateBps' in rate))) {
    return reward.type === 'one_time'
      ? `It is for the customer’s first sale: ${rounded}.`
      : `Together that is ${rounded}.`;
  }
  const how =
    rounding === 'none'
      ? 'which is a whole number and needs no rounding'
      : 'rounded once to the nearest whole number, halves away from zero';
  return `Together that is ${numerator} / ${denominator}, ${how}: ${rounded}.`;
}

/** As money where it is a whole number of minor units, else as the fraction that it is. */
function inWholes({ numerator, denominator }: CommissionExplanation['exact'], inCommission: InWords): string {
  const [n, d] = [BigInt(numerator), BigInt(denominator)];
  return n % d === 0n ? inCommission(safeMinor(n / d)) : `${numerator} / ${denominator} minor units`;
}

function roundedOf({ numerator, denominator }: CommissionExplanation['exact']): number {
  return safeMinor(divideHalfAwayFromZero(BigInt(numerator), BigInt(denominator)));
}

function cappedStep({ capped, amountMinor, terms }: CommissionExplanation, inCommission: InWords): string[] {
  if (capped === undefined) return [];
  return [`${capText(capped, inCommission, terms?.caps)}, so it is ${inCommission(amountMinor)}.`];
}

function capText({ cap, leftMinor, leftSales }: OpenCap, inCommission: InWords, source?: TermsSource): string {
  const whose = source === undefined ? '' : ` in ${versionName(source)}`;
  const span = cap.period === 'ever' ? 'in all' : `a ${cap.period}`;
  return leftSales !== null && leftSales <= 0
    ? `The cap of ${cap.maxSales} sales per ${cap.per} ${span}${whose} was reached before`
    : `The cap of ${inCommission(cap.maxMinor ?? 0)} per ${cap.per} ${span}${whose} leaves ${inCommission(Math.max(0, leftMinor ?? 0))}`;
}

function dueStep({ dueAt, terms }: CommissionExplanation): string {
  const by = terms?.holdDays === undefined ? '' : `, as ${versionName(terms.holdDays)} says`;
  return `It may be paid from ${dueAt} on${by}.`;
}

const versionName = (source: TermsSource): string => `version ${source.version} of ${termsName(source)}`;

/** The commission names its partner and code; a group is named here. */
function termsName(source: TermsSource | undefined): string {
  if (source === undefined) return 'the program';
  return source.scope === 'group'
    ? `the program’s terms for the group ${source.scopeId}`
    : `the program’s terms for this ${source.scope}`;
}

function standingSteps(commission: StandingCommission, saleCurrency: string, back: MoneyBack | null): string[] {
  const { state, reversedMinor } = commission;
  if (state === 'pending_cash')
    return [
      'Nothing is posted yet: Stripe has yet to say what of it was paid out of band, which the program does not count.',
    ];
  if (state === 'pending_fx') return ['Nothing is posted yet: the rate into the currency of the program is not known.'];
  return reversedMinor === 0 ? [] : [takenBackStep(commission, saleCurrency, back)];
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
