import { Injectable } from '@nestjs/common';
import { BillingService } from '../billing.service.js';
import { BillingReader } from '../billing-reader.service.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import type { Customer } from '../objects/customer.entity.js';
import { typeOfObject } from '../objects/registry.js';
import { isObject } from '../objects/shapes.js';
import { CustomersService } from './customers.service.js';
import type { AdjustBalanceDto, BalanceAmountView, BalanceQuery, CustomerBalanceView } from './customers.dto.js';
import { StripeWriter } from './stripe-writer.service.js';
import type { WriteCall } from './write-call.js';

const SHOWN_TRANSACTIONS = 20;
const SHOWN_GRANTS = 100;

/** What a customer has in hand: credit against its next invoices, money sent ahead, and granted billing credits. */
@Injectable()
export class CustomersBalance {
  constructor(
    private readonly reader: BillingReader,
    private readonly billing: BillingService,
    private readonly customers: CustomersService,
    private readonly writer: StripeWriter,
  ) {}

  async get(workspaceId: string, id: string, { account, fresh }: BalanceQuery): Promise<CustomerBalanceView> {
    const found = await this.customers.get({ workspaceId }, id, account);
    const of = { account: found.account, fresh, filters: { customer: id } };
    // Stripe sends no event when a balance moves; only its answer is sure to be today's.
    if (fresh === true) await this.billing.retrieve(workspaceId, 'customers', id, { account: found.account, fresh });
    const transactions = await this.billing.list(workspaceId, 'customer_balance_transactions', {
      ...of,
      limit: SHOWN_TRANSACTIONS,
    });
    const grants = await this.billing.list(workspaceId, 'billing_credit_grants', { ...of, limit: SHOWN_GRANTS });
    const customer = await this.customers.get({ workspaceId }, id, found.account);
    return {
      customer: id,
      balances: balancesOf(customer),
      cash: cashOf(customer),
      transactions: transactions.data,
      creditGrants: grants.data.filter(isLive),
    };
  }

  /** One movement of the balance; the customer is asked for again, as its answer does not show it. */
  async adjust(call: WriteCall, id: string, dto: AdjustBalanceDto): Promise<BillingObjectView> {
    const { account } = await this.customers.get(call, id, dto.account);
    const type = typeOfObject('customer_balance_transaction');
    const { creditMinor, currency, description } = dto;
    // Stripe counts what the customer owes.
    const params = { amount: -creditMinor, currency, description };
    const moved = await this.writer.create(call, { type, account, known: { customer: id } }, params);
    await this.writer.refresh(call, [{ type: typeOfObject('customer'), account, id }]);
    return moved;
  }
}

function balancesOf(customer: Customer): BalanceAmountView[] {
  const { invoice_credit_balance: perCurrency, currency } = customer.data;
  const own = typeof currency === 'string' ? [{ currency, creditMinor: customer.creditMinor }] : [];
  if (!isObject(perCurrency) || Object.keys(perCurrency).length === 0) return own;
  return Object.entries(perCurrency).map(([name, owed]) => ({ currency: name, creditMinor: 0 - Number(owed) }));
}

function cashOf({ data }: Customer): BalanceAmountView[] {
  const available = isObject(data.cash_balance) ? data.cash_balance.available : null;
  return isObject(available)
    ? Object.entries(available).map(([currency, amount]) => ({ currency, creditMinor: Number(amount) }))
    : [];
}

function isLive({ data, deleted }: BillingObjectView): boolean {
  const hasExpired = typeof data.expires_at === 'number' && data.expires_at * 1_000 <= Date.now();
  return !deleted && !hasExpired && (data.voided_at === null || data.voided_at === undefined);
}
