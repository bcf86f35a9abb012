import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { SettleQueue } from '../../billing/mirror/settle-queue.js';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField, notFound } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { PartnersService } from '../../partners/partners.service.js';
import { AttributionService } from '../attribution.service.js';
import { CodesService } from '../codes/codes.service.js';
import { CustomersService } from '../customers.service.js';
import { ProgramsService } from '../programs.service.js';
import { ReferralCode } from '../referral-code.entity.js';
import { ReferralProgram } from '../referral-program.entity.js';
import { ReferredCustomer } from '../referred-customer.entity.js';
import { AttributionByHand } from './attribution-by-hand.entity.js';
import type { AttributionsView, AttributionView, BindCustomerDto, BindingView } from './attribution.dto.js';
import { inOrder } from './bindings-in-force.js';

/** A binding by hand: from `effectiveAt` on the customer is the code's partner's. */
export interface NewBinding {
  code: ReferralCode;
  customerId: string;
  effectiveAt: Date;
  reason: string;
  /** The API key, or what else told of it. */
  madeBy: string;
}

/** Who is bound to whom, and why: told to people, and decided by them. */
@Injectable()
export class AttributionsService {
  constructor(
    private readonly db: DataSource,
    private readonly programs: ProgramsService,
    private readonly partners: PartnersService,
    private readonly codes: CodesService,
    private readonly customers: CustomersService,
    private readonly attribution: AttributionService,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {}

  /**
   * Binds a customer from a moment on; sales before it stay whose they were. All of the customer's sales are settled again.
   * Errors: `program_not_found`, `partner_not_found`, `code_not_found`, `partner_without_code`, `customer_not_found`.
   */
  async bind(caller: Caller, dto: BindCustomerDto, tx: EntityManager): Promise<AttributionView> {
    const { workspaceId } = caller;
    const program = await this.programs.require(workspaceId, dto.programKey, 'programKey', tx);
    const code = await this.codeOf(program, dto, tx);
    const customerId = await this.customerOf(workspaceId, dto, tx);
    const effectiveAt = dto.effectiveAt ?? this.clock.now();
    await this.record({ code, customerId, effectiveAt, reason: dto.reason, madeBy: caller.keyId }, tx);
    const { data } = await this.list(workspaceId, customerId, tx);
    return data.find(({ programKey }) => programKey === program.key) as AttributionView;
  }

  /** Writes down what a person decided, and has the customer's sales settled again. Not safe to repeat. */
  async record({ code, customerId, effectiveAt, reason, madeBy }: NewBinding, tx: EntityManager): Promise<void> {
    const { workspaceId, id: codeId, programId, partnerId } = code;
    const createdAt = this.clock.now();
    const binding: AttributionByHand = {
      ...{ workspaceId, id: newId('binding'), programId, customerId, partnerId, codeId },
      ...{ effectiveAt, reason, madeBy, createdAt },
    };
    await tx.getRepository(AttributionByHand).insert(binding);
    await this.settling.touch([{ workspaceId, account: '', kind: 'referred_customer', id: customerId }], tx);
  }

  /** One for each program that something ties the customer to. Errors: `customer_not_found`. */
  async list(
    workspaceId: string,
    customerId: string,
    manager: EntityManager = this.db.manager,
  ): Promise<AttributionsView> {
    await requireCustomer(workspaceId, customerId, manager);
    const { decisions } = await this.attribution.weigh(workspaceId, customerId, manager);
    const byHand = await manager.getRepository(AttributionByHand).findBy({ workspaceId, customerId });
    const ids = new Set([...decisions.keys(), ...byHand.map(({ programId }) => programId)]);
    const programs = await manager.getRepository(ReferralProgram).findBy({ workspaceId, id: In([...ids]) });
    const winners = [...decisions.values()].flatMap(({ winner }) => winner ?? []);
    const codeIds = [...winners, ...byHand].map(({ codeId }) => codeId);
    const codes = await manager.getRepository(ReferralCode).findBy({ workspaceId, id: In(codeIds) });
    const texts = new Map(codes.map(({ id, code }) => [id, code]));
    const views = programs.map(({ id, key }): AttributionView => {
      const { winner = null, considered = [] } = decisions.get(id) ?? {};
      const own = inOrder(byHand.filter(({ programId }) => programId === id));
      const automatic: BindingView[] =
        winner === null
          ? []
          : [
              {
                ...{ by: winner.kind, partnerId: winner.partnerId, code: texts.get(winner.codeId) ?? '' },
                ...{ from: winner.boundAt.toISOString(), reason: null, madeBy: null, createdAt: null },
              },
            ];
      const bindings = [...automatic, ...own.map((binding) => byHandView(binding, texts.get(binding.codeId) ?? ''))];
      return { programKey: key, customerId, bindings, evidence: considered };
    });
    return { data: views.sort((a, b) => (a.programKey < b.programKey ? -1 : 1)) };
  }

  private async codeOf(
    program: ReferralProgram,
    { code: text, partnerId }: BindCustomerDto,
    tx: EntityManager,
  ): Promise<ReferralCode> {
    if ((text == null) === (partnerId == null)) {
      const code = text == null ? 'missing_field' : 'field_not_allowed';
      throw invalidField('code', code, 'give either code or partnerId: whom the customer is to be bound to');
    }
    if (text != null) return this.codes.requireIn(program, text, tx);
    const { workspaceId, id: programId, key } = program;
    const partner = await this.partners.require(workspaceId, partnerId as string, 'partnerId', tx);
    const [code] = await tx
      .getRepository(ReferralCode)
      .find({ where: { workspaceId, programId, partnerId: partner.id }, order: { id: 'ASC' }, take: 1 });
    if (code !== undefined) return code;
    const says = `partner ${partner.id} has no code in the program ${key}; make one with POST /v1/codes`;
    throw new DomainError('conflict', 'partner_without_code', says, { field: 'partnerId' });
  }

  private async customerOf(workspaceId: string, dto: BindCustomerDto, tx: EntityManager): Promise<string> {
    if (dto.customer == null) return (await requireCustomer(workspaceId, dto.customerId as string, tx)).id;
    if (dto.customerId == null) return (await this.customers.ensure(workspaceId, dto.customer, tx)).id;
    throw invalidField('customerId', 'field_not_allowed', 'give either customer or customerId, not both');
  }
}

async function requireCustomer(workspaceId: string, id: string, manager: EntityManager): Promise<ReferredCustomer> {
  const customer = await manager.getRepository(ReferredCustomer).findOneBy({ workspaceId, id });
  if (customer === null) throw notFound('customer', id, 'customerId');
  return customer;
}

function byHandView(binding: AttributionByHand, code: string): BindingView {
  const { partnerId, effectiveAt, reason, madeBy, createdAt } = binding;
  return {
    ...{ by: 'hand', partnerId, code, from: effectiveAt.toISOString() },
    ...{ reason, madeBy, createdAt: createdAt.toISOString() },
  };
}
