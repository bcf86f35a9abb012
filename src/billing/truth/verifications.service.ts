import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DomainError, notFound } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import type { PageQuery } from '../../common/page-query.dto.js';
import { decodeCursor, toPage, type Page } from '../../common/pagination.js';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { PLATFORM } from '../mirror/connected-accounts.service.js';
import { comparedTypes } from './compared-types.js';
import type { CreateVerificationDto, VerificationSummary, VerificationView } from './dto/verification.dto.js';
import { Verification } from './verification.entity.js';

const LIST = 'verifications';

/** Comparisons of the mirror with Stripe, on demand. */
@Injectable()
export class VerificationsService {
  constructor(
    private readonly db: DataSource,
    private readonly stripe: StripeGateway,
  ) {}

  /** Notes it; a worker does it. Errors: `stripe_not_configured`, and those of `comparedTypes`. */
  async create(workspaceId: string, dto: CreateVerificationDto, tx: EntityManager): Promise<VerificationView> {
    if (!this.stripe.isConfigured(workspaceId)) {
      const text = 'nothing can be compared without Stripe: set STRIPE_SECRET_KEY and start again';
      throw new DomainError('unavailable', 'stripe_not_configured', text);
    }
    const { account = '', types = null, sample = null, repair = false } = dto;
    comparedTypes(types, account === PLATFORM ? '' : account);
    const id = newId('ver');
    await tx.getRepository(Verification).insert({ workspaceId, id, account, types, sample, repair });
    return viewOf(await tx.getRepository(Verification).findOneByOrFail({ workspaceId, id }));
  }

  async get(workspaceId: string, id: string): Promise<VerificationView> {
    const found = await this.db.getRepository(Verification).findOneBy({ workspaceId, id });
    if (found === null) throw notFound('verification', id, 'id');
    return viewOf(found);
  }

  /** Newest first. */
  async list(workspaceId: string, { cursor, limit }: PageQuery): Promise<Page<VerificationSummary>> {
    const select = this.db
      .getRepository(Verification)
      .createQueryBuilder('v')
      .where('v.workspace_id = :workspaceId', { workspaceId })
      .orderBy('v.id', 'DESC')
      .limit(limit + 1);
    if (cursor !== undefined) select.andWhere('v.id < :after', { after: decodeCursor(LIST, cursor).id });
    const page = toPage(LIST, await select.getMany(), limit, ({ id }) => ({ sort: id, id }));
    return { ...page, data: page.data.map(summaryOf) };
  }
}

function viewOf(row: Verification): VerificationView {
  return { ...summaryOf(row), results: row.result?.types ?? [] };
}

function summaryOf(row: Verification): VerificationSummary {
  return {
    id: row.id,
    state: row.state,
    account: row.account === '' ? null : row.account,
    types: row.types,
    sample: row.sample,
    repair: row.repair,
    agrees: row.state === 'done' ? (row.result?.agrees ?? null) : null,
    error: row.error,
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}
