import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { LedgerService, type NewTransaction } from '../ledger/ledger.service.js';
import { Reservations, type PayableEntry, type ReservedLine } from '../ledger/reservations.service.js';
import { groupBy } from '../common/group-by.js';
import { Payees } from './payees.service.js';
import { reserving, splittingOff, unreserving } from './payout-ledger.js';
import { PayoutRun } from './payout-run.entity.js';
import { Payout } from './payout.entity.js';
import { PayoutsRepository } from './payouts.repository.js';
import { withJoined } from './run-plan.js';
import { transferStep } from './transfer-step.js';

/** What a draft payout should become and is not yet. */
interface DraftChange {
  payout: Payout;
  joined: PayableEntry[];
  amountMinor: number;
  restMinor: number;
  drops: boolean;
}

/** Keeps drafts true to the ledger: what is taken back after a draft was made joins it until it is approved (rule R6). */
@Injectable()
export class Drafts {
  constructor(
    private readonly ledger: LedgerService,
    private readonly reservations: Reservations,
    private readonly payouts: PayoutsRepository,
    private readonly payees: Payees,
    private readonly clock: Clock,
  ) {}

  /** The run, locked until the transaction ends. Whoever changes a draft or its payouts holds this lock. */
  async lockRun(workspaceId: string, id: string, tx: EntityManager): Promise<PayoutRun | null> {
    return tx.getRepository(PayoutRun).findOne({ where: { workspaceId, id }, lock: { mode: 'pessimistic_write' } });
  }

  /** The partners' drafts take in what was just posted. For the settling transaction; safe to repeat. */
  async joinDrafts(workspaceId: string, partnerIds: readonly string[], tx: EntityManager): Promise<void> {
    const drafts = await tx
      .getRepository(Payout)
      .findBy({ workspaceId, partnerId: In([...partnerIds]), state: 'draft' });
    for (const runId of [...new Set(drafts.map((draft) => draft.runId))].sort()) {
      const run = await this.lockRun(workspaceId, runId, tx);
      if (run?.state === 'draft') await this.bringUpToDate(run, tx, partnerIds);
    }
  }

  /** Whether something is still to join, so that the draft is not what should be paid. */
  async isBehind(run: PayoutRun, tx: EntityManager): Promise<boolean> {
    return (await this.changesOf(run, tx)).length > 0;
  }

  /**
   * Everything that is to join does, and the run gets a new revision; without anything to join nothing happens. A run that
   * has no payout left is canceled. The run must be a draft and locked.
   */
  async bringUpToDate(run: PayoutRun, tx: EntityManager, partnerIds?: readonly string[]): Promise<void> {
    const changes = await this.changesOf(run, tx, partnerIds);
    if (changes.length === 0) return;
    const at = this.clock.now();
    const revision = run.revision + 1;
    const dropped = changes.filter(({ drops }) => drops);
    const kept = changes.filter(({ drops }) => !drops);
    await this.joinTo(kept, run, revision, at, tx);
    await this.dropOut(
      dropped.map(({ payout }) => payout),
      run,
      at,
      tx,
    );
    const skipped = dropped.map(({ payout, amountMinor }) => ({
      partnerId: payout.partnerId,
      amountMinor,
      reason: amountMinor < 0 ? ('negative_balance' as const) : ('below_minimum' as const),
    }));
    const { workspaceId, id } = run;
    const isEmpty = !(await tx.getRepository(Payout).existsBy({ workspaceId, runId: id, state: 'draft' }));
    await tx.getRepository(PayoutRun).update(
      { workspaceId, id },
      {
        revision,
        skipped: [...run.skipped, ...skipped],
        ...(isEmpty ? { state: 'canceled' as const, canceledAt: at } : {}),
      },
    );
  }

  /** The payouts leave their run: their lines are let go and what they held is due again. They must be drafts. */
  async dropOut(payouts: readonly Payout[], run: PayoutRun, at: Date, tx: EntityManager): Promise<void> {
    if (payouts.length === 0) return;
    const ids = payouts.map(({ id }) => id);
    await this.payouts.moveAll(run.workspaceId, ids, 'draft', 'canceled', tx);
    await this.reservations.release(run.workspaceId, ids, at, tx);
    await this.ledger.post(
      payouts.map((payout) => unreserving(payout, payout.amountMinor, run.cutoff, at)),
      tx,
    );
  }

  /** Reserves the lines of a payout, and splits off as a line of its own what cannot be transferred. */
  linesFor(
    payout: Payout,
    run: Pick<PayoutRun, 'cutoff'>,
    revision: number,
    { lines, restMinor }: { lines: readonly PayableEntry[]; restMinor: number },
    at: Date,
  ): { transactions: NewTransaction[]; reserved: ReservedLine[] } {
    const reserved: ReservedLine[] = lines.map((entry) => ({ payoutId: payout.id, entry }));
    const transactions: NewTransaction[] = [];
    if (restMinor > 0) {
      const entry = { id: newId('entry'), amountMinor: -restMinor };
      transactions.push(splittingOff(payout, revision, restMinor, run.cutoff, at, entry.id));
      reserved.push({ payoutId: payout.id, entry });
    }
    const sumMinor = reserved.reduce((sum, line) => sum + line.entry.amountMinor, 0);
    transactions.push(reserving(payout, revision, sumMinor, run.cutoff, at));
    return { transactions, reserved };
  }

  private async joinTo(
    changes: readonly DraftChange[],
    run: PayoutRun,
    revision: number,
    at: Date,
    tx: EntityManager,
  ): Promise<void> {
    if (changes.length === 0) return;
    const parts = changes.map(({ payout, joined, restMinor }) =>
      this.linesFor(payout, run, revision, { lines: joined, restMinor }, at),
    );
    await this.ledger.post(
      parts.flatMap(({ transactions }) => transactions),
      tx,
    );
    await this.reservations.reserve(
      run.workspaceId,
      parts.flatMap(({ reserved }) => reserved),
      tx,
    );
    const amounts = new Map(changes.map(({ payout, amountMinor }) => [payout.id, amountMinor]));
    await this.payouts.setAmounts(run.workspaceId, amounts, tx);
  }

  private async changesOf(run: PayoutRun, tx: EntityManager, partnerIds?: readonly string[]): Promise<DraftChange[]> {
    const { workspaceId, id: runId, currency } = run;
    const ofPartners = partnerIds === undefined ? {} : { partnerId: In([...partnerIds]) };
    const drafts = await tx.getRepository(Payout).find({
      where: { workspaceId, runId, state: 'draft', ...ofPartners },
      order: { id: 'ASC' },
    });
    const ids = drafts.map(({ id }) => id);
    const joinable = await this.reservations.takenBackSince(workspaceId, currency, ids, tx);
    const joinableOf = groupBy(joinable, ({ payoutId }) => payoutId);
    const steps = await this.stepsOf(drafts, currency, tx);
    return drafts.flatMap((payout) => {
      const joined = joinableOf.get(payout.id) ?? [];
      const joinedMinor = joined.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
      const after = withJoined(payout, joinedMinor, steps.get(payout.id) ?? 1);
      return joined.length > 0 || after.restMinor > 0 ? [{ payout, joined, ...after }] : [];
    });
  }

  /** By payout id. Where a currency is rounded for some methods, it is the partner's method of now that counts. */
  private async stepsOf(
    drafts: readonly Payout[],
    currency: string,
    tx: EntityManager,
  ): Promise<ReadonlyMap<string, number>> {
    if (drafts.length === 0 || transferStep(currency, 'stripe_connect') === 1) return new Map();
    const [{ workspaceId }] = drafts as [Payout];
    const payees = await this.payees.of(
      workspaceId,
      drafts.map(({ partnerId }) => partnerId),
      tx,
    );
    return new Map(
      drafts.map(({ id, partnerId, method }) => [id, transferStep(currency, payees.get(partnerId)?.method ?? method)]),
    );
  }
}
