import { Controller, Headers, HttpCode, Param, Post, Req, type RawBodyRequest } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../access/policy.js';
import { WebhookReceiver } from './webhook-receiver.service.js';

/** Where Stripe delivers. 200 means that the event is durably stored and nothing more. */
@ApiExcludeController()
@Public('verified by its signature over the raw bytes', { limitPerAddress: false })
@Controller('webhooks/stripe')
export class WebhooksHttpController {
  constructor(private readonly receiver: WebhookReceiver) {}

  @Post()
  @HttpCode(200)
  receive(@Req() request: RawBodyRequest<FastifyRequest>, @Headers('stripe-signature') signature?: string) {
    return this.receiver.receive(null, { rawBody: request.rawBody, signature });
  }

  @Post(':endpointId')
  @HttpCode(200)
  receiveAt(
    @Param('endpointId') endpointId: string,
    @Req() request: RawBodyRequest<FastifyRequest>,
    @Headers('stripe-signature') signature?: string,
  ) {
    return this.receiver.receive(endpointId, { rawBody: request.rawBody, signature });
  }
}
