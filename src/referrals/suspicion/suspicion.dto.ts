import { IsIn } from 'class-validator';
import { RateBps, WholeNumber } from '../../common/dto-decorators.js';
import { MayBeLeftOut } from '../../common/dto-presence.js';
import { DEFAULT_SUSPICION, SUSPICION_MODES, type SuspicionTerms } from './suspicion-rules.js';

const SIGN_UPS_MAX = 1_000_000;
const SECONDS_MAX = 86_400;

/** What of a program's sales is looked at. A limit of 0 turns its check off; what is left out is the default. */
export class SuspicionDto implements Partial<SuspicionTerms> {
  @MayBeLeftOut()
  @IsIn(SUSPICION_MODES, { message: `$property must be one of ${SUSPICION_MODES.join(', ')}` })
  mode?: SuspicionTerms['mode'];

  @MayBeLeftOut()
  @WholeNumber(0, SIGN_UPS_MAX)
  signUpsPerAddress?: number;

  @MayBeLeftOut()
  @WholeNumber(0, SIGN_UPS_MAX)
  signUpsPerCode?: number;

  @MayBeLeftOut()
  @WholeNumber(0, SIGN_UPS_MAX)
  signUpsPerPartner?: number;

  @MayBeLeftOut()
  @RateBps()
  refundRateBps?: number;

  @MayBeLeftOut()
  @WholeNumber(0, SECONDS_MAX)
  secondsToSale?: number;
}

/** The terms that are meant. Pure. */
export function suspicionOf(dto: SuspicionDto): SuspicionTerms {
  const {
    mode = DEFAULT_SUSPICION.mode,
    signUpsPerAddress = DEFAULT_SUSPICION.signUpsPerAddress,
    signUpsPerCode = DEFAULT_SUSPICION.signUpsPerCode,
    signUpsPerPartner = DEFAULT_SUSPICION.signUpsPerPartner,
    refundRateBps = DEFAULT_SUSPICION.refundRateBps,
    secondsToSale = DEFAULT_SUSPICION.secondsToSale,
  } = dto;
  return { mode, signUpsPerAddress, signUpsPerCode, signUpsPerPartner, refundRateBps, secondsToSale };
}
