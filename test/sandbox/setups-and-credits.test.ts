import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { MIDNIGHT, startSandbox } from './support.js';

const START = MIDNIGHT.getTime() / 1_000;

describe('setups, meters and credits', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterEach(() => sandbox.stop());

  const told = (id: string): string[] =>
    sandbox
      .events()
      .filter(({ data }) => (data.object as { id: string }).id === id)
      .map(({ type }) => type);

  it('save a card for later and attach it', async () => {
    const { id: customer } = await stripe.customers.create({});
    const intent = await stripe.setupIntents.create({ customer });
    expect(intent).toMatchObject({ status: 'requires_payment_method', usage: 'off_session' });

    const done = await stripe.setupIntents.confirm(intent.id, { payment_method: 'pm_card_visa' });

    expect(done).toMatchObject({ status: 'succeeded', mandate: null });
    expect((await stripe.customers.listPaymentMethods(customer)).data[0]?.id).toBe(done.payment_method);
    const attempts = await stripe.setupAttempts.list({ setup_intent: intent.id });
    expect(attempts.data).toMatchObject([{ id: done.latest_attempt, status: 'succeeded' }]);
    expect(told(intent.id)).toEqual(['setup_intent.created', 'setup_intent.succeeded']);
    await expect(stripe.setupIntents.cancel(intent.id)).rejects.toMatchObject({
      code: 'setup_intent_unexpected_state',
    });
  });

  it('keep a mandate for a bank debit, and the failure of a card', async () => {
    const method = await stripe.paymentMethods.create({
      type: 'sepa_debit',
      sepa_debit: { iban: 'DE89370400440532013000' },
    });
    const debit = await stripe.setupIntents.create({ payment_method: method.id, confirm: true });
    expect(await stripe.mandates.retrieve(debit.mandate as string)).toMatchObject({
      status: 'active',
      payment_method: method.id,
      payment_method_details: { type: 'sepa_debit' },
    });

    const card = await stripe.setupIntents.create({ payment_method: 'pm_card_chargeDeclined' });
    await expect(stripe.setupIntents.confirm(card.id)).rejects.toMatchObject({ code: 'card_declined' });

    const failed = await stripe.setupIntents.retrieve(card.id);
    expect(failed).toMatchObject({ status: 'requires_payment_method', last_setup_error: { code: 'card_declined' } });
    expect(told(card.id).at(-1)).toBe('setup_intent.setup_failed');
    expect(await stripe.setupIntents.cancel(card.id)).toMatchObject({ status: 'canceled' });
  });

  it('count usage per customer and only once per identifier', async () => {
    const { id: customer } = await stripe.customers.create({});
    const meter = await stripe.billing.meters.create({
      display_name: 'Calls',
      event_name: 'call',
      default_aggregation: { formula: 'sum' },
    });
    const payload = { stripe_customer_id: customer, value: '3' };
    await stripe.billing.meterEvents.create({ event_name: 'call', payload, identifier: 'a' });
    await stripe.billing.meterEvents.create({ event_name: 'call', payload });

    await expect(
      stripe.billing.meterEvents.create({ event_name: 'call', payload, identifier: 'a' }),
    ).rejects.toMatchObject({ param: 'identifier' });
    const { data } = await stripe.billing.meters.listEventSummaries(meter.id, {
      customer,
      start_time: START,
      end_time: START + 3_600,
    });
    expect(data).toMatchObject([{ aggregated_value: 6, meter: meter.id }]);
    await stripe.billing.meters.deactivate(meter.id);
    await expect(stripe.billing.meterEvents.create({ event_name: 'call', payload })).rejects.toMatchObject({
      param: 'event_name',
    });
    expect(await stripe.billing.meters.reactivate(meter.id)).toMatchObject({ status: 'active' });
    expect(told(meter.id)).toEqual(['billing.meter.created', 'billing.meter.deactivated', 'billing.meter.reactivated']);
  });

  it('grant credits, and take back what is left of them', async () => {
    const { id: customer } = await stripe.customers.create({});
    const grant = (value: number): Promise<Stripe.Billing.CreditGrant> =>
      stripe.billing.creditGrants.create({
        customer,
        amount: { type: 'monetary', monetary: { currency: 'usd', value } },
        applicability_config: { scope: { price_type: 'metered' } },
        category: 'promotional',
      });
    const [first, second] = [await grant(1_000), await grant(500)];
    const available = async (): Promise<(number | undefined)[]> => {
      const filter = { type: 'applicability_scope' as const, applicability_scope: { price_type: 'metered' as const } };
      const { balances } = await stripe.billing.creditBalanceSummaries.retrieve({ customer, filter });
      return balances.map(({ available_balance: sum }) => sum.monetary?.value);
    };
    expect(await available()).toEqual([1_500]);

    await stripe.billing.creditGrants.voidGrant(first.id);
    expect(await available()).toEqual([500]);
    const expired = await stripe.billing.creditGrants.expire(second.id);

    expect(expired.expires_at).toBe(START);
    expect(await available()).toEqual([0]);
    const rows = await stripe.billing.creditBalanceTransactions.list({ customer, credit_grant: second.id });
    expect(rows.data.map(({ type, credit, debit }) => [type, (credit ?? debit)?.type])).toEqual([
      ['debit', 'credits_expired'],
      ['credit', 'credits_granted'],
    ]);
    await expect(stripe.billing.creditGrants.voidGrant(first.id)).rejects.toMatchObject({ statusCode: 400 });
    expect(told(first.id)).toEqual(['billing.credit_grant.created', 'billing.credit_grant.updated']);
  });
});
