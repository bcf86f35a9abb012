import { pause, resume } from '../billing/subscription-pause.js';
import { bool, int, object, oneOf, required } from '../http/params.js';
import { route, type Route } from '../http/router.js';

const proration = oneOf('always_invoice', 'create_prorations', 'none');

export const subscriptionStateRoutes: Route[] = [
  route(
    'POST',
    '/v1/subscriptions/:id/pause',
    {
      bill_for: object({
        outstanding_usage_through: object({ type: required(oneOf('none', 'now')) }),
        unused_time_from: object({ type: required(oneOf('item_current_period_start', 'none', 'now')) }),
      }),
      invoicing_behavior: oneOf('invoice', 'pending_invoice_item'),
      type: oneOf('subscription'),
    },
    (outer, params, id) => {
      const subscription = outer.get('subscription', id);
      return pause(outer.forCustomer(subscription.customer), subscription, {
        unusedFrom: params.bill_for?.unused_time_from?.type ?? 'now',
        invoices: params.invoicing_behavior === 'invoice',
      });
    },
  ),
  route(
    'POST',
    '/v1/subscriptions/:id/resume',
    {
      billing_cycle_anchor: object({ type: required(oneOf('now', 'unchanged')) }),
      payment_behavior: oneOf('resume_on_payment_attempt', 'resume_on_payment_success'),
      proration_behavior: proration,
      proration_date: int,
    },
    (outer, params, id) => {
      const subscription = outer.get('subscription', id);
      return resume(outer.forCustomer(subscription.customer), subscription, {
        anchor: params.billing_cycle_anchor?.type ?? 'now',
        prorationBehavior: params.proration_behavior ?? 'create_prorations',
        onSuccessOnly: params.payment_behavior === 'resume_on_payment_success',
      });
    },
  ),
  // One way only: Stripe has no road back from flexible billing.
  route(
    'POST',
    '/v1/subscriptions/:id/migrate',
    {
      billing_mode: required(
        object({
          type: required(oneOf('flexible')),
          flexible: object({
            proration_discounts: oneOf('included', 'itemized'),
            consistent_proration_descriptions: bool,
          }),
        }),
      ),
    },
    (scope, { billing_mode: mode }, id) => {
      const subscription = scope.get('subscription', id);
      const flexible = { proration_discounts: mode.flexible?.proration_discounts ?? ('included' as const) };
      return scope.update(
        'subscription',
        subscription,
        { billing_mode: { flexible, type: 'flexible', updated_at: scope.now } },
        'customer.subscription.updated',
      );
    },
  ),
];
