import { IsIn, IsOptional, IsUrl } from 'class-validator';
import { IdText } from '../../common/dto-decorators.js';
import type { AccountAbility, AccountBranding, AccountRequirement } from '../objects/account-status.js';

const IsAddress = (): PropertyDecorator =>
  IsUrl(
    { require_tld: false, require_protocol: true, protocols: ['https', 'http'] },
    { message: '$property must be an address with its scheme, such as "https://shop.example/done"' },
  );

export const LINK_TYPES = ['onboarding', 'update'] as const;
export const COLLECTED = ['currently_due', 'eventually_due'] as const;
export const ACCOUNT_APIS = ['v1', 'v2'] as const;

export class OnboardingLinkDto {
  /** Where the person is sent when the link has expired or was opened before; your page makes a new one. */
  @IsAddress()
  refreshUrl: string;

  /** Where the person comes back to, finished or not. */
  @IsAddress()
  returnUrl: string;

  /** `onboarding` when left out; `update` for accounts whose data you collect yourself. */
  @IsOptional()
  @IsIn(LINK_TYPES, { message: `$property must be one of ${LINK_TYPES.join(', ')}` })
  type?: (typeof LINK_TYPES)[number];

  @IsOptional()
  @IsIn(COLLECTED, { message: `$property must be one of ${COLLECTED.join(', ')}` })
  collect?: (typeof COLLECTED)[number];

  /** Which of Stripe's APIs makes it; the one that the mirror knows the account by when left out. */
  @IsOptional()
  @IsIn(ACCOUNT_APIS, { message: `$property must be one of ${ACCOUNT_APIS.join(', ')}` })
  api?: (typeof ACCOUNT_APIS)[number];
}

export class OnboardingLinkRequest extends OnboardingLinkDto {
  @IdText()
  id: string;
}

/** May be opened by whoever has it: it is handed through and kept nowhere. */
export class AccountLinkView {
  id: string;
  url: string;
  expiresAt: string | null;
}

export class AccountStatusView {
  id: string;
  /** The shape in which the account is read: the newer of those that the mirror holds. */
  api: 'v1' | 'v2';
  deleted: boolean;
  country: string | null;
  currency: string | null;
  abilities: AccountAbility[];
  /** Whether money can be transferred to it. */
  canReceiveTransfers: boolean;
  /** Why Stripe has switched something off. */
  disabledReason: string | null;
  /** Until when what is asked for must be there. */
  deadline: string | null;
  /** Most pressing first. */
  requirements: AccountRequirement[];
  branding: AccountBranding;
}
