import { IsIn, IsOptional, Matches } from 'class-validator';
import { IdText } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { WEBHOOK_EVENT_STATES, type WebhookEventState } from '../webhook-event.entity.js';

export class ListWebhookEventsQuery extends PageQuery {
  /** An exact event type, such as `invoice.paid`. */
  @IsOptional()
  @Matches(/^[a-z0-9_.]{1,100}$/, { message: '$property must be an event type such as "invoice.paid"' })
  type?: string;

  @IsOptional()
  @IsIn(WEBHOOK_EVENT_STATES, { message: `$property must be one of ${WEBHOOK_EVENT_STATES.join(', ')}` })
  state?: WebhookEventState;

  /** Only events about this object of Stripe's. */
  @IsOptional()
  @IdText()
  object?: string;
}

export class WebhookEventView {
  id: string;
  type: string;
  state: WebhookEventState;
  /** The connected account that it is about, null for the workspace's own. */
  account: string | null;
  /** The id of the object that it carries. */
  objectId: string | null;
  livemode: boolean;
  apiVersion: string | null;
  /** Stripe's time of the event. */
  created: string;
  receivedAt: string;
  appliedAt: string | null;
  attempts: number;
  /** Why it is parked or in quarantine, or what its last attempt ended with. */
  error: string | null;
}

export class WebhookEventDetail extends WebhookEventView {
  /** The event as it was signed; null once its retention is over. */
  payload: Record<string, unknown> | null;
}
