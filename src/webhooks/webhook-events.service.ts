import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DomainError, notFound } from '../common/errors.js';
import { decodeCursor, toPage, type Page } from '../common/pagination.js';
import type { ListWebhookEventsQuery, WebhookEventDetail, WebhookEventView } from './dto/webhook-event.dto.js';
import { InboxWorker } from './inbox.worker.js';
import { WebhookEvent } from './webhook-event.entity.js';

const LIST = 'webhook-events';

/** Reads the inbox, and puts events back into it. */
@Injectable()
export class WebhookEventsService {
  constructor(
    private readonly db: DataSource,
    private readonly worker: InboxWorker,
  ) {}

  /** Newest first by Stripe's time. */
  async list(workspaceId: string, query: ListWebhookEventsQuery): Promise<Page<WebhookEventView>> {
    const select = this.db
      .getRepository(WebhookEvent)
      .createQueryBuilder('e')
      .where('e.workspace_id = :workspaceId', { workspaceId })
      .orderBy('e.created', 'DESC')
      .addOrderBy('e.id', 'DESC')
      .take(query.limit + 1);
    if (query.type !== undefined) select.andWhere('e.type = :type', { type: query.type });
    if (query.state !== undefined) select.andWhere('e.state = :state', { state: query.state });
    if (query.object !== undefined) select.andWhere('e.object_id = :object', { object: query.object });
    if (query.cursor !== undefined) {
      const after = decodeCursor(LIST, query.cursor);
      select.andWhere('(e.created, e.id) < (to_timestamp(:sort), :id)', { sort: after.sort, id: after.id });
    }
    const rows = await select.getMany();
    const page = toPage(LIST, rows, query.limit, (row) => ({ sort: row.created.getTime() / 1000, id: row.id }));
    return { ...page, data: page.data.map(viewOf) };
  }

  async get(workspaceId: string, id: string): Promise<WebhookEventDetail> {
    const event = await this.db.getRepository(WebhookEvent).findOneBy({ workspaceId, id });
    if (event === null) throw notFound('webhook_event', id, 'id');
    return {
      ...viewOf(event),
      payload: event.body === null ? null : (JSON.parse(event.body) as Record<string, unknown>),
    };
  }

  /**
   * Applies the event once more, at the worker's next look. Harmless for one that was applied: nothing depends on how often
   * it is. An event in quarantine is refused, since only a delivery to the right endpoint may release it.
   */
  async replay(workspaceId: string, id: string, tx: EntityManager): Promise<WebhookEventView> {
    const events = tx.getRepository(WebhookEvent);
    const event = await events.findOneBy({ workspaceId, id });
    if (event === null) throw notFound('webhook_event', id, 'id');
    if (event.state === 'quarantined') {
      throw new DomainError(
        'conflict',
        'event_quarantined',
        `event ${id} is in quarantine (${event.error}); only a fitting delivery releases it`,
        { field: 'id' },
      );
    }
    if (event.body === null) {
      throw new DomainError(
        'conflict',
        'payload_expired',
        `the payload of event ${id} was dropped after its retention`,
        { field: 'id' },
      );
    }
    const again = { state: 'pending' as const, attempts: 0, availableAt: new Date(0), leaseToken: null, error: null };
    await events.update({ workspaceId, created: event.created, id }, again);
    this.worker.wake();
    return viewOf({ ...event, ...again });
  }
}

function viewOf(event: WebhookEvent): WebhookEventView {
  return {
    id: event.id,
    type: event.type,
    state: event.state,
    account: event.account === '' ? null : event.account,
    objectId: event.objectId,
    livemode: event.livemode,
    apiVersion: event.apiVersion,
    created: event.created.toISOString(),
    receivedAt: event.receivedAt.toISOString(),
    appliedAt: event.appliedAt?.toISOString() ?? null,
    attempts: event.attempts,
    error: event.error,
  };
}
