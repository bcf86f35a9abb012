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
import type { ChangePreviewView, PreviewLineView } from './subscriptions.dto.js';

/** An invoice that Stripe would make at once is dated now, the next renewal's at the period's end; its clock may be a bit ahead. */
const NOW_WITHIN_SECONDS = 300;

export interface PreviewAnswers {
  /** Stripe's preview of the next invoice after the change. */
  next: StripeData;
  /** Its preview of what comes with every renewal. */
  recurring: StripeData;
  /** Unix seconds, on Stripe's clock, at which it was asked. */
  askedAt: number;
  /** The instant that the caller chose, in Unix seconds. */
  prorationDate: number | null;
}

/** What a change costs and when, out of Stripe's own previews. Pure. */
export function changePreview({ next, recurring, askedAt, prorationDate }: PreviewAnswers): ChangePreviewView {
  const lines = embeddedObjects(next.lines);
  const prorations = lines.filter(isProration);
  const isDueNow = (secondsOf(next.created) ?? Number.MAX_SAFE_INTEGER) <= askedAt + NOW_WITHIN_SECONDS;
  const renewal = isDueNow ? recurring : next;
  return {
    currency: String(next.currency ?? ''),
    prorations: prorations.map(previewLine),
    prorationMinor: prorations.reduce((sum, line) => sum + minorOf(line.amount), 0),
    lines: lines.map(previewLine),
    dueNowMinor: isDueNow ? minorOf(next.amount_due) : 0,
    nextRenewal: {
      at: isoOf((isDueNow ? lastEndOf(lines) : null) ?? secondsOf(renewal.created)),
      amountMinor: minorOf(renewal.amount_due),
    },
    recurringMinor: minorOf(recurring.total),
    prorationDate: isoOf(prorationDate ?? firstStartOf(prorations)),
  };
}

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
