import { Injectable } from '@nestjs/common';
import { DomainError, invalidField } from '../../common/errors.js';
import { BillingReader } from '../billing-reader.service.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import { Customer } from '../objects/customer.entity.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { instrumentDetailsOf } from '../objects/payment-instrument.js';
import { typeOfObject } from '../objects/registry.js';
import { refId } from '../objects/shapes.js';
import type { StripeModel } from '../objects/stripe-model.entity.js';
import { AnswerKeeper } from './answer-keeper.service.js';
import type { PaymentInstrumentQuery, PaymentInstrumentView } from './payment-methods.dto.js';
import { StripeWriter } from './stripe-writer.service.js';
import type { WriteCall } from './write-call.js';

/** What a means of payment can be, by how its id begins. */
const KINDS: ReadonlyArray<readonly [prefix: string, object: string]> = [
  ['pm_', 'payment_method'],
  ['card_', 'card'],
  ['src_', 'source'],
  ['ba_', 'bank_account'],
];

/** Payment methods, and the cards, sources and bank accounts that were there before them, under one roof. */
@Injectable()
export class PaymentMethodsService {
  constructor(
    private readonly reader: BillingReader,
    private readonly keeper: AnswerKeeper,
    private readonly writer: StripeWriter,
  ) {}

  /** From the mirror; what it lacks, and what is wanted fresh, is asked for at Stripe. */
  async instrument(
    workspaceId: string,
    id: string,
    query: PaymentInstrumentQuery = {},
  ): Promise<PaymentInstrumentView> {
    const type = typeOfInstrument(id);
    const held = await this.reader.find(type.model, workspaceId, id, query.account);
    const row = held === null || query.fresh === true ? await this.ask(workspaceId, type, id, held, query) : held;
    const customer = refId(row.data.customer);
    const owner = customer === null ? null : await this.reader.find(Customer, workspaceId, customer, row.account);
    return {
      id,
      object: type.object,
      ...instrumentDetailsOf(row.data),
      customer,
      isDefault: owner !== null && owner.defaultPaymentMethodId === id,
      deleted: row.deletedAt !== null,
      data: row.data,
    };
  }

  async attach(call: WriteCall, id: string, customer: string, account?: string): Promise<BillingObjectView> {
    return this.writer.act(call, await this.methodOf(call, id, account), 'attach', { customer });
  }

  /** For good: Stripe lets a detached payment method be attached to nobody again. Its customer is asked for once more. */
  async detach(call: WriteCall, id: string, account?: string): Promise<BillingObjectView> {
    const method = await this.methodOf(call, id, account);
    const customer = refId(method.known?.customer);
    const detached = await this.writer.act(call, method, 'detach');
    if (customer !== null)
      await this.writer.refresh(call, [{ type: typeOfObject('customer'), account: method.account, id: customer }]);
    return detached;
  }

  private async methodOf({ workspaceId }: WriteCall, id: string, account?: string) {
    const type = typeOfObject('payment_method');
    const row = await this.reader.find(type.model, workspaceId, id, account);
    return { type, id, account: account ?? row?.account ?? '', known: row?.data };
  }

  private async ask(
    workspaceId: string,
    type: StripeObjectType,
    id: string,
    held: StripeModel | null,
    { customer, account }: PaymentInstrumentQuery,
  ): Promise<StripeModel> {
    const known = held?.data ?? (customer === undefined ? undefined : { customer });
    const owner = account ?? held?.account ?? '';
    if (known === undefined && type.paths.every((path) => path.includes('{'))) {
      const text = `the mirror has no ${id}, and Stripe knows it only below its customer: name the customer as well`;
      throw new DomainError('not_found', 'object_not_found', text, { field: 'customer' });
    }
    await this.keeper.keep([await this.keeper.fetch({ workspaceId, account: owner, type, id, known })]);
    const row = await this.reader.find(type.model, workspaceId, id, owner);
    if (row === null) throw new DomainError('internal', 'internal', `${id} was fetched and is not there`);
    return row;
  }
}

function typeOfInstrument(id: string): StripeObjectType {
  const kind = KINDS.find(([prefix]) => id.startsWith(prefix));
  if (kind !== undefined) return typeOfObject(kind[1]);
  throw invalidField('id', 'invalid_field', `id must begin with one of ${KINDS.map(([prefix]) => prefix).join(', ')}`);
}
