import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { Inbox } from './inbox.js';
import { InboxWorker } from './inbox.worker.js';
import { PartitionsWorker } from './partitions.worker.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';
import { WebhookEventsHttpController } from './webhook-events.http.controller.js';
import { WebhookEventsService } from './webhook-events.service.js';
import { WebhookReceiver } from './webhook-receiver.service.js';
import { WebhooksHttpController } from './webhooks.http.controller.js';

@Module({
  imports: [AccessModule, BillingModule],
  controllers: [WebhooksHttpController, WebhookEventsHttpController],
  providers: [Inbox, InboxWorker, PartitionsWorker, WebhookEndpointsService, WebhookEventsService, WebhookReceiver],
  exports: [InboxWorker, WebhookEventsService],
})
export class WebhooksModule {}
