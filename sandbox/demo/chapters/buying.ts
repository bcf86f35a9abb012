import type Stripe from 'stripe';
import type { ReferralView } from '../../../src/referrals/dto/referral.dto.js';
import { COURSE_MINOR, CURRENCY, PRO_MINOR, PROMOTION_PERCENT, TEAM_MINOR, usd, WORKSHOP_MINOR } from '../story.js';
import { lookInSql, type Cast, type Partner, type Stage } from '../stage.js';

const BOT = 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)';
const RETURN_URL = 'https://shop.example/thanks';

/** The ids of the clicks that the buyers came by. */
export interface Visits {
  nia: string;
  omar: string;
  quinn: string;
}

/** A finished checkout of a subscription. */
export interface Subscribed {
  name: string;
  customerId: string;
  subscriptionId: string;
  invoiceId: string;
}

export interface Purchases {
  nia: Subscribed;
  omar: Subscribed;
  pia: Subscribed;
  /** The payment of a one-off purchase by a guest. */
  quinnPaymentId: string;
}

/** Strangers follow the partners' links; some of them sign up. */
export async function visitAndSignUp(stage: Stage, { partners, programKey }: Cast): Promise<Visits> {
  const { api, page, grpc, run } = stage;
  page.chapter('Visitors follow the links, and some sign up');
  const nia = await clickOn(stage, partners.Ada);
  const omar = await clickOn(stage, partners.Ada);
  await clickOn(stage, partners.Ada);
  const quinn = await clickOn(stage, partners.Bruno);
  await clickOn(stage, partners.Bruno);
  await clickOn(stage, partners.Chioma);
  page.fact('clicks', `3 on ${partners.Ada.code}, 2 on ${partners.Bruno.code}, 1 on ${partners.Chioma.code}`);
  page.look(`${api.url}/r/${partners.Ada.code}`);
  const preview = await api.followLink(partners.Ada.code, BOT);
  page.fact('a bot', `is led to ${preview.href} as well, without an id, and marked as a bot`);

  await api.post<ReferralView>('/v1/referrals', { clickId: nia, customer: person(run, 'nia') });
  await api.post<ReferralView>('/v1/referrals', { clickId: quinn, customer: person(run, 'quinn') });
  await api.post<ReferralView>('/v1/referrals', { code: partners.Chioma.code, customer: person(run, 'rosa') });
  page.fact('sign-ups', `Nia and Quinn by their click, Rosa by the code that she typed (HTTP)`);
  const customer = person(run, 'omar');
  const tracked = await grpc.call<{ state: string }>('Referrals', 'TrackReferral', { clickId: omar, customer });
  page.fact('', `Omar by his click (gRPC Referrals/TrackReferral → state: ${tracked.state})`);
  page.look(`${api.url}/v1/referrals?programKey=${programKey}`);
  return { nia, omar, quinn };
}

/** They buy: by link, by promotion code, as a guest, and outside Stripe. */
export async function buy(stage: Stage, cast: Cast, visits: Visits): Promise<Purchases> {
  const { api, page, run } = stage;
  const { prices, promotionCodeId } = cast;
  page.chapter('They buy, on the payment pages of Stripe');
  const nia = await subscribe(stage, 'Nia', { price: prices.pro, client_reference_id: visits.nia });
  page.fact('Nia', `Pro, ${usd(PRO_MINOR)}; the checkout carries her click as client_reference_id`);
  const omar = await subscribe(stage, 'Omar', { price: prices.team, client_reference_id: visits.omar });
  page.fact('Omar', `Team, ${usd(TEAM_MINOR)}; by his click as well`);
  const pia = await subscribe(stage, 'Pia', { price: prices.team, promotion_code: promotionCodeId });
  page.fact(
    'Pia',
    `Team, ${PROMOTION_PERCENT} % off: nobody has seen her click, but she types ${cast.partners.Bruno.code}`,
  );
  const quinnPaymentId = await buyCourse(stage, prices.course, visits.quinn);
  page.fact('Quinn', `the course, ${usd(COURSE_MINOR)}, as a guest without any customer at Stripe`);
  await api.post('/v1/sales', {
    externalId: `workshop-${run}`,
    customer: { externalId: `rosa-${run}` },
    amountMinor: WORKSHOP_MINOR,
    currency: CURRENCY,
  });
  page.fact('Rosa', `a workshop, ${usd(WORKSHOP_MINOR)}, paid in cash: POST /v1/sales`);
  lookInSql(
    stage,
    `SELECT id, status, data->>'amount_total' AS total FROM stripe.checkout_sessions ORDER BY created DESC LIMIT 4`,
  );
  return { nia, omar, pia, quinnPaymentId };
}

async function clickOn({ api }: Stage, { code }: Partner): Promise<string> {
  const landing = await api.followLink(code);
  return landing.searchParams.get('tributary_click') ?? '';
}

function person(run: string, name: string) {
  return { externalId: `${name}-${run}`, email: `${name}-${run}@example.com` };
}

async function subscribe(
  { stripe, run }: Stage,
  name: string,
  {
    price,
    client_reference_id,
    promotion_code,
  }: { price: string; client_reference_id?: string; promotion_code?: string },
): Promise<Subscribed> {
  const session = await stripe.sdk.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price, quantity: 1 }],
    success_url: RETURN_URL,
    ...(promotion_code === undefined ? { client_reference_id } : { allow_promotion_codes: true }),
  });
  const email = `${name.toLowerCase()}-${run}@example.com`;
  const paid = await stripe.payAtCheckout(session.id, { email, name, promotion_code });
  return {
    name,
    customerId: idOf(paid.customer),
    subscriptionId: idOf(paid.subscription),
    invoiceId: idOf(paid.invoice),
  };
}

async function buyCourse({ stripe, run }: Stage, price: string, clickId: string): Promise<string> {
  const session = await stripe.sdk.checkout.sessions.create({
    mode: 'payment',
    line_items: [{ price, quantity: 1 }],
    success_url: RETURN_URL,
    client_reference_id: clickId,
  });
  const paid = await stripe.payAtCheckout(session.id, { email: `quinn-${run}@example.com`, name: 'Quinn' });
  return idOf(paid.payment_intent);
}

function idOf(reference: string | { id: string } | null | Stripe.DeletedCustomer): string {
  return typeof reference === 'string' ? reference : (reference?.id ?? '');
}
