import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainError, invalidField } from '../../common/errors.js';
import { AttributionsService } from '../attribution/attributions.service.js';
import { codeKeyOf } from '../codes/code-rules.js';
import { CustomersService } from '../customers.service.js';
import { erased } from '../erasure/person-erasures.service.js';
import type { ReferralCode } from '../referral-code.entity.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import { codesOf } from './code-lines.importer.js';
import { CustomerReferences, type CustomerNaming, type KnownCustomers } from './customer-references.repository.js';
import { ImportReferences, type References } from './import-references.repository.js';
import { CustomerLine } from './import-line.dto.js';
import { differs, planned, required, type ImportTerms, type LineImporter, type LinePlan } from './line-importer.js';

/** Customers who were referred elsewhere, bound by hand. */
@Injectable()
export class CustomerLines implements LineImporter<CustomerLine> {
  readonly type = CustomerLine;

  constructor(
    private readonly references: ImportReferences,
    private readonly known: CustomerReferences,
    private readonly customers: CustomersService,
    private readonly attributions: AttributionsService,
  ) {}

  keyOf(line: CustomerLine, terms: ImportTerms): string {
    const { stripeCustomerId, customerId, customerEmail } = namingOf(line);
    return JSON.stringify([
      line.program ?? terms.program,
      stripeCustomerId ?? customerId ?? customerEmail?.toLowerCase(),
    ]);
  }

  async plan(lines: readonly CustomerLine[], terms: ImportTerms, tx: EntityManager) {
    const { workspaceId } = terms;
    const references = await this.references.of(lines, terms, tx);
    const texts = lines.flatMap(({ code }) => code ?? []);
    const codes = await codesOf(workspaceId, texts, tx);
    const known = await this.known.of(workspaceId, lines.map(namingOf), tx);
    const oldest = await this.known.oldestCodes(workspaceId, partnersOf(lines, references), tx);
    return lines.map((line) =>
      planned((): LinePlan => {
        const program = references.program(line);
        const code = codeOf(line, program, references, { codes, oldest });
        return this.binding(line, code, { known, terms, tx });
      }),
    );
  }

  private binding(
    line: CustomerLine,
    code: ReferralCode,
    { known, terms, tx }: { known: KnownCustomers; terms: ImportTerms; tx: EntityManager },
  ): LinePlan {
    const naming = namingOf(line);
    const stripeCustomerId = stripeCustomerOf(naming, known);
    const gone = known.erased({ ...naming, stripeCustomerId });
    if (gone !== null) throw erased(gone.id, line[gone.field] === undefined ? 'customerId' : gone.field);
    const held = known.bindings(code.programId, { ...naming, stripeCustomerId });
    const since = momentOf(line, terms);
    const who = stripeCustomerId === undefined ? 'the customer' : `the Stripe customer ${stripeCustomerId}`;
    if (held.length === 0) {
      const effectiveAt = since ?? terms.at;
      const reason = reasonOf(line, terms);
      const says = `binds ${who} to partner ${code.partnerId} from ${effectiveAt.toISOString()} on`;
      const make = async (): Promise<void> => {
        const customerId = await this.ensure(terms.workspaceId, { ...naming, stripeCustomerId }, tx);
        await this.attributions.record({ code, customerId, effectiveAt, reason, madeBy: terms.madeBy }, tx);
      };
      return { outcome: 'created', says, make };
    }
    const isSame = held.some(
      ({ partnerId, effectiveAt }) =>
        partnerId === code.partnerId && (since === null || effectiveAt.getTime() === since.getTime()),
    );
    if (!isSame) throw boundOtherwise(held[0]?.partnerId ?? '', held[0]?.effectiveAt ?? terms.at);
    if (stripeCustomerId === undefined || known.isLinked(stripeCustomerId)) {
      return { outcome: 'unchanged', says: `${who} is bound to partner ${code.partnerId}` };
    }
    const make = () => this.ensure(terms.workspaceId, { ...naming, stripeCustomerId }, tx);
    return { outcome: 'created', says: `ties ${who} to the customer`, make };
  }

  private async ensure(
    workspaceId: string,
    { customerId, stripeCustomerId, customerEmail }: CustomerNaming,
    tx: EntityManager,
  ): Promise<string> {
    if (customerId !== undefined) {
      const dto = { externalId: customerId, stripeCustomerId, email: customerEmail };
      return (await this.customers.ensure(workspaceId, dto, tx)).id;
    }
    return this.customers.ensureStripeCustomer(workspaceId, stripeCustomerId as string, tx);
  }
}

/** Some tools keep Stripe's id where the company's own could be. */
function namingOf({ customerId, stripeCustomerId, customerEmail }: CustomerLine): CustomerNaming {
  const isStripes = stripeCustomerId === undefined && customerId?.startsWith('cus_') === true;
  return isStripes ? { stripeCustomerId: customerId, customerEmail } : { customerId, stripeCustomerId, customerEmail };
}

/** As the line says, or the one Stripe customer with the address. */
function stripeCustomerOf(naming: CustomerNaming, known: KnownCustomers): string | undefined {
  if (naming.stripeCustomerId !== undefined) return naming.stripeCustomerId;
  if (naming.customerId === undefined)
    required(naming.customerEmail, 'stripeCustomerId', 'fill it, customer_id or customer_email');
  const found = known.stripeCustomers(naming.customerEmail);
  if (found.length === 1) return found[0];
  if (naming.customerId !== undefined) return undefined;
  const says =
    found.length === 0
      ? 'the mirror has no Stripe customer with this e-mail address; run a backfill of customers first, or name the customer by id'
      : `several Stripe customers have this e-mail address (${found.join(', ')}); name the one that is meant by its id`;
  throw invalidField('customerEmail', found.length === 0 ? 'customer_not_found' : 'customer_ambiguous', says);
}

function partnersOf(lines: readonly CustomerLine[], references: References): string[] {
  return lines.flatMap((line) => {
    const partner = planned(() => ({ outcome: 'unchanged', says: references.findPartner(line)?.id ?? '' }));
    return partner instanceof DomainError ? [] : [partner.says];
  });
}

interface KnownCodes {
  codes: ReadonlyMap<string, ReferralCode>;
  oldest: ReadonlyMap<string, ReferralCode>;
}

/** The code that the line names, or the oldest of the partner in the program. */
function codeOf(line: CustomerLine, program: ReferralProgram, references: References, { codes, oldest }: KnownCodes) {
  if (line.code !== undefined) {
    const code = codes.get(codeKeyOf(line.code));
    if (code?.programId === program.id) return code;
    const says = `the program ${program.key} has no code ${line.code}; import the codes first`;
    throw new DomainError('not_found', 'code_not_found', says, { field: 'code' });
  }
  const partner = references.partner(line);
  const code = oldest.get(`${program.id}/${partner.id}`);
  if (code !== undefined) return code;
  const says = `partner ${partner.id} has no code in the program ${program.key}; import the codes first`;
  throw new DomainError('conflict', 'partner_without_code', says, { field: 'partner' });
}

/** From when on sales are to be the partner's here; null when neither the line nor the import says. */
function momentOf({ boundAt }: CustomerLine, { effectiveFrom }: ImportTerms): Date | null {
  if (boundAt === undefined || effectiveFrom === undefined) return boundAt ?? effectiveFrom ?? null;
  return boundAt > effectiveFrom ? boundAt : effectiveFrom;
}

function reasonOf({ boundAt }: CustomerLine, { source }: ImportTerms): string {
  const since = boundAt === undefined ? '' : `, where they were bound at ${boundAt.toISOString()}`;
  return `imported from ${source}${since}`;
}

function boundOtherwise(partnerId: string, effectiveAt: Date): DomainError {
  const says =
    `the customer is bound by hand to partner ${partnerId} from ${effectiveAt.toISOString()} on; ` +
    `correct the line, or bind them anew with POST /v1/attributions`;
  return differs('boundAt', 'customer_bound', says);
}
