import { isDeepStrictEqual } from 'node:util';
import type { BillingObjectView } from '../../../src/billing/dto/billing.dto.js';
import type { CommissionExplanationView, CommissionView } from '../../../src/referrals/dto/commission.dto.js';
import type { WebhookEventView } from '../../../src/webhooks/dto/webhook-event.dto.js';
import { PARTIAL_REFUND_MINOR, PARTNER_NAMES, TEAM_MINOR, usd, type PartnerName } from '../story.js';
import { commissionsOf, lookInSql, type Cast, type Partner, type Stage } from '../stage.js';
import { until } from '../wait.js';
import type { Purchases, Subscribed } from './buying.js';

const FIRST_SALES: Record<PartnerName, number> = { Ada: 2, Bruno: 2, Chioma: 1 };

/** Signed webhooks arrive and the mirror fills, until it holds just what Stripe holds. */
export async function mirrorFills(stage: Stage, { nia }: Purchases): Promise<void> {
  const { api, page } = stage;
  page.chapter('Signed webhooks arrive, and the mirror fills');
  const events = await until(`the events about invoice ${nia.invoiceId} are applied`, async () => {
    const found = await api.all<WebhookEventView>(`/v1/webhook-events?object=${nia.invoiceId}`);
    const isPaid = found.some(({ type, state }) => type === 'invoice.paid' && state === 'applied');
    return isPaid && found.every(({ state }) => state === 'applied') ? found : null;
  });
  page.fact(
    'events',
    `${events.length} about Nia's invoice: ${[...new Set(events.map(({ type }) => type))].sort().join(', ')}`,
  );
  page.look(`${api.url}/v1/webhook-events?object=${nia.invoiceId}`);
  await isSameAtStripe(stage, nia);
  page.fact('mirror', `subscription ${nia.subscriptionId} is, field by field, the object that Stripe answers with`);
  page.look(`${api.url}/v1/billing/subscriptions/${nia.subscriptionId}`);
  lookInSql(
    stage,
    `SELECT id, status, paid_at, data->>'amount_paid' AS paid FROM stripe.invoices WHERE customer = '${nia.customerId}'`,
  );
}

/** Every sale has earned its share, and says how. */
export async function salesEarn(stage: Stage, { partners, programKey }: Cast): Promise<void> {
  const { api, page } = stage;
  page.chapter('Every sale earns its partner a commission');
  for (const name of PARTNER_NAMES) {
    const earned = await commissionsReach(stage, partners[name], FIRST_SALES[name]);
    const amounts = earned.map(({ amountMinor }) => usd(amountMinor)).reverse();
    page.fact(name, `${amounts.join(' and ')}, pending until ${earned[0]?.dueAt ?? ''}`);
  }
  page.look(`${api.url}/v1/commissions?programKey=${programKey}`);
  const [one] = (await commissionsOf(stage, partners.Bruno)).filter(({ source }) => source === 'invoice');
  if (one === undefined) return;
  const { steps } = await api.get<CommissionExplanationView>(`/v1/commissions/${one.id}/explanation`);
  page.fact('explained', `Pia's sale, step by step:`);
  for (const step of steps) page.fact('', step);
  page.look(`${api.url}/v1/commissions/${one.id}/explanation`);
}

/** A part of Omar's payment goes back, and the same part of the commission with it. */
export async function refundPart(stage: Stage, { partners }: Cast, { omar }: Purchases): Promise<void> {
  const { api, page, stripe } = stage;
  page.chapter('Omar gets a part of his money back');
  const [charge] = await api.all<BillingObjectView>(`/v1/billing/charges?customer=${omar.customerId}`);
  const refund = await stripe.sdk.refunds.create({ charge: charge?.id, amount: PARTIAL_REFUND_MINOR });
  const reduced = await until('the refund has taken its share back', async () => {
    const sold = await commissionsOf(stage, partners.Ada);
    return sold.find(({ sourceId, reversedMinor }) => sourceId === omar.invoiceId && reversedMinor > 0) ?? null;
  });
  page.fact('refund', `${usd(PARTIAL_REFUND_MINOR)} of ${usd(TEAM_MINOR)} (${refund.id})`);
  page.fact(
    'commission',
    `${usd(reduced.amountMinor)} less ${usd(reduced.reversedMinor)} taken back leaves ${usd(reduced.netMinor)}`,
  );
  page.look(`${api.url}/v1/commissions/${reduced.id}`);
  lookInSql(
    stage,
    `SELECT t.kind, e.account, e.amount_minor, e.due_at FROM tributary.ledger_entry e JOIN tributary.ledger_transaction t ON t.id = e.transaction_id WHERE t.commission_id = '${reduced.id}'`,
  );
}

export async function commissionsReach(stage: Stage, partner: Partner, count: number): Promise<CommissionView[]> {
  return until(`${partner.name} has ${count} commissions`, async () => {
    const found = await commissionsOf(stage, partner);
    return found.length >= count ? found : null;
  });
}

async function isSameAtStripe({ api, stripe }: Stage, { subscriptionId: id }: Subscribed): Promise<true> {
  return until(`the mirror's subscription ${id} is what Stripe holds`, async () => {
    const mirrored = await api.get<BillingObjectView>(`/v1/billing/subscriptions/${id}`);
    const original = await stripe.sdk.subscriptions.retrieve(id);
    return isDeepStrictEqual(mirrored.data, JSON.parse(JSON.stringify(original))) ? true : null;
  });
}
