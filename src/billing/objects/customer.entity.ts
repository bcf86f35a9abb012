import { Entity, Index } from 'typeorm';
import { FromData, StripeModel } from './stripe-model.entity.js';

/** Under it stands in Stripe's metadata what the company itself calls the person. */
export const REF_METADATA_KEY = 'tributary_ref';

@Entity({ schema: 'stripe', name: 'customers' })
@Index('customers_created', ['workspaceId', 'created', 'id'])
@Index('customers_email', ['workspaceId', 'email'])
@Index('customers_ref', ['workspaceId', 'ref'], { where: 'ref IS NOT NULL' })
@Index('customers_discounted', ['workspaceId', 'id'], { where: 'discounted' })
export class Customer extends StripeModel {
  @FromData(`data->>'email'`, 'text')
  email: string | null;

  /** What the company itself calls the person, where it wrote that down. */
  @FromData(`data#>>'{metadata,${REF_METADATA_KEY}}'`, 'text')
  ref: string | null;

  /** Whether a discount of the customer's own lowers subscriptions that have none. Few have one, so theirs is a small index. */
  @FromData(`jsonb_typeof(data->'discount') = 'object'`, 'boolean')
  discounted: boolean | null;

  /** The payment method that invoices are charged to, whatever its kind and however old the customer is. */
  get defaultPaymentMethodId(): string | null {
    const settings = this.data.invoice_settings as { default_payment_method?: string | null } | undefined;
    return settings?.default_payment_method ?? (this.data.default_source as string | null | undefined) ?? null;
  }

  /** What the customer's next invoices are reduced by (positive) or raised by (negative), in minor units of `currency`. */
  get creditMinor(): number {
    const balance = (this.data.balance ?? this.data.account_balance ?? 0) as number;
    return balance === 0 ? 0 : -balance;
  }
}
