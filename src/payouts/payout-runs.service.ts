import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Clock } from '../common/clock.js';
import { DomainError, invalidField, notFound } from '../common/errors.js';
import { newId } from '../common/ids.js';
import { formatMoney } from '../common/money.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { Reservations } from '../ledger/reservations.service.js';
import { Drafts } from './drafts.service.js';
import type { CreatePayoutRunDto, PayoutRunView } from './dto/payout-run.dto.js';
import { Payees } from './payees.service.js';
import { PayoutRun } from './payout-run.entity.js';
import { runView } from './payout-views.js';
import { Payout } from './payout.entity.js';
import { PayoutsReader } from './payouts-reader.service.js';
import { PayoutsRepository } from './payouts.repository.js';
import { planRun, type PlannedPayout, type RunPlan } from './run-plan.js';
import { lockByName } from '../database/named-lock.js';

const FIRST_REVISION = 1;
const FIRST_ATTEMPT = 1;

/** Makes runs, approves and cancels them. Everything of one operation commits together. */
@Injectable()
export class PayoutRunsService {
  constructor(
    private readonly db: DataSource,
    private readonly ledger: LedgerService,
    private readonly reservations: Reservations,
    private readonly drafts: Drafts,
    private readonly payouts: PayoutsRepository,
    private readonly payees: Payees,
    private readonly reader: PayoutsReader,
    private readonly clock: Clock,
  ) {}

  /**
   * A draft with one payout per partner, over everything that is due at the cut-off and in no other payout.
   * Errors: `cutoff_in_future`, `nothing_due` (nothing is written then).
   */
  async create(caller: Caller, dto: CreatePayoutRunDto, tx: EntityManager): Promise<PayoutRunView> {
    const { workspaceId, keyId } = caller;
    const at = this.clock.now();
    const cutoff = dto.cutoff ?? at;
    if (cutoff > at) throw invalidField('cutoff', 'cutoff_in_future', 'cutoff must not be in the future');
    await lockRunsOf(workspaceId, dto.currency, tx);
    const plan = await this.plan(workspaceId, dto.currency, cutoff, tx);
    if (plan.payouts.length === 0) throw nothingDue(dto.currency, cutoff, plan);

    const run: PayoutRun = {
      ...{ workspaceId, id: newId('run'), currency: dto.currency, cutoff, state: 'draft', revision: FIRST_REVISION },
      ...{ skipped: plan.skipped, createdBy: keyId, approvedBy: null },
      ...{ createdAt: at, approvedAt: null, canceledAt: null },
    };
    await tx.getRepository(PayoutRun).insert(run);
    return runView(run, await this.draft(run, plan.payouts, tx));
  }

  /**
   * Freezes the payouts of the revision that was looked at; from then on they are sent.
   * Errors: `run_not_draft`; `run_changed`, with the revision and total of now, when the draft is not the one that was seen;
   * `no_payout_method`.
   */
  async approve(caller: Caller, id: string, revision: number, tx: EntityManager): Promise<PayoutRunView> {
    const { workspaceId, keyId } = caller;
    await this.joinLateComers(workspaceId, id, tx);
    const run = await this.lockDraft(workspaceId, id, tx);
    if (run.revision !== revision) throw runChanged(await this.reader.getRun(workspaceId, id, tx));
    if (await this.drafts.isBehind(run, tx)) {
      const message = `run ${id} is changing at this moment; look at it again and approve its new revision`;
      throw new DomainError('conflict', 'run_changed', message, { field: 'revision' });
    }
    const at = this.clock.now();
    await this.freeze(run, at, tx);
    await tx
      .getRepository(PayoutRun)
      .update({ workspaceId, id }, { state: 'approved', approvedAt: at, approvedBy: keyId });
    return this.reader.getRun(workspaceId, id, tx);
  }

  /** Gives a draft up: what it reserved is due again. Errors: `run_not_draft`, since what was approved may be under way. */
  async cancel(workspaceId: string, id: string, tx: EntityManager): Promise<PayoutRunView> {
    const run = await this.lockDraft(workspaceId, id, tx);
    const at = this.clock.now();
    const payouts = await tx.getRepository(Payout).findBy({ workspaceId, runId: id, state: 'draft' });
    await this.drafts.dropOut(payouts, run, at, tx);
    await tx.getRepository(PayoutRun).update({ workspaceId, id }, { state: 'canceled', canceledAt: at });
    return this.reader.getRun(workspaceId, id, tx);
  }

  private async plan(workspaceId: string, currency: string, cutoff: Date, tx: EntityManager): Promise<RunPlan> {
    const entries = await this.reservations.payable(workspaceId, currency, cutoff, tx);
    const programIds = [...new Set(entries.flatMap(({ programId }) => programId ?? []))];
    const minimums = await this.payees.minimumsOf(workspaceId, programIds, tx);
    const partnerIds = [...new Set(entries.map(({ partnerId }) => partnerId))];
    return planRun(currency, entries, minimums, await this.payees.of(workspaceId, partnerIds, tx));
  }

  private async draft(run: PayoutRun, planned: readonly PlannedPayout[], tx: EntityManager): Promise<Payout[]> {
    const { workspaceId, id: runId, currency, createdAt, revision } = run;
    const drafts = planned.map((plan) => {
      const { partnerId, amountMinor, minimumMinor, method } = plan;
      const payout = tx.getRepository(Payout).create({
        ...{ workspaceId, id: newId('payout'), runId, partnerId, currency, amountMinor, minimumMinor },
        ...{ state: 'draft', method, destination: null, reference: null, failure: null, attempt: FIRST_ATTEMPT },
        ...{ leaseToken: null, availableAt: createdAt, reversedMinor: 0, createdAt, approvedAt: null, sentAt: null },
      });
      return { payout, ...this.drafts.linesFor(payout, run, revision, plan, createdAt) };
    });
    const payouts = drafts.map(({ payout }) => payout);
    await this.payouts.insertDrafts(payouts, tx);
    await this.ledger.post(
      drafts.flatMap(({ transactions }) => transactions),
      tx,
    );
    await this.reservations.reserve(
      workspaceId,
      drafts.flatMap(({ reserved }) => reserved),
      tx,
    );
    return payouts;
  }

  /**
   * What was taken back while the draft was being made could not join it then. It does now, in a transaction of its own: the
   * refusal that follows undoes whatever the request's transaction wrote, and the caller must find the new revision.
   */
  private async joinLateComers(workspaceId: string, id: string, tx: EntityManager): Promise<void> {
    const seen = await tx.getRepository(PayoutRun).findOneBy({ workspaceId, id });
    if (seen?.state !== 'draft' || !(await this.drafts.isBehind(seen, tx))) return;
    await this.db.transaction(async (own) => {
      const run = await this.drafts.lockRun(workspaceId, id, own);
      if (run?.state === 'draft') await this.drafts.bringUpToDate(run, own);
    });
  }

  private async lockDraft(workspaceId: string, id: string, tx: EntityManager): Promise<PayoutRun> {
    const run = await this.drafts.lockRun(workspaceId, id, tx);
    if (run === null) throw notFound('payout_run', id, 'id');
    if (run.state === 'draft') return run;
    const left = run.skipped.length > 0 ? '; nothing may have been left to pay, see its skipped partners' : '';
    const reason = run.state === 'approved' ? 'was approved already' : `was canceled${left}`;
    throw new DomainError('conflict', 'run_not_draft', `run ${id} ${reason}`, { field: 'id' });
  }

  private async freeze(run: PayoutRun, at: Date, tx: EntityManager): Promise<void> {
    const { workspaceId, id: runId } = run;
    const drafts = await tx.getRepository(Payout).findBy({ workspaceId, runId, state: 'draft' });
    const payees = await this.payees.of(
      workspaceId,
      drafts.map(({ partnerId }) => partnerId),
      tx,
    );
    const frozen = drafts.map(({ id, partnerId }) => {
      const payee = payees.get(partnerId);
      if (payee === undefined) {
        const message = `partner ${partnerId} has no payout method any more; set one, or cancel run ${runId}`;
        throw new DomainError('conflict', 'no_payout_method', message);
      }
      return { id, method: payee.method, destination: payee.destination };
    });
    await this.reservations.freeze(
      workspaceId,
      drafts.map(({ id }) => id),
      at,
      tx,
    );
    const approved = await this.payouts.approve(workspaceId, frozen, at, tx);
    if (approved !== drafts.length) throw new Error(`only ${approved} of ${drafts.length} payouts could be approved`);
  }
}

/** One run at a time per workspace and currency; the next one sees what this one reserved. Held until the transaction ends. */
async function lockRunsOf(workspaceId: string, currency: string, tx: EntityManager): Promise<void> {
  await lockByName(`payout-runs/${workspaceId}/${currency}`, tx);
}

function nothingDue(currency: string, cutoff: Date, { skipped }: RunPlan): DomainError {
  const reasons = [...new Set(skipped.map(({ reason }) => reason))].sort().join(', ');
  const left = skipped.length === 0 ? '' : `; left out: ${skipped.length} (${reasons})`;
  const message = `nothing in ${currency.toUpperCase()} can be paid at the cut-off ${cutoff.toISOString()}${left}`;
  return new DomainError('conflict', 'nothing_due', message, { field: 'currency' });
}

function runChanged({ id, revision, totalMinor, currency, payoutCount }: PayoutRunView): DomainError {
  const total = formatMoney({ amountMinor: totalMinor, currency });
  const message = `run ${id} is now at revision ${revision}: ${total} in ${payoutCount} payouts; look at it and approve that revision`;
  return new DomainError('conflict', 'run_changed', message, { field: 'revision' });
}
