import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { decodeCursor, toPage, type Page } from '../common/pagination.js';
import { PrivacyRequest } from './privacy-request.entity.js';
import type { ListPrivacyRequestsQuery, PrivacyRequestView } from './privacy.dto.js';

const LIST = 'privacy-requests';

/** Who asked for persons' data, or for its erasure. Written before anything is done. */
@Injectable()
export class PrivacyLog {
  constructor(
    private readonly db: DataSource,
    private readonly clock: Clock,
  ) {}

  async record(kind: PrivacyRequest['kind'], { workspaceId, keyId }: Caller, customerId: string): Promise<void> {
    const row = { workspaceId, id: newId('privacy'), kind, customerId, madeBy: keyId, madeAt: this.clock.now() };
    await this.db.getRepository(PrivacyRequest).insert(row);
  }

  /** Newest first. */
  async list(workspaceId: string, query: ListPrivacyRequestsQuery): Promise<Page<PrivacyRequestView>> {
    const { limit, cursor, customerId } = query;
    const select = this.db
      .getRepository(PrivacyRequest)
      .createQueryBuilder('r')
      .where('r.workspace_id = :workspaceId', { workspaceId })
      .orderBy('r.id', 'DESC')
      .limit(limit + 1);
    if (customerId !== undefined) select.andWhere('r.customer_id = :customerId', { customerId });
    if (cursor !== undefined) select.andWhere('r.id < :after', { after: decodeCursor(LIST, cursor).id });
    const page = toPage(LIST, await select.getMany(), limit, ({ id }) => ({ sort: id, id }));
    return { ...page, data: page.data.map(viewOf) };
  }
}

function viewOf({ id, kind, customerId, madeBy, madeAt }: PrivacyRequest): PrivacyRequestView {
  return { id, kind, customerId, madeBy, madeAt: madeAt.toISOString() };
}
