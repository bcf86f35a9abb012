import type { CustomerView } from './dto/customer.dto.js';
import type { ReferralState, ReferralView } from './dto/referral.dto.js';
import type { ReferralTracking } from './referral-tracking.entity.js';
import type { ReferredCustomer } from './referred-customer.entity.js';

/** Ids of clicks begin so; a sign-up without one has another prefix. */
export const CLICK_PREFIX = 'click';

/** A tracking with what its view names. */
export interface TrackingInContext {
  tracking: ReferralTracking;
  code: string;
  programKey: string;
  customer: ReferredCustomer | null;
}

/** How far the person has come; follows from the dates. Pure. */
export function stateOf({
  convertedAt,
  signedUpAt,
}: Pick<ReferralTracking, 'convertedAt' | 'signedUpAt'>): ReferralState {
  if (convertedAt !== null) return 'converted';
  return signedUpAt !== null ? 'signed_up' : 'clicked';
}

export function referralView({ tracking, code, programKey, customer }: TrackingInContext): ReferralView {
  const { id, partnerId, clickId, clickedAt, signedUpAt, convertedAt, createdAt } = tracking;
  const { url, referrer, utm, visitor, consent, ipHash, agentHash } = tracking;
  return {
    ...{ id, programKey, partnerId, code },
    clickId: id.startsWith(`${CLICK_PREFIX}_`) ? id : clickId,
    customer: customer && customerView(customer),
    state: stateOf(tracking),
    clickedAt: clickedAt?.toISOString() ?? null,
    signedUpAt: signedUpAt?.toISOString() ?? null,
    convertedAt: convertedAt?.toISOString() ?? null,
    ...{ url, referrer, utm, visitor, consent, ipHash, agentHash },
    createdAt: createdAt.toISOString(),
  };
}

export function customerView({ id, externalId, email }: ReferredCustomer): CustomerView {
  return { id, externalId, email };
}
