import type { Kinds } from '../core/wire.js';

type Charge = Kinds['charge'];

export const SUCCEEDED_OUTCOME: NonNullable<Charge['outcome']> = {
  advice_code: null,
  network_advice_code: null,
  network_decline_code: null,
  network_status: 'approved_by_network',
  reason: null,
  risk_level: 'normal',
  risk_score: 12,
  seller_message: 'Payment complete.',
  type: 'authorized',
};

export const failedOutcome = (reason: string): NonNullable<Charge['outcome']> => ({
  ...SUCCEEDED_OUTCOME,
  advice_code: 'try_again_later',
  network_decline_code: '02',
  network_status: 'declined_by_network',
  reason,
  seller_message: 'The bank did not return any further details with this decline.',
  type: 'issuer_declined',
});

/** What the charge remembers of the card, even when the payment method is changed later. */
export function chargeDetails(
  method: Kinds['payment_method'] | undefined,
  amount: number,
): Charge['payment_method_details'] {
  const card = method?.card;
  return {
    card: {
      amount_authorized: amount,
      authorization_code: null,
      brand: card?.brand ?? 'visa',
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: card?.country ?? 'US',
      electronic_commerce_indicator: null,
      exp_month: card?.exp_month ?? 12,
      exp_year: card?.exp_year ?? 2040,
      extended_authorization: { status: 'disabled' },
      fingerprint: card?.fingerprint ?? null,
      funding: card?.funding ?? 'credit',
      incremental_authorization: { status: 'unavailable' },
      installments: null,
      last4: card?.last4 ?? '4242',
      mandate: null,
      multicapture: { status: 'unavailable' },
      network: 'visa',
      network_token: { used: false },
      network_transaction_id: null,
      overcapture: { maximum_amount_capturable: amount, status: 'unavailable' },
      regulated_status: 'unregulated',
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
    type: 'card',
  };
}
