import { IdText } from '../../common/dto-decorators.js';
import {
  CancelNowDto,
  CancelSubscriptionDto,
  ChangeSubscriptionDto,
  ExtendSubscriptionDto,
  OfAccount,
  PauseSubscriptionDto,
  ResumeSubscriptionDto,
  SubscriptionMembersQuery,
  SubscriptionValidityQuery,
} from './subscriptions.dto.js';

/** The same over gRPC, where the id is part of the message. */
export class SubscriptionRequest extends OfAccount {
  @IdText()
  id: string;
}

export class SubscriptionValidityRequest extends SubscriptionValidityQuery {
  @IdText()
  id: string;
}

export class SubscriptionMembersRequest extends SubscriptionMembersQuery {
  @IdText()
  id: string;
}

export class CancelSubscriptionRequest extends CancelSubscriptionDto {
  @IdText()
  id: string;
}

export class PreviewCancellationRequest extends CancelNowDto {
  @IdText()
  id: string;
}

export class ExtendSubscriptionRequest extends ExtendSubscriptionDto {
  @IdText()
  id: string;
}

export class ChangeSubscriptionRequest extends ChangeSubscriptionDto {
  @IdText()
  id: string;
}

export class PauseSubscriptionRequest extends PauseSubscriptionDto {
  @IdText()
  id: string;
}

export class ResumeSubscriptionRequest extends ResumeSubscriptionDto {
  @IdText()
  id: string;
}
