import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AttributionByHand } from '../attribution/attribution-by-hand.entity.js';
import { CustomerLink } from '../customer-link.entity.js';
import { PersonErasures } from '../erasure/person-erasures.service.js';
import { ReferralCode } from '../referral-code.entity.js';
import { ReferredCustomer } from '../referred-customer.entity.js';

/** How a line names a customer; each absent when it does not. */
export interface CustomerNaming {
  customerId?: string;
  stripeCustomerId?: string;
  customerEmail?: string;
}

/** What is known of the customers that the lines of a batch name. */
export interface KnownCustomers {
  /** The workspace's own Stripe customers with the address, by the mirror. */
  stripeCustomers(email: string | undefined): string[];
  isLinked(stripeCustomerId: string): boolean;
  /** The bindings by hand in the program, oldest first. */
  bindings(programId: string, naming: CustomerNaming): AttributionByHand[];
  /** Who was erased of those whom the line names: our id, and the field that names them. */
  erased(naming: CustomerNaming): { id: string; field: 'customerId' | 'stripeCustomerId' } | null;
}

@Injectable()
export class CustomerReferences {
  constructor(private readonly erasures: PersonErasures) {}

  async of(workspaceId: string, lines: readonly CustomerNaming[], tx: EntityManager): Promise<KnownCustomers> {
    const byEmail = await stripeCustomersOf(workspaceId, lines, tx);
    const stripeIds = [
      ...lines.flatMap(({ stripeCustomerId }) => stripeCustomerId ?? []),
      ...[...byEmail.values()].flat(),
    ];
    const links = await tx
      .getRepository(CustomerLink)
      .findBy({ workspaceId, account: '', stripeCustomerId: In([...new Set(stripeIds)]) });
    const linked = new Map(links.map(({ stripeCustomerId, customerId }) => [stripeCustomerId, customerId]));
    const externalIds = [...new Set(lines.flatMap(({ customerId }) => customerId ?? []))];
    const persons = await tx.getRepository(ReferredCustomer).findBy({ workspaceId, externalId: In(externalIds) });
    const named = new Map(persons.map(({ externalId, id }) => [externalId ?? '', id]));
    const customerId = In([...new Set([...linked.values(), ...named.values()])]);
    const order = { effectiveAt: 'ASC', id: 'ASC' } as const;
    const bindings = await tx.getRepository(AttributionByHand).find({ where: { workspaceId, customerId }, order });
    const erased = await this.erasures.among(workspaceId, [...linked.values()], externalIds, tx);
    return {
      stripeCustomers: (email) => byEmail.get(email?.toLowerCase() ?? '') ?? [],
      isLinked: (id) => linked.has(id),
      bindings: (programId, { stripeCustomerId, customerId: externalId }) => {
        const ids = [linked.get(stripeCustomerId ?? ''), named.get(externalId ?? '')];
        return bindings.filter((binding) => binding.programId === programId && ids.includes(binding.customerId));
      },
      erased: ({ stripeCustomerId, customerId: externalId }) => {
        const told = erased.byExternalId.get(externalId ?? '');
        if (told !== undefined) return { id: told, field: 'customerId' };
        const tied = linked.get(stripeCustomerId ?? '');
        return tied !== undefined && erased.byId.has(tied) ? { id: tied, field: 'stripeCustomerId' } : null;
      },
    };
  }

  /** Of each program and partner the code that was made first, by `<program>/<partner>`. */
  async oldestCodes(
    workspaceId: string,
    partnerIds: readonly string[],
    tx: EntityManager,
  ): Promise<Map<string, ReferralCode>> {
    const where = { workspaceId, partnerId: In([...new Set(partnerIds)]) };
    const codes = await tx.getRepository(ReferralCode).find({ where, order: { id: 'DESC' } });
    return new Map(codes.map((code) => [`${code.programId}/${code.partnerId}`, code]));
  }
}

async function stripeCustomersOf(
  workspaceId: string,
  lines: readonly CustomerNaming[],
  tx: EntityManager,
): Promise<Map<string, string[]>> {
  const emails = lines.flatMap(({ stripeCustomerId, customerEmail }) =>
    stripeCustomerId === undefined && customerEmail !== undefined ? [customerEmail, customerEmail.toLowerCase()] : [],
  );
  const rows = await tx.query<Array<{ email: string; ids: string[] }>>(
    `SELECT lower(email) AS email, array_agg(id ORDER BY id) AS ids FROM stripe.customers
      WHERE workspace_id = $1 AND account = '' AND deleted_at IS NULL AND email = ANY($2) GROUP BY lower(email)`,
    [workspaceId, [...new Set(emails)]],
  );
  return new Map(rows.map(({ email, ids }) => [email, ids]));
}
