import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, type EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { Clock } from '../../common/clock.js';
import { notFound } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { decodeCursor, toPage, type Page } from '../../common/pagination.js';
import { Reservations } from '../../ledger/reservations.service.js';
import { Payees } from '../payees.service.js';
import { forecastOf } from '../run-plan.js';
import { obstacleOf, type PayoutObstacle } from './payout-obstacles.js';
import { PayoutRequest } from './payout-request.entity.js';
import type { ClosePayoutRequestDto, ListPayoutRequestsQuery, PayoutRequestView } from './payout-request.dto.js';

const LIST = 'payout-requests';

/** Partners ask to be paid, and the company sees who does. It moves no money: a run does, when a person makes one. */
@Injectable()
export class PayoutRequests {
  constructor(
    private readonly db: DataSource,
    private readonly reservations: Reservations,
    private readonly payees: Payees,
    private readonly clock: Clock,
  ) {}

  /** The open request in this currency, made when there is none; so that asking twice is asking once. */
  async open(
    { workspaceId, partnerId }: { workspaceId: string; partnerId: string },
    currency: string,
    tx: EntityManager,
  ): Promise<PayoutRequestView> {
    const { payableMinor, obstacles } = await this.forecast(workspaceId, partnerId, currency, tx);
    const request: PayoutRequest = {
      ...{ workspaceId, id: newId('payreq'), partnerId, currency, payableMinor, obstacles },
      ...{ requestedAt: this.clock.now(), closedAt: null, closedBy: null, closedReason: null },
    };
    // The partial unique index decides between two who ask at once.
    await tx.createQueryBuilder().insert().into(PayoutRequest).values(request).orIgnore().execute();
    const open = { workspaceId, partnerId, currency, closedAt: IsNull() };
    return viewOf(await tx.getRepository(PayoutRequest).findOneByOrFail(open));
  }

  /** Newest first. */
  async list(workspaceId: string, query: ListPayoutRequestsQuery): Promise<Page<PayoutRequestView>> {
    const { limit, cursor, partnerId, state } = query;
    const select = this.db
      .getRepository(PayoutRequest)
      .createQueryBuilder('r')
      .where('r.workspace_id = :workspaceId', { workspaceId })
      .orderBy('r.id', 'DESC')
      .limit(limit + 1);
    if (partnerId !== undefined) select.andWhere('r.partner_id = :partnerId', { partnerId });
    if (state !== undefined) select.andWhere(`r.closed_at IS ${state === 'open' ? '' : 'NOT '}NULL`);
    if (cursor !== undefined) select.andWhere('r.id < :after', { after: decodeCursor(LIST, cursor).id });
    const page = toPage(LIST, await select.getMany(), limit, ({ id }) => ({ sort: id, id }));
    return { ...page, data: page.data.map(viewOf) };
  }

  /** Safe to repeat: the first closing stands. Errors: `payout_request_not_found`. */
  async close(
    { workspaceId, keyId }: Caller,
    id: string,
    { reason = null }: ClosePayoutRequestDto,
    tx: EntityManager,
  ): Promise<PayoutRequestView> {
    const requests = tx.getRepository(PayoutRequest);
    const changes = { closedAt: this.clock.now(), closedBy: keyId, closedReason: reason };
    await requests.update({ workspaceId, id, closedAt: IsNull() }, changes);
    const request = await requests.findOneBy({ workspaceId, id });
    if (request === null) throw notFound('payout_request', id, 'id');
    return viewOf(request);
  }

  /** What a run of now would pay the partner, and if it is nothing, why. */
  private async forecast(
    workspaceId: string,
    partnerId: string,
    currency: string,
    tx: EntityManager,
  ): Promise<{ payableMinor: number; obstacles: PayoutObstacle[] }> {
    const entries = await this.reservations.payableOf(workspaceId, partnerId, currency, this.clock.now(), tx);
    const programIds = [...new Set(entries.flatMap(({ programId }) => programId ?? []))];
    const minimums = await this.payees.minimumsOf(workspaceId, programIds, tx);
    const payee = (await this.payees.of(workspaceId, [partnerId], tx)).get(partnerId);
    const { sumMinor, amountMinor, minimumMinor, reasons } = forecastOf(currency, entries, minimums, payee);
    const codes = entries.length === 0 ? ['nothing_due' as const, ...reasons.filter(isOfPayee)] : reasons;
    const figures = { currency, dueMinor: sumMinor, minimumMinor };
    return {
      payableMinor: codes.length === 0 ? amountMinor : 0,
      obstacles: codes.map((code) => obstacleOf(code, figures)),
    };
  }
}

const isOfPayee = (reason: string): boolean => reason === 'no_payout_method' || reason === 'account_not_ready';

function viewOf(request: PayoutRequest): PayoutRequestView {
  const { id, partnerId, currency, payableMinor, obstacles, requestedAt, closedAt, closedReason } = request;
  return {
    ...{ id, partnerId, currency, state: closedAt === null ? 'open' : 'closed', payableMinor, obstacles },
    requestedAt: requestedAt.toISOString(),
    closedAt: closedAt?.toISOString() ?? null,
    closedReason,
  };
}
