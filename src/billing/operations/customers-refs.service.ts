import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DomainError, notFound } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { BillingReader } from '../billing-reader.service.js';
import { Customer, REF_METADATA_KEY } from '../objects/customer.entity.js';
import { typeOfObject } from '../objects/registry.js';
import { isObject } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { CustomerIntent, CustomerRef } from './customers-ref.entity.js';
import type { CustomersOfRefView, GotCustomerView, LinkedCustomerView } from './customers.dto.js';
import { HeldObjects } from './held-objects.service.js';
import { StripeWriter } from './stripe-writer.service.js';
import { derivedFrom } from './write-call.js';
import { lockByName } from '../../database/named-lock.js';

/** Written on the customer at Stripe, so that one whose link was lost can still be told. */
export { REF_METADATA_KEY };
/** Stripe forgets an idempotency key after 24 hours. */
const KEY_TRUSTED_MS = 20 * 3_600_000;
/** Another request is making the same customer; how long it is waited for. */
const TWIN_PAUSE_MS = 200;
const TWIN_LOOKS = 50;

interface Person {
  workspaceId: string;
  account: string;
  ref: string;
}

/** Which Stripe customers a person has, by the company's own id of that person. */
@Injectable()
export class CustomersRefs {
  constructor(
    private readonly db: DataSource,
    private readonly reader: BillingReader,
    private readonly held: HeldObjects,
    private readonly writer: StripeWriter,
  ) {}

  async of(workspaceId: string, ref: string, account = ''): Promise<CustomersOfRefView> {
    const links = await this.db
      .getRepository(CustomerRef)
      .find({ where: { workspaceId, account, ref }, order: { isPrimary: 'DESC', createdAt: 'ASC' } });
    if (links.length === 0) throw notFound('customer_ref', ref, 'ref');
    return { ref, customers: await Promise.all(links.map((link) => this.show(link))) };
  }

  /**
   * The person's primary customer, made at Stripe when there is none, or none that is not deleted. However many ask at the
   * same time and wherever they are cut off: one customer, because the intent's row gives the key that Stripe knows it by.
   */
  async getOrCreate(workspaceId: string, ref: string, account = '', params: StripeData = {}): Promise<GotCustomerView> {
    const person = { workspaceId, account, ref };
    for (let look = 0; look < TWIN_LOOKS; look++) {
      const known = await this.living(person);
      if (known !== null) return { ...(await this.show(known)), created: false };
      const intent = await this.intend(person, params);
      if (intent === null) continue;
      try {
        const made = await this.make(person, intent);
        if (made !== null) return { ...(await this.show(made.link)), created: made.isOurs };
      } catch (error) {
        if (!(error instanceof DomainError) || error.code !== 'stripe_idempotency_key_in_use') {
          await this.giveUp(intent, error);
          throw error;
        }
        await sleep(TWIN_PAUSE_MS);
      }
    }
    const text = `the customer of ${ref} is still being made by another request; repeat this one`;
    throw new DomainError('unavailable', 'customer_being_made', text, { field: 'ref', retryAfterSeconds: 1 });
  }

  /** Ties a customer that exists to a person; the first one is primary. Safe to repeat. */
  async link(
    workspaceId: string,
    customerId: string,
    { ref, primary, account }: { ref: string; primary?: boolean; account?: string },
  ): Promise<LinkedCustomerView> {
    const row = await this.held.getOrFetch(Customer, 'customers', { workspaceId, id: customerId, account });
    const person = { workspaceId, account: row.account, ref };
    const link = await this.db.transaction((tx) => writeLink(person, customerId, primary, tx));
    return this.show(link);
  }

  /** Errors: `customer_ref_not_found`. Another of the person's customers, the oldest, becomes primary. */
  async unlink(workspaceId: string, customerId: string, account = ''): Promise<CustomersOfRefView> {
    const ref = await this.db.transaction(async (tx) => {
      const links = tx.getRepository(CustomerRef);
      const link = await links.findOneBy({ workspaceId, account, customerId });
      if (link === null) throw notFound('customer_ref', customerId, 'id');
      await lockPerson(link, tx);
      await links.delete({ workspaceId, account, customerId });
      const [next] = await links.find({ where: { workspaceId, account, ref: link.ref }, order: { createdAt: 'ASC' } });
      if (link.isPrimary && next !== undefined)
        await links.update({ workspaceId, account, customerId: next.customerId }, { isPrimary: true });
      return link.ref;
    });
    const left = await this.db.getRepository(CustomerRef).findBy({ workspaceId, account, ref });
    return left.length === 0 ? { ref, customers: [] } : this.of(workspaceId, ref, account);
  }

  /** The primary link, unless its customer was deleted at Stripe. */
  private async living({ workspaceId, account, ref }: Person): Promise<CustomerRef | null> {
    const link = await this.db.getRepository(CustomerRef).findOneBy({ workspaceId, account, ref, isPrimary: true });
    if (link === null) return null;
    const row = await this.reader.find(Customer, workspaceId, link.customerId, account);
    return row !== null && row.deletedAt !== null ? null : link;
  }

  /** The row that the key follows from; null when the link has come meanwhile. */
  private async intend(person: Person, params: StripeData): Promise<CustomerIntent | null> {
    const intents = this.db.getRepository(CustomerIntent);
    await this.db.query(
      `INSERT INTO tributary.customer_intent (workspace_id, account, ref, id, params) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      [person.workspaceId, person.account, person.ref, newId('intent'), JSON.stringify(paramsOf(person, params))],
    );
    const intent = await intents.findOneBy(person);
    // Whoever made the customer took the intent away together with the link's coming; one of ours after that is too late.
    if (intent !== null && (await this.living(person)) !== null) {
      await intents.delete({ ...person, id: intent.id });
      return null;
    }
    return intent;
  }

  /** Null when the customer of an intent that was cut off has been deleted since: it is for a new intent to make another. */
  private async make(person: Person, intent: CustomerIntent): Promise<{ link: CustomerRef; isOurs: boolean } | null> {
    const type = typeOfObject('customer');
    const { workspaceId, account } = person;
    const earlier = Date.now() - intent.createdAt.getTime() > KEY_TRUSTED_MS ? await this.madeEarlier(intent) : null;
    const call = derivedFrom({ workspaceId }, 'customer', intent.id);
    const made =
      earlier === null
        ? await this.writer.create(call, { type, account }, intent.params)
        : { id: earlier, deleted: false };
    if (made.deleted) {
      await this.db.getRepository(CustomerIntent).delete({ ...person, id: intent.id });
      return null;
    }
    const { id } = made;
    return this.db.transaction(async (tx) => {
      const link = await writeLink(person, id, true, tx);
      const gone = await tx.getRepository(CustomerIntent).delete({ ...person, id: intent.id });
      return { link, isOurs: gone.affected === 1 };
    });
  }

  /** The customer that an intent of long ago has made, by what is written on it; the mirror knows it from webhook or sweep. */
  private async madeEarlier({ workspaceId, account, ref, createdAt }: CustomerIntent): Promise<string | null> {
    const [made] = (await this.db.query(
      `SELECT id FROM stripe.customers
        WHERE workspace_id = $1 AND account = $2 AND created >= date_trunc('second', $3::timestamptz)
          AND deleted_at IS NULL AND data->'metadata'->>'${REF_METADATA_KEY}' = $4
        ORDER BY created LIMIT 1`,
      [workspaceId, account, createdAt, ref],
    )) as Array<{ id: string }>;
    return made?.id ?? null;
  }

  /** What Stripe refused for good is not to be sent again: the next request may come with better parameters. */
  private async giveUp(intent: CustomerIntent, error: unknown): Promise<void> {
    const isRefused =
      error instanceof DomainError && ['unprocessable', 'payment_required', 'not_found'].includes(error.kind);
    if (!isRefused) return;
    const { workspaceId, account, ref, id } = intent;
    await this.db.getRepository(CustomerIntent).delete({ workspaceId, account, ref, id });
  }

  private async show({ workspaceId, account, customerId, ref, isPrimary }: CustomerRef): Promise<LinkedCustomerView> {
    const row = await this.held.getOrFetch(Customer, 'customers', { workspaceId, id: customerId, account });
    return { ref, primary: isPrimary, customer: await this.reader.show(row, typeOfObject('customer')) };
  }
}

function paramsOf({ ref }: Person, params: StripeData): StripeData {
  const metadata = isObject(params.metadata) ? params.metadata : {};
  return { ...params, metadata: { ...metadata, [REF_METADATA_KEY]: ref } };
}

/** Writers of one person's links follow one another. */
async function lockPerson({ workspaceId, account, ref }: Person, tx: EntityManager): Promise<void> {
  await lockByName(JSON.stringify(['customer_ref', workspaceId, account, ref]), tx);
}

async function writeLink(
  person: Person,
  customerId: string,
  primary: boolean | undefined,
  tx: EntityManager,
): Promise<CustomerRef> {
  await lockPerson(person, tx);
  const { workspaceId, account, ref } = person;
  const links = tx.getRepository(CustomerRef);
  const held = await links.findOneBy({ workspaceId, account, customerId });
  if (held !== null && held.ref !== ref) {
    const text = `customer ${customerId} is already tied to another ref; take that link away first`;
    throw new DomainError('conflict', 'customer_linked', text, { field: 'ref' });
  }
  const first = await links.findOneBy({ ...person, isPrimary: true });
  const isPrimary = primary === true || first === null || (held?.isPrimary === true && primary !== false);
  if (isPrimary && first !== null && first.customerId !== customerId)
    await links.update({ workspaceId, account, customerId: first.customerId }, { isPrimary: false });
  await links.upsert({ ...person, customerId, isPrimary }, ['workspaceId', 'account', 'customerId']);
  return links.findOneByOrFail({ workspaceId, account, customerId });
}
