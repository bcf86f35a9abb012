import { seededRandom } from '../sandbox/core/random.js';

const FIRST_SECOND = 1_735_689_600;
const YEAR_SECONDS = 31_536_000;

type Made = (n: number, id: (prefix: string, n: number) => string) => Record<string, unknown>;

interface Kind {
  object: string;
  prefix: string;
  /** Its share of all objects, in thousandths. */
  share: number;
  fields: Made;
}

const MONEY = { amount: 4_900, currency: 'usd' };
const TEXT = 'A line of text about as long as merchants write them, with a number in it';

/** What a subscription business has most of, about as large as Stripe's own objects. */
const KINDS: readonly Kind[] = [
  kind('charge', 'ch', 190, (n, id) => ({
    ...{ ...MONEY, amount_captured: 4_900, amount_refunded: 0, status: 'succeeded', paid: true, captured: true },
    ...{ customer: id('cus', n % 300), payment_intent: id('pi', n), balance_transaction: id('txn', n) },
    billing_details: { address: ADDRESS, email: `customer-${n}@example.com`, name: `Customer ${n}`, phone: null },
    payment_method_details: { type: 'card', card: CARD },
    outcome: { network_status: 'approved_by_network', risk_level: 'normal', risk_score: n % 60, type: 'authorized' },
  })),
  kind('balance_transaction', 'txn', 190, (n, id) => ({
    ...{ ...MONEY, net: 4_700, fee: 200, type: 'charge', status: 'available', source: id('ch', n) },
    fee_details: [{ amount: 200, application: null, currency: 'usd', description: TEXT, type: 'stripe_fee' }],
  })),
  kind('payment_intent', 'pi', 170, (n, id) => ({
    ...{ ...MONEY, status: 'succeeded', latest_charge: id('ch', n), customer: id('cus', n % 300), description: TEXT },
    payment_method_options: { card: { installments: null, network: null, request_three_d_secure: 'automatic' } },
    ...{ payment_method: id('pm', n), payment_method_types: ['card'], transfer_data: null, shipping: null },
  })),
  kind('invoice_payment', 'inpay', 120, (n, id) => ({
    ...{ amount_paid: 4_900, amount_requested: 4_900, currency: 'usd', invoice: id('in', n), status: 'paid' },
    payment: { type: 'payment_intent', payment_intent: id('pi', n) },
  })),
  kind('refund', 're', 100, (n, id) => ({
    ...{ ...MONEY, charge: id('ch', n), payment_intent: id('pi', n), status: 'succeeded', reason: null },
    destination_details: { card: { reference_status: 'pending', type: 'refund' }, type: 'card' },
  })),
  kind('subscription_schedule', 'sub_sched', 40, (n, id) => ({
    ...{ customer: id('cus', n % 300), status: 'active', end_behavior: 'release' },
    phases: [{ start_date: FIRST_SECOND, items: [{ price: id('price', n % 100), quantity: 1 }], description: TEXT }],
  })),
  kind('dispute', 'dp', 20, (n, id) => ({ ...MONEY, charge: id('ch', n), status: 'won', evidence: { text: TEXT } })),
  kind('transfer', 'tr', 70, (n) => ({
    ...MONEY,
    reversed: false,
    transfer_group: `run_${n % 50}`,
    description: TEXT,
  })),
  kind('payout', 'po', 30, () => ({ ...MONEY, status: 'paid', arrival_date: FIRST_SECOND, method: 'standard' })),
  kind('credit_note', 'cn', 30, (n, id) => ({ ...MONEY, invoice: id('in', n), status: 'issued', memo: TEXT })),
  kind('file', 'file', 10, () => ({ purpose: 'dispute_evidence', type: 'pdf', size: 5_000 })),
  kind('product', 'prod', 1, (n) => ({ name: `Product ${n}`, active: true, description: TEXT })),
  kind('price', 'price', 9, (n, id) => ({
    product: id('prod', n % 50),
    active: true,
    unit_amount: 4_900,
    currency: 'usd',
  })),
  kind('customer', 'cus', 3, (n) => ({ email: `customer-${n}@example.com`, name: `Customer ${n}`, address: ADDRESS })),
  kind('coupon', 'coupon', 17, () => ({ percent_off: 50, duration: 'forever', valid: true })),
];

const ADDRESS = {
  city: 'Berlin',
  country: 'DE',
  line1: 'Musterstraße 1',
  line2: null,
  postal_code: '10115',
  state: null,
};
const CARD = {
  brand: 'visa',
  country: 'DE',
  exp_month: 12,
  exp_year: 2030,
  fingerprint: 'aBcDeFgHiJkLmNoP',
  last4: '4242',
};

function kind(object: string, prefix: string, share: number, fields: Made): Kind {
  return { object, prefix, share, fields };
}

/** Mixed objects of one account, made over a year, more of them towards its end. The same for the same `seed`. */
export function* sampleAccount(count: number, seed = 1): Generator<Record<string, unknown>> {
  const random = seededRandom(seed);
  const id = (prefix: string, n: number): string => `${prefix}_${String(n).padStart(14, '0')}`;
  for (const { object, prefix, share, fields } of KINDS) {
    const many = Math.round((count * share) / 1_000);
    for (let n = 0; n < many; n++) {
      const created = FIRST_SECOND + Math.floor(Math.sqrt(random()) * YEAR_SECONDS);
      yield {
        id: id(prefix, n),
        object,
        created,
        livemode: false,
        metadata: { order: `order-${n}` },
        ...fields(n, id),
      };
    }
  }
}
