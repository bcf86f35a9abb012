import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { StripeModule } from '../stripe/stripe.module.js';
import { EventPollsRepository } from './event-polls.repository.js';
import { EventsPollerMetrics } from './events-poller-metrics.js';
import { EventsPoller } from './events-poller.service.js';
import { EventsPollerWorker } from './events-poller.worker.js';
import { Inbox } from './inbox.js';
import { InboxWorker } from './inbox.worker.js';
import { PartitionsWorker } from './partitions.worker.js';
import { WebhookEndpointsAtStripe } from './webhook-endpoints-at-stripe.service.js';
import { WebhookEndpointsGrpcController } from './webhook-endpoints.grpc.controller.js';
import { WebhookEndpointsHttpController } from './webhook-endpoints.http.controller.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';
import { WebhookEventsGrpcController } from './webhook-events.grpc.controller.js';
import { WebhookEventsHttpController } from './webhook-events.http.controller.js';
import { WebhookEventsService } from './webhook-events.service.js';
import { WebhookReceiver } from './webhook-receiver.service.js';
import { WebhookRefusals } from './webhook-refusals.service.js';
import { WebhooksHttpController } from './webhooks.http.controller.js';

@Module({
  imports: [AccessModule, BillingModule, StripeModule],
  controllers: [
    WebhooksHttpController,
    WebhookEventsHttpController,
    WebhookEventsGrpcController,
    WebhookEndpointsHttpController,
    WebhookEndpointsGrpcController,
  ],
  providers: [
    EventPollsRepository,
    EventsPoller,
    EventsPollerMetrics,
    EventsPollerWorker,
    Inbox,
    InboxWorker,
    PartitionsWorker,
    WebhookEndpointsAtStripe,
    WebhookEndpointsService,
    WebhookEventsService,
    WebhookReceiver,
    WebhookRefusals,
  ],
  exports: [InboxWorker, WebhookEventsService],
})
export class WebhooksModule {}
