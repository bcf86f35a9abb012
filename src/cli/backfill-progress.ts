import type { BackfillTypeView, BackfillView } from '../billing/backfill/dto/backfill.dto.js';
import { barOf, whole } from './progress-line.js';
import { textTable } from './text-table.js';

/** Of the last looks at a backfill; the rate is over them. */
const LOOKS_KEPT = 20;
const PROBLEMS_SHOWN = 20;

interface Look {
  atMs: number;
  objects: number;
  requests: number;
}

/** What is said about a backfill while it runs, from looks at it. */
export class Progress {
  private readonly looks: Look[] = [];

  see(view: BackfillView, atMs: number): void {
    this.looks.push({ atMs, objects: view.objects, requests: view.requests });
    if (this.looks.length > LOOKS_KEPT) this.looks.shift();
  }

  /** One line: how much is done, how fast, how long it will take and what it cost. */
  line(view: BackfillView): string {
    const rates = this.rates();
    const { requests, remainingRequests, objects, added, changed, deleted, dryRun } = view;
    const share = remainingRequests === null ? null : requests / Math.max(1, requests + remainingRequests);
    const left = remainingRequests === null || rates.requests <= 0 ? null : remainingRequests / rates.requests;
    const words = dryRun ? 'would be ' : '';
    return [
      barOf(share),
      `${whole(objects)} objects (${words}${whole(added)} new, ${whole(changed)} changed${deleted > 0 ? `, ${whole(deleted)} deleted` : ''})`,
      `${rates.objects.toFixed(0)}/s`,
      `${whole(requests)} requests, ${rates.requests.toFixed(0)}/s`,
      left === null ? 'remaining time not known yet' : `${isComplete(view) ? '' : 'at least '}${duration(left)} left`,
    ].join('  ');
  }

  private rates(): { objects: number; requests: number } {
    const [first] = this.looks;
    const last = this.looks.at(-1);
    const seconds = first === undefined || last === undefined ? 0 : (last.atMs - first.atMs) / 1_000;
    if (first === undefined || last === undefined || seconds <= 0) return { objects: 0, requests: 0 };
    return {
      objects: (last.objects - first.objects) / seconds,
      requests: (last.requests - first.requests) / seconds,
    };
  }
}

/** Whether every list was looked at, so that what is left is not only a lower bound. */
const isComplete = ({ byType }: BackfillView): boolean =>
  byType.every(({ remainingRequests }) => remainingRequests !== null);

/** What it did, type by type, and what could not be had. */
export function report(view: BackfillView): string {
  const rows = view.byType.filter(isWorthARow);
  const columns = [
    { name: 'type', alignsRight: false },
    ...['objects', view.dryRun ? 'would be new' : 'new', 'changed', 'unchanged'].map(right),
    ...(view.dryRun ? [right('deleted')] : []),
    right('requests'),
  ];
  const cells = rows.map((row) => [
    row.type,
    ...[row.objects, row.added, row.changed, row.unchanged, ...(view.dryRun ? [row.deleted] : []), row.requests].map(
      whole,
    ),
  ]);
  const lines = rows.length === 0 ? ['Stripe lists nothing of these types.'] : textTable(columns, cells);
  return [...lines, '', totalOf(view), ...problemsOf(view), ''].join('\n');
}

const right = (name: string) => ({ name, alignsRight: true });

const isWorthARow = ({ objects, added, changed, deleted }: BackfillTypeView): boolean =>
  objects + added + changed + deleted > 0;

function totalOf(view: BackfillView): string {
  const { objects, added, changed, unchanged, deleted, requests, objectsPerSecond: rate } = view;
  const pace = rate === null ? '' : ` at ${rate.toFixed(0)} objects a second`;
  if (!view.dryRun) {
    return `${whole(objects)} objects, ${whole(added)} new, ${whole(changed)} changed, ${whole(unchanged)} unchanged, in ${whole(requests)} requests${pace}.`;
  }
  return [
    `Nothing was changed. A backfill would add ${whole(added)} and change ${whole(changed)}; ${whole(unchanged)} are as Stripe has them.`,
    `${whole(deleted)} are held here and no longer listed by Stripe; a sweep looks at those one by one, a backfill leaves them.`,
    `It would cost some ${whole(requests)} requests, as many as this look did.`,
  ].join('\n');
}

function problemsOf({ problems, error }: BackfillView): string[] {
  if (problems.length === 0) return error === null ? [] : ['', `It failed: ${error}`];
  const lines = problems.slice(0, PROBLEMS_SHOWN).map(({ type, account, state, reason }) => {
    const whose = account === null ? '' : ` of ${account}`;
    return `  ${state === 'done' ? 'in part' : state.padEnd(7)}  ${type}${whose}: ${reason}`;
  });
  const more = problems.length > lines.length ? [`  and ${problems.length - lines.length} more`] : [];
  return ['', 'Lists that Stripe did not give, or not wholly:', ...lines, ...more];
}

function duration(seconds: number): string {
  const rounded = Math.ceil(seconds);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3_600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
  return `${Math.floor(rounded / 3_600)} h ${Math.floor((rounded % 3_600) / 60)} min`;
}
