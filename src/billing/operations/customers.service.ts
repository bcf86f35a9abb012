import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField } from '../../common/errors.js';
import { BillingReader } from '../billing-reader.service.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import { toDomainError } from '../../stripe/failure.js';
import { childOf, RANK_FETCHED } from '../mirror/snapshot.js';
import { snapshotOf, StripeFetcher } from '../mirror/stripe-fetcher.js';
import { Customer } from '../objects/customer.entity.js';
import { typeOfObject } from '../objects/registry.js';
import { minorOf, refId } from '../objects/shapes.js';
import { RENEWAL_GRACE_SECONDS } from '../objects/subscription-validity.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { AnswerKeeper } from './answer-keeper.service.js';
import type {
  AddDiscountDto,
  AddPaymentMethodDto,
  DefaultPaymentMethodDto,
  SubscribeDto,
  UpcomingInvoiceDto,
  UpcomingInvoiceView,
  ValidSubscriptionsQuery,
  ValidSubscriptionsView,
} from './customers.dto.js';
import { HeldObjects } from './held-objects.service.js';
import { StripeWriter, type WrittenObject } from './stripe-writer.service.js';
import type { WriteCall } from './write-call.js';

/** What one does with a customer. Every write goes through Stripe and is in the mirror when it is answered. */
@Injectable()
export class CustomersService {
  constructor(
    private readonly reader: BillingReader,
    private readonly held: HeldObjects,
    private readonly writer: StripeWriter,
    private readonly fetcher: StripeFetcher,
    private readonly keeper: AnswerKeeper,
    private readonly clock: Clock,
  ) {}

  /** The subscription; its first invoice is taken in with it. */
  async subscribe(call: WriteCall, id: string, { items, params, account }: SubscribeDto): Promise<BillingObjectView> {
    const customer = await this.get(call, id, account);
    const type = typeOfObject('subscription');
    const made = await this.writer.create(
      call,
      { type, account: customer.account },
      { ...params, customer: id, items },
    );
    const invoice = refId(made.data.latest_invoice);
    if (invoice !== null)
      await this.writer.refresh(call, [{ type: typeOfObject('invoice'), account: customer.account, id: invoice }]);
    return made;
  }

  async addPaymentMethod(call: WriteCall, id: string, dto: AddPaymentMethodDto): Promise<BillingObjectView> {
    const customer = await this.get(call, id, dto.account);
    const method = methodOf(customer.account, dto.paymentMethod);
    const attached = await this.writer.act(call, method, 'attach', { customer: id });
    if (dto.default === true)
      await this.setDefault(call, id, { paymentMethod: attached.id, account: customer.account });
    return attached;
  }

  /** Also when it was the default one: what the customer is charged to then is Stripe's to say, and is asked for. */
  async removePaymentMethod(
    call: WriteCall,
    id: string,
    methodId: string,
    account?: string,
  ): Promise<BillingObjectView> {
    const customer = await this.get(call, id, account);
    const method = methodOf(customer.account, methodId);
    const held = await this.held.getOrFetch(method.type.model, 'payment_methods', {
      workspaceId: call.workspaceId,
      id: methodId,
      account: customer.account,
    });
    if (refId(held.data.customer) !== id) {
      const text = `payment method ${methodId} does not belong to customer ${id}`;
      throw new DomainError('unprocessable', 'payment_method_not_attached', text, { field: 'paymentMethod' });
    }
    const detached = await this.writer.act(call, method, 'detach');
    await this.writer.refresh(call, [addressOf(customer)]);
    return detached;
  }

  /** What invoices are charged to from now on: a payment method, or one of the kinds before there were any. */
  async setDefault(
    call: WriteCall,
    id: string,
    { paymentMethod, account }: DefaultPaymentMethodDto,
  ): Promise<BillingObjectView> {
    const customer = await this.get(call, id, account);
    const isLegacy = /^(card|src|ba)_/.test(paymentMethod);
    const params = isLegacy
      ? { default_source: paymentMethod }
      : { invoice_settings: { default_payment_method: paymentMethod } };
    return this.writer.update(call, addressOf(customer), params);
  }

  /** From the mirror alone. Empty, and no error, for a customer that nobody knows. */
  async validSubscriptions(
    workspaceId: string,
    id: string,
    query: ValidSubscriptionsQuery,
  ): Promise<ValidSubscriptionsView> {
    const now = this.clock.now();
    const all = await this.reader.subscriptionsOf(workspaceId, id);
    const own = all.filter(({ account }) => query.account === undefined || account === query.account);
    const data: ValidSubscriptionsView['data'] = [];
    for (const row of own) {
      const validity = row.validityAt(now, RENEWAL_GRACE_SECONDS);
      const fits =
        validity.valid &&
        (query.product === undefined || (await this.reader.isSubscribedTo(workspaceId, row.id, query.product)));
      if (fits) data.push({ subscription: await this.reader.show(row, typeOfObject('subscription')), validity });
    }
    return { active: data.length > 0, data };
  }

  /** What Stripe would bill next. Nothing is made by it, there or here. */
  async upcomingInvoice(call: WriteCall, id: string, dto: UpcomingInvoiceDto): Promise<UpcomingInvoiceView> {
    const customer = await this.get(call, id, dto.account);
    const params = { ...dto.params, customer: id, subscription: dto.subscription };
    const { account } = customer;
    const { body } = await this.writer.send(call, {
      method: 'POST',
      path: '/v1/invoices/create_preview',
      params,
      account,
    });
    return { customer: id, currency: String(body.currency), amountDueMinor: minorOf(body.amount_due), data: body };
  }

  /**
   * Customers take no discounts at this version of Stripe's API: it goes to the subscription that is named, or to the only
   * valid one, beside those that it has.
   */
  async addDiscount(call: WriteCall, id: string, dto: AddDiscountDto): Promise<BillingObjectView> {
    if ((dto.coupon === undefined) === (dto.promotionCode === undefined))
      throw invalidField('coupon', 'invalid_field', 'send either a coupon or a promotionCode');
    const customer = await this.get(call, id, dto.account);
    const subscription = await this.discounted(call, customer, dto.subscription);
    const added =
      dto.promotionCode === undefined
        ? { coupon: dto.coupon }
        : { promotion_code: await this.promotionCodeOf(call, customer, dto.promotionCode) };
    const kept = discountsOf(subscription.data).map((discount) => ({ discount }));
    const updated = await this.writer.update(call, subscription, { discounts: [...kept, added] });
    await this.takeInDiscounts(call, subscription);
    return updated;
  }

  /** Takes a discount off that an older version of the API put on the customer itself. */
  async removeDiscount(call: WriteCall, id: string, account?: string): Promise<BillingObjectView> {
    const customer = await this.get(call, id, account);
    const path = `/v1/customers/${encodeURIComponent(id)}/discount`;
    await this.writer.send(call, { method: 'DELETE', path, account: customer.account });
    await this.writer.refresh(call, [addressOf(customer)]);
    return this.reader.get(call.workspaceId, 'customers', id, customer.account);
  }

  async get({ workspaceId }: Pick<WriteCall, 'workspaceId'>, id: string, account?: string): Promise<Customer> {
    const customer = await this.held.getOrFetch(Customer, 'customers', { workspaceId, id, account });
    if (customer.deletedAt === null) return customer;
    throw new DomainError('unprocessable', 'customer_deleted', `customer ${id} was deleted at Stripe`, { field: 'id' });
  }

  private async discounted(
    call: WriteCall,
    customer: Customer,
    named?: string,
  ): Promise<WrittenObject & { data: StripeData }> {
    const all = await this.reader.subscriptionsOf(call.workspaceId, customer.id);
    const now = this.clock.now();
    const own = all.filter(({ account }) => account === customer.account);
    const fitting = own.filter((row) =>
      named === undefined ? row.validityAt(now, RENEWAL_GRACE_SECONDS).valid : row.id === named,
    );
    const [only] = fitting;
    if (only !== undefined && fitting.length === 1)
      return { type: typeOfObject('subscription'), account: only.account, id: only.id, data: only.data };
    const why =
      only === undefined
        ? 'Stripe puts discounts on subscriptions, and the customer has none that fits: subscribe first, with params.discounts'
        : `the customer has several subscriptions: name one of ${fitting.map((row) => row.id).join(', ')}`;
    throw new DomainError('unprocessable', 'subscription_needed', why, { field: 'subscription' });
  }

  private async promotionCodeOf(call: WriteCall, customer: Customer, given: string): Promise<string> {
    if (given.startsWith('promo_')) return given;
    const { workspaceId } = call;
    const path = `/v1/promotion_codes?active=true&code=${encodeURIComponent(given)}`;
    // Stripe compares without regard to case, and several customers may each have a code of the same letters.
    const codes = await this.held.takeIn({ workspaceId, account: customer.account, path });
    const fitting = codes.filter((code) => [null, customer.id].includes(refId(code.customer)));
    const found = fitting.find((code) => refId(code.customer) === customer.id) ?? fitting[0];
    if (found !== undefined) return String(found.id);
    const text = 'Stripe has no active promotion code of these letters for this customer';
    throw new DomainError('not_found', 'promotion_code_not_found', text, { field: 'promotionCode' });
  }

  /** A subscription names its discounts by their ids alone. */
  private async takeInDiscounts({ workspaceId }: WriteCall, { type, account, id }: WrittenObject): Promise<void> {
    const address = { workspaceId, account, type, id };
    const { answer, discounts } = await this.fetcher.fetchDiscounts(address).catch((error: unknown) => {
      throw toDomainError(error);
    });
    const carrier = snapshotOf(address, answer, answer.body);
    await this.keeper.keep(discounts.flatMap((data) => childOf(carrier, data, { rank: RANK_FETCHED, parent: null })));
  }
}

function methodOf(account: string, id: string): WrittenObject {
  return { type: typeOfObject('payment_method'), account, id };
}

function addressOf({ account, id, data }: Customer): WrittenObject {
  return { type: typeOfObject('customer'), account, id, known: data };
}

function discountsOf(data: StripeData): string[] {
  const values = Array.isArray(data.discounts) ? (data.discounts as unknown[]) : [];
  return values.flatMap((value) => refId(value) ?? []);
}
