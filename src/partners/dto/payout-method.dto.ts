import { IsIn, Matches } from 'class-validator';
import { OnlyWith } from '../../common/dto-presence.js';
import { PlainText } from '../../common/dto-decorators.js';
import { PAYOUT_METHOD_TYPES, type PayoutMethodType } from '../payout-method.entity.js';

const ACCOUNT_ID = /^acct_[A-Za-z0-9]{1,64}$/;
const DETAILS_CHARS_MAX = 2_000;

/** `{ type: "stripe_connect", accountId }` or `{ type: "manual", details }`. */
export class PutPayoutMethodDto {
  @IsIn(PAYOUT_METHOD_TYPES, { message: `$property must be one of ${PAYOUT_METHOD_TYPES.join(', ')}` })
  type: PayoutMethodType;

  /** The connected account that transfers go to. */
  @OnlyWith('type', 'stripe_connect')
  @Matches(ACCOUNT_ID, { message: '$property must be the id of a connected account, such as "acct_1NX…"' })
  accountId?: string;

  /** What the person who pays by hand needs to know. */
  @OnlyWith('type', 'manual')
  @PlainText(DETAILS_CHARS_MAX)
  details?: string;
}

export class PayoutMethodView {
  type: PayoutMethodType;
  /** Only with `stripe_connect`. */
  accountId?: string;
  /** Only with `manual`. */
  details?: string;
  updatedAt: string;
}
