import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, Matches } from 'class-validator';
import type { WebhookEndpointKind } from '../webhook-endpoint.entity.js';

/** Stripe keeps at most two secrets valid at a time; one more leaves room for an overlap. */
const MAX_SECRETS = 3;
const SECRET = /^whsec_[0-9A-Za-z_/+=-]{8,}$/;

export class WebhookSecretsDto {
  /** Signing secrets that are valid now (`whsec_…`), one to three. Never shown again. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SECRETS)
  @Matches(SECRET, { each: true, message: '$property must hold signing secrets that start with "whsec_"' })
  secrets: string[];
}

export class CreateWebhookEndpointDto extends WebhookSecretsDto {
  /** `platform` for the account's own events, `connect` for those of its connected accounts. */
  @IsIn(['platform', 'connect'])
  kind: WebhookEndpointKind;
}

export class WebhookEndpointView {
  id: string;
  kind: WebhookEndpointKind;
  /** Append it to the service's public address and give it to Stripe. */
  path: string;
  secretCount: number;
}
