import type { Kinds } from '../core/wire.js';
import { without } from '../core/without.js';

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
  if (method && method.type !== 'card') return otherDetails(method);
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

/** Of other kinds the charge keeps what identifies the account. */
function otherDetails(method: Kinds['payment_method']): Charge['payment_method_details'] {
  const { type, sepa_debit: sepa, us_bank_account: bank, bacs_debit: bacs, paypal } = method;
  if (sepa) {
    return { type, sepa_debit: { ...without(sepa, 'generated_from'), mandate: null } };
  }
  if (bank) {
    const { account_holder_type, account_type, bank_name, fingerprint, last4, routing_number } = bank;
    const shown = { account_holder_type, account_type, bank_name, fingerprint, last4, routing_number };
    return { type, us_bank_account: { ...shown, payment_reference: null } };
  }
  if (bacs) return { type, bacs_debit: { ...bacs, mandate: null } };
  if (paypal) return { type, paypal: { ...paypal, payer_name: null, seller_protection: null, transaction_id: null } };
  if (method.link) return { type, link: { country: 'US' } };
  return { type };
}
