import { ApiKey } from './access/api-key.entity.js';
import { IdempotencyKey } from './access/idempotency-key.entity.js';
import { RateCounter } from './access/rate-counter.entity.js';
import { Workspace } from './access/workspace.entity.js';
import type { EntityList } from './database/data-source.js';
import { BILLING_ENTITIES } from './billing/billing.entities.js';
import { WebhookEndpoint } from './webhooks/webhook-endpoint.entity.js';
import { WebhookEvent } from './webhooks/webhook-event.entity.js';

/** Every entity of every room, one by one; what is not here has no table. */
export const ENTITIES: EntityList & unknown[] = [
  Workspace,
  ApiKey,
  RateCounter,
  IdempotencyKey,
  ...BILLING_ENTITIES,
  WebhookEvent,
  WebhookEndpoint,
];
