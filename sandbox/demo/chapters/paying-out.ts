import type { BillingObjectView } from '../../../src/billing/dto/billing.dto.js';
import type { PayoutRunView } from '../../../src/payouts/dto/payout-run.dto.js';
import type { PayoutDetail, PayoutView } from '../../../src/payouts/dto/payout.dto.js';
import type { WebhookEventView } from '../../../src/webhooks/dto/webhook-event.dto.js';
import { DemoError } from '../demo-error.js';
import { COURSE_MINOR, CURRENCY, DRAFTED, HOLD_DAYS, PAID, PARTNER_NAMES, usd, type PartnerName } from '../story.js';
import { lookInSql, type Cast, type Partner, type Stage } from '../stage.js';
import { until } from '../wait.js';
import { commissionsReach } from './earning.js';
import type { Purchases } from './buying.js';

/** One day more than the hold: longer than any month too, so that every subscription has renewed once. */
const DAYS_PASSED = HOLD_DAYS + 2;
const SECONDS_PER_DAY = 86_400;
const SALES_AFTER_RENEWAL: Record<PartnerName, number> = { Ada: 4, Bruno: 3, Chioma: 1 };

/** The clock moves past the hold; the subscriptions renew meanwhile and earn again. */
export async function monthPasses(stage: Stage, { partners }: Cast, { nia, omar, pia }: Purchases): Promise<void> {
  const { api, page, stripe, grpc } = stage;
  page.chapter('A month passes, and the subscriptions renew');
  const seconds = DAYS_PASSED * SECONDS_PER_DAY;
  const { now } = await api.post<{ now: string }>('/v1/sandbox/advance', { seconds });
  page.fact('clock', `POST /v1/sandbox/advance { "seconds": ${seconds} } → ${now}`);
  for (const name of PARTNER_NAMES) {
    const earned = await commissionsReach(stage, partners[name], SALES_AFTER_RENEWAL[name]);
    const renewals = earned.slice(0, SALES_AFTER_RENEWAL[name] - (name === 'Chioma' ? 1 : 2));
    const what =
      renewals.length === 0
        ? 'nothing renews'
        : `renewals earn ${renewals.map(({ amountMinor }) => usd(amountMinor)).join(' and ')}`;
    page.fact(name, what);
  }
  page.look(`${api.url}/v1/billing/invoices?customer=${nia.customerId}`);
  for (const { subscriptionId } of [nia, omar, pia]) await stripe.sdk.subscriptions.cancel(subscriptionId);
  const active = await until('the cancelled subscriptions have ended', async () => {
    const answer = await grpc.call<{ active: boolean }>('Billing', 'HasActiveSubscription', {
      customer: nia.customerId,
    });
    return answer.active ? null : answer;
  });
  page.fact(
    'then',
    `they cancel: gRPC Billing/HasActiveSubscription { customer: "${nia.customerId}" } → ${active.active}`,
  );
}

/** A run is drafted, changes before its approval, is approved as it is then, and is paid. */
export async function payOut(stage: Stage, cast: Cast, purchases: Purchases): Promise<void> {
  const { api, page, stripe } = stage;
  page.chapter('What is due goes into a payout run');
  const draft = await api.post<PayoutRunView>('/v1/payout-runs', { currency: CURRENCY });
  showRun(stage, cast, draft);
  requireAmounts(draft, cast, DRAFTED);

  page.chapter('A refund changes the run before anybody approves it');
  await stripe.sdk.refunds.create({ payment_intent: purchases.quinnPaymentId });
  const changed = await until('the refund has joined the draft', async () => {
    const run = await api.get<PayoutRunView>(`/v1/payout-runs/${draft.id}`);
    return run.revision > draft.revision ? run : null;
  });
  page.fact('Quinn', `gets all of the ${usd(COURSE_MINOR)} back`);
  const refusal = await api.refused('run_changed', `/v1/payout-runs/${draft.id}/approve`, { revision: draft.revision });
  page.fact('approve', `revision ${draft.revision} → 409 ${refusal.code}: ${refusal.message}`);
  requireAmounts(changed, cast, PAID);

  await stripe.addFunds(changed.totalMinor, CURRENCY);
  const approved = await api.post<PayoutRunView>(`/v1/payout-runs/${draft.id}/approve`, { revision: changed.revision });
  page.fact('approve', `revision ${changed.revision} → ${approved.state}; from now on its lines are frozen`);
  page.look(`${api.url}/v1/payout-runs/${draft.id}`);

  page.chapter('The money moves once');
  for (const name of PARTNER_NAMES) await paid(stage, cast.partners[name], approved);
  lookInSql(
    stage,
    `SELECT id, state, method, amount_minor, reference FROM tributary.payout WHERE run_id = '${draft.id}'`,
  );
}

function showRun({ api, page }: Stage, { partners }: Cast, run: PayoutRunView): void {
  page.fact('draft', `${run.id}, revision ${run.revision}: ${usd(run.totalMinor)} in ${run.payoutCount} payouts`);
  for (const name of PARTNER_NAMES) {
    const payout = payoutOf(run, partners[name]);
    page.fact('', `${name}: ${payout === undefined ? 'none' : `${usd(payout.amountMinor)} by ${payout.method}`}`);
  }
  const others = run.payoutCount - PARTNER_NAMES.length;
  if (others > 0) page.fact('', `and ${others} of partners of earlier demos, whose renewals are due by now`);
  page.look(`${api.url}/v1/payout-runs/${run.id}`);
}

function payoutOf(run: PayoutRunView, { id }: Partner): PayoutView | undefined {
  return run.payouts.find(({ partnerId }) => partnerId === id);
}

function requireAmounts(run: PayoutRunView, { partners }: Cast, expected: Record<PartnerName, number>): void {
  for (const name of PARTNER_NAMES) {
    const amountMinor = payoutOf(run, partners[name])?.amountMinor ?? 0;
    if (amountMinor === expected[name]) continue;
    throw new DemoError(`${name} should get ${usd(expected[name])} in run ${run.id}, but gets ${usd(amountMinor)}`);
  }
}

function paid(stage: Stage, partner: Partner, run: PayoutRunView): Promise<void> {
  const payout = payoutOf(run, partner);
  if (payout === undefined) throw new DemoError(`${partner.name} has no payout in run ${run.id}`);
  return payout.method === 'manual' ? paidByHand(stage, partner, payout) : transferred(stage, partner, payout);
}

/** The worker makes the transfer by itself; Stripe tells of it by webhook, which brings it into the mirror. */
async function transferred({ api, page }: Stage, { name, accountId }: Partner, { id }: PayoutView): Promise<void> {
  const sent = await until(`payout ${id} of ${name} is sent`, async () => {
    const payout = await api.get<PayoutDetail>(`/v1/payouts/${id}`);
    return payout.state === 'sent' ? payout : null;
  });
  const transferId = sent.reference ?? '';
  await until(`Stripe's webhook about ${transferId} is applied`, async () => {
    const events = await api.all<WebhookEventView>(`/v1/webhook-events?object=${transferId}&state=applied`);
    return events.length > 0 ? events : null;
  });
  const { data } = await api.get<BillingObjectView>(`/v1/billing/transfers/${transferId}`);
  if (data.amount !== sent.amountMinor || data.destination !== accountId) {
    throw new DemoError(`transfer ${transferId} is not what payout ${id} was frozen for`);
  }
  page.fact(name, `${usd(sent.amountMinor)}: transfer ${transferId}, key ${sent.attempts[0]?.idempotencyKey ?? ''}`);
  page.fact('', `and back as the webhook transfer.created, in the mirror and matched with the payout`);
  page.look(`${api.url}/v1/payouts/${id}`);
}

async function paidByHand({ api, page, run }: Stage, { name }: Partner, { id }: PayoutView): Promise<void> {
  const reference = `WIRE-${run.toUpperCase()}`;
  const payout = await api.post<PayoutDetail>(`/v1/payouts/${id}/mark-paid`, { reference });
  page.fact(name, `${usd(payout.amountMinor)} paid by hand, marked with the reference ${payout.reference ?? ''}`);
  const again = await api.refused('payout_already_paid', `/v1/payouts/${id}/mark-paid`, { reference });
  page.fact('', `marking it again → 409 ${again.code}`);
  page.look(`${api.url}/v1/payouts/${id}`);
}
