import {
  embeddedObjects,
  isoOf,
  isProration,
  linePrice,
  lineProduct,
  lineSubscription,
  minorOf,
  secondsOf,
  at,
} from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import type { CancelNowDto, CancelPreviewView, ChangePreviewView, PreviewLineView } from './subscriptions.dto.js';

/** An invoice that Stripe would make at once is dated now, the next renewal's at the period's end; its clock may be a bit ahead. */
const NOW_WITHIN_SECONDS = 300;

export interface PreviewAnswers {
  /** As it is before the change. */
  subscription: StripeData;
  /** Stripe's preview of the next invoice after the change; null where none comes. */
  next: StripeData | null;
  /** Its preview of what comes with every renewal; null where none does. */
  recurring: StripeData | null;
  /** Unix seconds, on Stripe's clock, at which it was asked. */
  askedAt: number;
  /** The instant that the caller chose, in Unix seconds. */
  prorationDate: number | null;
}

/** What a change costs and when, out of Stripe's own previews. Pure. */
export function changePreview(answers: PreviewAnswers): ChangePreviewView {
  const { subscription, next, recurring, prorationDate } = answers;
  const lines = embeddedObjects(next?.lines);
  const prorations = lines.filter(isProration);
  const isDueNow = next !== null && isMadeAt(answers.askedAt, next);
  const periodEnd = isDueNow ? lastEndOf(lines) : null;
  const endsAt = plannedEnd(subscription, periodEnd);
  const upcoming = isDueNow ? recurring : next;
  const upcomingAt = periodEnd ?? secondsOf(upcoming?.created);
  const goesOn = endsAt === null || (upcomingAt !== null && upcomingAt < endsAt);
  // What is billed at once is the last of a subscription that ends; what waits is billed at its end.
  const hasNext = upcoming !== null && (goesOn || !isDueNow);
  return {
    currency: String(next?.currency ?? subscription.currency ?? ''),
    prorations: prorations.map(previewLine),
    prorationMinor: sumOf(prorations),
    lines: lines.map(previewLine),
    dueNowMinor: isDueNow ? minorOf(next.amount_due) : 0,
    nextRenewal: {
      at: hasNext ? isoOf(upcomingAt) : null,
      amountMinor: hasNext ? minorOf(upcoming.amount_due) : 0,
    },
    recurringMinor: goesOn ? minorOf(recurring?.total) : 0,
    endsAt: isoOf(endsAt),
    prorationDate: isoOf(prorationDate ?? firstStartOf(prorations)),
  };
}

/** What a cancellation at once settles, out of Stripe's preview of a last invoice; null where there is nothing to settle. Pure. */
export function cancelPreview(
  subscription: StripeData,
  last: StripeData | null,
  { prorate = false, invoiceNow = false }: CancelNowDto,
): CancelPreviewView {
  const lines = embeddedObjects(last?.lines);
  const prorations = prorate ? lines.filter(isProration) : [];
  return {
    currency: String(last?.currency ?? subscription.currency ?? ''),
    prorations: prorations.map(previewLine),
    prorationMinor: sumOf(prorations),
    lines: invoiceNow ? lines.map(previewLine) : [],
    totalMinor: invoiceNow ? minorOf(last?.total) : 0,
    dueNowMinor: invoiceNow ? minorOf(last?.amount_due) : 0,
  };
}

function isMadeAt(askedAt: number, { created }: StripeData): boolean {
  return (secondsOf(created) ?? Number.MAX_SAFE_INTEGER) <= askedAt + NOW_WITHIN_SECONDS;
}

/** Unix seconds; a period that begins with the change moves the end of one that ends with its period. */
function plannedEnd({ cancel_at, cancel_at_period_end }: StripeData, periodEnd: number | null): number | null {
  return (cancel_at_period_end === true ? periodEnd : null) ?? secondsOf(cancel_at);
}

const sumOf = (lines: readonly StripeData[]): number => lines.reduce((sum, line) => sum + minorOf(line.amount), 0);

export function previewLine(line: StripeData): PreviewLineView {
  return {
    description: typeof line.description === 'string' ? line.description : null,
    amountMinor: minorOf(line.amount),
    price: linePrice(line),
    product: lineProduct(line),
    quantity: typeof line.quantity === 'number' ? line.quantity : null,
    proration: isProration(line),
    periodStart: isoOf(secondsOf(at(line, 'period', 'start'))),
    periodEnd: isoOf(secondsOf(at(line, 'period', 'end'))),
  };
}

/** What is settled begins when the change counts. */
function firstStartOf(prorations: readonly StripeData[]): number | null {
  const starts = prorations.flatMap((line) => secondsOf(at(line, 'period', 'start')) ?? []);
  return starts.length === 0 ? null : Math.min(...starts);
}

/** An invoice of today that bills a whole period begins it: the next one comes at its end. */
function lastEndOf(lines: readonly StripeData[]): number | null {
  const whole = lines.filter((line) => lineSubscription(line) !== null && !isProration(line));
  const ends = whole.flatMap((line) => secondsOf(at(line, 'period', 'end')) ?? []);
  return ends.length === 0 ? null : Math.max(...ends);
}
