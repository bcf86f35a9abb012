import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { atMost } from '../../common/at-most.js';
import { failureCodeOf } from '../../stripe/failure.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { Repairs } from './repairs.service.js';
import {
  emptyComparison,
  FINDINGS_SHOWN,
  NOT_ENABLED,
  type Finding,
  type TypeComparison,
} from './comparison-result.js';
import { Pace, type ComparisonScope } from './comparison-scope.js';
import { ListedObjects } from './listed-objects.js';
import { listRefusalOf } from './list-refusal.js';
import { verdictsOn, type Verdict } from './row-verdicts.js';
import { StripeLists, type ListedPage } from './stripe-lists.service.js';
import { Unlisted } from './unlisted.service.js';

/** A difference may be an event that is under way; so many of a type are looked at once more before they count. */
const LOOKED_AT_AGAIN_MAX = 500;

/**
 * Holds the mirror against Stripe: every object that Stripe lists against its row, with the lists inside it, and every row
 * that Stripe did not list against what Stripe says of it by its id. One engine for verifying and for the sweep; memory is
 * bounded by the page, since what was met is remembered in PostgreSQL.
 */
@Injectable()
export class Comparison {
  constructor(
    private readonly db: DataSource,
    private readonly lists: StripeLists,
    private readonly repairs: Repairs,
    private readonly unlisted: Unlisted,
  ) {}

  /** Answers for each of the types, in their order. Errors are Stripe's, when it cannot be asked at all. */
  async run(scope: ComparisonScope): Promise<TypeComparison[]> {
    const listed = new ListedObjects(this.db, randomUUID());
    const tallies = scope.types.map((type) => new Tally(type, scope));
    try {
      for (const look of [this.compareListed.bind(this), this.compareUnlisted.bind(this)]) {
        await atMost(scope.lanes, tallies, async (tally) => {
          await look(tally, scope, listed);
          scope.onLooked?.();
        });
      }
    } finally {
      await listed.forget();
    }
    return tallies.map((tally) => tally.counted());
  }

  private async compareListed(tally: Tally, scope: ComparisonScope, listed: ListedObjects): Promise<void> {
    try {
      for await (const page of this.lists.pages(tally.type, scope, tally.pace))
        await this.take(page, tally, scope, listed);
    } catch (error) {
      const refusal = listRefusalOf(error);
      if (refusal === null) throw error;
      // Who holds rows of a type does have the product: then it was the question that Stripe refused.
      const isEmpty = refusal === 'not_enabled' && !(await this.unlisted.hasAny(tally.type, scope));
      tally.result.skipped = isEmpty ? NOT_ENABLED : failureCodeOf(error);
    }
    if (!scope.repair) await this.lookAgain(tally, scope);
  }

  private async take(page: ListedPage, tally: Tally, scope: ComparisonScope, listed: ListedObjects): Promise<void> {
    const members = page.owners.flatMap((owned) => owned.members);
    const states = [...page.objects, ...page.within, ...members];
    tally.sawPage(page);
    await listed.add(states);
    const verdicts = await verdictsOn(states, this.db);
    const wrong = verdicts.filter(({ what }) => what !== 'agrees');
    tally.agreeing(verdicts);
    const strays = await this.repairs.straysIn(page.owners);
    if (!scope.repair) {
      tally.suspect(wrong);
      for (const stray of strays) tally.found({ ...stray, what: 'extra', fields: [] });
      return;
    }
    for (const verdict of wrong) tally.found(findingOf(verdict));
    for (const stray of strays) tally.found({ ...stray, what: 'extra', fields: [] });
    tally.result.repaired += await this.repairs.write(wrong, page.owners, strays);
  }

  /** What seemed wrong is asked for once more, one by one: an event that was under way meanwhile may have set it right. */
  private async lookAgain(tally: Tally, scope: ComparisonScope): Promise<void> {
    for (const suspect of tally.suspects) {
      const again = await this.unlisted.askAgain(suspect, scope, tally.pace);
      if (again === null) tally.agreeing([{ ...suspect, what: 'agrees', fields: [], otherVersion: false }]);
      else tally.found(findingOf(again));
    }
  }

  private async compareUnlisted(tally: Tally, scope: ComparisonScope, listed: ListedObjects): Promise<void> {
    if (tally.result.skipped !== null || tally.result.asOfSeconds === null) return;
    const until = { startSeconds: tally.result.asOfSeconds, createdFrom: tally.oldestCreated(scope) };
    for await (const verdict of this.unlisted.verdicts(tally.type, scope, { listed, pace: tally.pace, ...until })) {
      if (verdict.what === 'agrees') tally.agreeing([verdict]);
      else tally.found(verdict.gone ? { ...findingOf(verdict), what: 'extra', fields: [] } : findingOf(verdict));
      if (scope.repair && verdict.what !== 'agrees')
        tally.result.repaired += await this.repairs.write([verdict], [], []);
    }
  }
}

/** The year 9999: nothing is younger. */
const NEVER = 253_402_300_799;

/** The running count of one type. */
class Tally {
  readonly result: TypeComparison;
  /** Seemed wrong at first sight. */
  readonly suspects: Verdict[] = [];
  private oldest = Infinity;
  private objects = 0;

  readonly pace: Pace;

  constructor(
    readonly type: StripeObjectType,
    scope: ComparisonScope,
  ) {
    this.result = emptyComparison(type.table, scope.account);
    this.pace = new Pace(scope);
  }

  sawPage({ objects, stampSeconds }: ListedPage): void {
    this.result.asOfSeconds = Math.min(this.result.asOfSeconds ?? Infinity, stampSeconds);
    this.objects += objects.length;
    for (const { data } of objects) {
      if (typeof data.created === 'number') this.oldest = Math.min(this.oldest, data.created);
    }
  }

  agreeing(verdicts: readonly Verdict[]): void {
    for (const { what, otherVersion } of verdicts) {
      if (what !== 'agrees') continue;
      this.result.agree += 1;
      if (otherVersion) this.result.otherVersion += 1;
    }
  }

  suspect(wrong: readonly Verdict[]): void {
    const room = Math.max(0, LOOKED_AT_AGAIN_MAX - this.suspects.length);
    this.suspects.push(...wrong.slice(0, room));
    for (const verdict of wrong.slice(room)) this.found(findingOf(verdict));
  }

  found(finding: Finding): void {
    const count = ({ differs: 'differ', missing: 'missing', extra: 'extra' } as const)[finding.what];
    this.result[count] += 1;
    if (this.result.findings.length < FINDINGS_SHOWN) this.result.findings.push(finding);
  }

  /**
   * Of a sample only rows that are younger than what was listed can be missing from it, and none where nothing says how
   * young they are; null when all were listed.
   */
  oldestCreated({ sample }: ComparisonScope): number | null {
    if (sample === null || this.objects < sample) return null;
    return Number.isFinite(this.oldest) ? this.oldest : NEVER;
  }

  counted(): TypeComparison {
    return { ...this.result, requests: this.pace.requests };
  }
}

function findingOf({ state, what, fields }: Verdict): Finding {
  return { id: state.id, table: state.type.table, what: what === 'missing' ? 'missing' : 'differs', fields };
}
