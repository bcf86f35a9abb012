import { IsIn, IsOptional, Matches } from 'class-validator';
import { FilledList, IdText, PlainText } from '../../common/dto-decorators.js';
import type { EndpointAtStripe, EndpointDrift } from '../webhook-endpoint-drift.js';
import type { WebhookEndpointKind } from '../webhook-endpoint.entity.js';
import { EVENT_CHOICES, type EventChoice } from '../webhook-event-types.js';
import type { RefusalView } from '../webhook-refusals.service.js';

/** Stripe keeps at most two secrets valid at a time; one more leaves room for an overlap. */
const MAX_SECRETS = 3;
const SECRET = /^whsec_[0-9A-Za-z_/+=-]{8,}$/;
const SECRETS_MESSAGE = { each: true, message: '$property must hold signing secrets that start with "whsec_"' };
const DESCRIPTION_CHARS_MAX = 500;
/** Where Stripe can reach the service. Only a machine of one's own is reached without TLS. */
const PUBLIC_URL = /^(?:https:\/\/[^\s/?#]+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?)(?:\/[^\s?#]*)?$/;

export class WebhookSecretsDto {
  /** Signing secrets that are valid now (`whsec_…`), one to three. Never shown again. */
  @FilledList(MAX_SECRETS)
  @Matches(SECRET, SECRETS_MESSAGE)
  secrets: string[];
}

/** The same over gRPC, where the id is in the message. */
export class ReplaceWebhookSecretsRequest extends WebhookSecretsDto {
  @IdText()
  id: string;
}

export class CreateWebhookEndpointDto {
  /** `platform` for the account's own events, `connect` for those of its connected accounts. */
  @IsIn(['platform', 'connect'], { message: '$property must be platform or connect' })
  kind: WebhookEndpointKind;

  /** Of an endpoint that was made at Stripe by hand. */
  @IsOptional()
  @FilledList(MAX_SECRETS)
  @Matches(SECRET, SECRETS_MESSAGE)
  secrets?: string[];

  /** The service's public address: with it the endpoint is made at Stripe, and its secret kept here. */
  @IsOptional()
  @Matches(PUBLIC_URL, { message: '$property must be the public https:// address of this service, without a query' })
  url?: string;

  /** With `url`: every event (default), or only those that money follows from. */
  @IsOptional()
  @IsIn(EVENT_CHOICES, { message: `$property must be one of ${EVENT_CHOICES.join(', ')}` })
  events?: EventChoice;

  /** With `url`: shown in Stripe's dashboard. */
  @IsOptional()
  @PlainText(DESCRIPTION_CHARS_MAX)
  description?: string;
}

export class WebhookEndpointView {
  /** Empty for the default endpoint, whose secrets are configuration. */
  id: string;
  kind: WebhookEndpointKind;
  /** Append it to the service's public address and give it to Stripe. */
  path: string;
  secretCount: number;
  /** The endpoint at Stripe that was made from here. */
  stripeId?: string | null;
  /** The one before it, until it is retired: deliveries of both are taken. */
  retiringStripeId?: string | null;
  url?: string | null;
  /** What it was made for: `*` is every event. */
  eventTypes?: string[] | null;
}

export class WebhookEndpointDetail extends WebhookEndpointView {
  /** As Stripe has it now; null when Stripe has none of that id or address. */
  atStripe: EndpointAtStripe | null;
  drift: EndpointDrift;
  /** Why the last delivery that was refused was refused; null when none was. */
  lastRefusal: RefusalView | null;
}

export class WebhookEndpointsView {
  data: WebhookEndpointDetail[];
}
